"""Makes the reference masks beside this file, independently of the program: the same model through
onnxruntime, the pictures through Pillow, both passes at the photo's size.

    pip install numpy==1.26.4 onnxruntime==1.19.2 pillow==13.0.0 && python saliency.py
"""

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
PHOTOS = ("astronaut.png", "coffee.png", "rocket.jpg")
SIDE = 320


def look(session, photo):
    pixels = np.array(photo.resize((SIDE, SIDE), Image.LANCZOS)).astype(np.float64)
    pixels /= max(pixels.max(), 1e-6)
    pixels = (pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    feed = {"input.1": pixels.transpose(2, 0, 1)[None].astype(np.float32)}
    raw = session.run(None, feed)[0][0, 0]
    mask = ((raw - raw.min()) / (raw.max() - raw.min()) * 255).astype(np.uint8)
    return Image.fromarray(mask).resize(photo.size, Image.LANCZOS)


def saliency(session, photo):
    mask = look(session, photo)
    rows, columns = np.where(np.asarray(mask) > 64)
    if len(columns) < 50:
        return mask
    left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()
    width, height = right - left, bottom - top
    if width * height > 0.75 * photo.width * photo.height:
        return mask
    box = (
        max(0, int(left - 0.15 * width)),
        max(0, int(top - 0.15 * height)),
        min(photo.width, int(right + 0.15 * width)),
        min(photo.height, int(bottom + 0.15 * height)),
    )
    print("second look at", box)
    whole = Image.new("L", photo.size, 0)
    whole.paste(look(session, photo.crop(box)), box[:2])
    return whole


def main():
    model = str(ROOT / "models" / "u2net_qdq8.onnx")
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    for name in PHOTOS:
        photo = Image.open(ROOT / "photos" / name).convert("RGB")
        print(name, photo.size)
        small = saliency(session, photo).resize((SIDE, SIDE), Image.BOX)
        small.save(HERE / f"{Path(name).stem}.png", optimize=True)


if __name__ == "__main__":
    main()

"""How far services that change the shape of a face move straight lines behind it.

Heads of two photos are put before thin vertical and horizontal lines. Where the cut-out of the untouched
picture is sure that there is background, farther from the face than a quarter of its width, each line is
followed to a fraction of a pixel, in the picture sent and in the result; what the services move is told as a
share of the width of the face. The control is the same picture made narrower by two pixels, which must miss the
target.
"""

import base64
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import api
import harness
from services import answered

EFFECTS = "/api/portrait/effects/"
# Service, the field of its photo, what is asked for.
ASKED = (
    ("smart-face-slimming", "image", {}),
    ("smart-face-slimming", "image", {"slim_degree": "2"}),
    ("face-beauty-advanced", "image", {}),
    ("face-beauty-advanced", "image", {"face_lifting": "100", "eye_enlarging": "100"}),
    ("face-beauty-pro", "image", {"thinface": "100", "shrink_face": "100", "enlarge_eye": "100"}),
    ("smart-beauty", "image_target", {}),
    ("ai-square-face-filter", "image", {}),
)
# Left, top and side of the heads; left, top, right and bottom of their faces.
HEADS = {"astronaut.png": ((110, 20, 230), (178, 75, 272, 182)),
         "grace_hopper.jpg": ((112, 30, 300), (182, 130, 352, 330))}
BESIDE = 0.25  # of the width of the face: nearer than this the background may move
SIDE = 720
PITCH, WIDTH, REACH = 18, 3, 4
SURE = 6  # pixels from the subject
MOST = 0.003  # of the width of the face
PAPER, INK = 215, 60


def scene(server, name, across):
    """A head before lines, and where there is background for certain that may not move."""
    (left, top, side), face = HEADS[name]
    with Image.open(harness.ROOT / "photos" / name) as source:
        head = source.convert("RGB").crop((left, top, left + side, top + side))
    head = head.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    head.save(out, "PNG")
    client = server.client()
    answer = client.post(api.PORTRAIT, api.form(out.getvalue()))
    url = answer.json["data"].get("image_url") or answer.json["data"]["elements"][0]["image_url"]
    alpha = Image.open(io.BytesIO(client.download(url).body)).convert("RGBA").getchannel("A")
    lines = Image.new("RGB", (SIDE, SIDE), (PAPER,) * 3)
    draw = ImageDraw.Draw(lines)
    for at in range(PITCH // 2, SIDE, PITCH):
        box = (at, 0, at + WIDTH - 1, SIDE) if across else (0, at, SIDE, at + WIDTH - 1)
        draw.rectangle(box, fill=(INK,) * 3)
    lines = lines.filter(ImageFilter.GaussianBlur(0.7))
    picture = Image.composite(head, lines, alpha).convert("RGBA")
    picture.putpixel((0, 0), (0, 0, 0, 0))  # so that the result is a PNG
    near = alpha.point(lambda value: 255 if value > 2 else 0).filter(ImageFilter.MaxFilter(2 * SURE + 1))
    beside = BESIDE * (face[2] - face[0])
    box = [face[0] - beside - left, face[1] - beside - top, face[2] + beside - left, face[3] + beside - top]
    ImageDraw.Draw(near).rectangle([value * SIDE / side for value in box], fill=255)
    return picture, np.asarray(near) == 0


def places(picture, across):
    """The middle of each line in each row (or column), to a fraction of a pixel."""
    dark = PAPER - np.asarray(picture.convert("L"), dtype=float)
    dark = np.clip(dark if across else dark.T, 0, None)
    found = []
    for at in range(PITCH // 2, SIDE - REACH - WIDTH, PITCH):
        window = slice(at - REACH, at + WIDTH + REACH)
        part = dark[:, window]
        weight = part.sum(axis=1)
        middle = (part * np.arange(part.shape[1])).sum(axis=1) / np.maximum(weight, 1e-6)
        found.append((window, np.where(weight > 0.5 * WIDTH * (PAPER - INK), middle, np.nan)))
    return found


def moved(sent, result, background, across):
    """The moves of all lines in pixels, where there is background."""
    behind = background if across else background.T
    moves = []
    for (window, before), (_, after) in zip(places(sent, across), places(result, across)):
        sure = behind[:, window].all(axis=1) & ~np.isnan(before)
        # A line that is not found again has left its window.
        moves.append(np.nan_to_num(np.abs(after - before)[sure], nan=REACH))
    return np.concatenate(moves)


def result_of(client, service, field, picture, asked):
    """The picture that a service makes."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    _, answer = answered(client, EFFECTS + service, api.form(files={field: out.getvalue()}, **asked))
    data = {**answer.json, **(answer.json.get("data") or {})}
    url = data.get("image_url") or data.get("result_url")
    for text in (data.get("image"), data.get("result_image"), data.get("result")):
        if isinstance(text, str) and text.startswith("http"):
            url = text
        elif isinstance(text, str):
            return Image.open(io.BytesIO(base64.b64decode(text)))
    return Image.open(io.BytesIO(client.download(url).body))


def main():
    """Measures each service on each head, before lines of both kinds."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--keep", type=Path, help="a folder for the pictures")
    options = parser.parse_args()
    rows, met, controls = [], [], []
    with harness.Server(options.binary, options.set) as server:
        client = server.client(timeout=400)
        for name, ((_, _, side), (left, _, right, _)) in HEADS.items():
            face = (right - left) * SIDE / side
            scenes = [(*scene(server, name, across), across) for across in (True, False)]
            for picture, background, across in scenes:
                narrow = picture.resize((SIDE - 2, SIDE - 2)).resize((SIDE, SIDE))
                shifted = Image.new("RGBA", picture.size)
                shifted.paste(narrow, (2, 2))
                controls.append(np.percentile(moved(picture, shifted, background, across), 99) / face)
            for service, field, asked in ASKED:
                moves = []
                for picture, background, across in scenes:
                    result = result_of(client, service, field, picture, asked)
                    moves.append(moved(picture, result, background, across))
                    if options.keep:
                        options.keep.mkdir(parents=True, exist_ok=True)
                        kind = "across" if across else "down"
                        result.convert("RGB").save(options.keep / f"{service} {len(asked)} {name} {kind}.png")
                share = [np.percentile(np.concatenate(moves), at) / face for at in (50, 99, 100)]
                words = " ".join(f"{key}={value}" for key, value in asked.items()) or "defaults"
                rows.append((service, words, name, *(f"{100 * value:.2f}" for value in share)))
                met.append((f"{service} {words}, {name}", share[1]))
    harness.table(("service", "asked", "photo", "median %", "99 % of places %", "most %"), rows)
    good = all([harness.verdict("control", min(controls) > MOST, f"{100 * min(controls):.2f} %")])
    good &= all([harness.verdict(name, share <= MOST, f"{100 * share:.2f} % of the face") for name, share in met])
    sys.exit(not good)


if __name__ == "__main__":
    main()

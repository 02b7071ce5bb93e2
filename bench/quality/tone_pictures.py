"""Pictures damaged on purpose, drawn pictures, and measures of colour: what `tones.py` works with."""

import base64
import io
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import api
import harness

PIXELS_MAX = 400_000
CONTRAST = api.CONTRAST
COLOUR = "/api/image/enhance/image-color-enhancement"
ENLARGE = "/api/image/enhance/image-lossless-enlargement"
SHARPEN = "/api/image/enhance/image-sharpness-enhancement"
DEHAZE = "/api/image/enhance/image-defogging"
SCORE = "/api/image/rating/image-composition-aesthetics-scoring"
COMPOSE = "/api/image/editing/intelligent-composition"
CROP = "/api/image/editing/image-cropping"
RETOUCH = "/api/image/editing/photo-retouching"
STYLE = "/api/image/effects/image-style-conversion"
RATING = "/api/portrait/analysis/ai-face-rating"


class Services:
    """The services of a running server, asked one after the other."""

    def __init__(self, client, keep=None):
        self.client = client
        self.keep = keep and Path(keep)
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)

    def ask(self, path, files, **fields):
        """Sends pictures by their field names and answers the JSON of the success."""
        files = {name: each if isinstance(each, bytes) else png(each)
                 for name, each in files.items()}
        answer = self.client.post(path, api.form(files=files, **fields))
        # A machine that is busy with other work is not what is measured.
        for pause in (2, 5, 15, 30):
            if answer.status in (503, 504):
                time.sleep(pause)
                answer = self.client.post(path, api.form(files=files, **fields))
        if not answer.succeeded:
            raise SystemExit(f"{path}: {answer.status} {answer.body[:300]!r}")
        if "task_id" not in answer.json:
            return answer.json
        for _ in range(1200):
            polled = self.client.get(f"{api.TASK}?task_id={answer.json['task_id']}").json
            if polled.get("task_status") in (2, 3):
                return polled
            time.sleep(0.2)
        raise SystemExit(f"{path}: no result")

    def bytes(self, path, picture, name="", **fields):
        """The file that a service makes of a picture, or of several by their field names."""
        files = picture if isinstance(picture, dict) else {"image": picture}
        answer = self.ask(path, files, **fields)
        data = answer.get("data") or {}
        url = next((data[key] for key in ("image_url", "url") if data.get(key)), None)
        url = url or (data.get("result_urls") or [None])[0]
        encoded = answer.get("image")
        if not (url or encoded):
            raise SystemExit(f"{path}: no picture in {str(answer)[:300]}")
        content = self.client.download(url).body if url else base64.b64decode(encoded)
        if self.keep and name:
            suffix = "png" if content[:4] == b"\x89PNG" else "jpg"
            (self.keep / f"{name}.{suffix}").write_bytes(content)
        return content

    def picture(self, path, picture, name="", **fields):
        """The picture that a service makes, in RGB."""
        return Image.open(io.BytesIO(self.bytes(path, picture, name, **fields))).convert("RGB")

    def lossless(self, path, picture, name="", **fields):
        """The picture of a service that answers a JPEG unless there is transparency: one corner
        pixel of the photo becomes transparent, and the result is a PNG."""
        sent = picture.convert("RGBA")
        sent.putpixel((0, 0), (*sent.getpixel((0, 0))[:3], 0))
        content = self.bytes(path, sent, name, **fields)
        assert content[:4] == b"\x89PNG", f"{path}: no PNG"
        # Transparent pixels have no colour that could be measured.
        found = Image.open(io.BytesIO(content)).convert("RGBA").convert("RGB")
        found.putpixel((0, 0), picture.convert("RGB").getpixel((0, 0)))
        return found

    def subject(self, picture):
        """The mask of the subject as booleans."""
        mask = self.picture(api.CUTOUT, picture, return_form="mask").convert("L")
        return np.asarray(mask) > 127

    def face(self, picture):
        """The box of the largest face: left, top, width, height."""
        found = self.ask(api.FACES, {"image": picture})["face_detail_infos"]
        if not found:
            return None
        rect = found[0]["face_rect"]
        return [rect[key] for key in ("x", "y", "width", "height")]


def png(picture):
    """Encodes a PNG."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def jpeg(picture, quality=95):
    """A picture after JPEG compression."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def photo(name, pixels=PIXELS_MAX):
    """A photo of the repository, reduced where it has more pixels."""
    with Image.open(harness.ROOT / "photos" / name) as source:
        # Without a colour profile, which Pillow would pass on to what is sent.
        picture = Image.fromarray(np.asarray(source.convert("RGB")))
    scale = math.sqrt(pixels / (picture.width * picture.height))
    if scale >= 1:
        return picture
    return picture.resize((round(picture.width * scale), round(picture.height * scale)),
                          Image.Resampling.LANCZOS)


def values(picture):
    """A picture as floats, 0 to 255."""
    return np.asarray(picture, dtype=np.float64)


def image(array):
    """Floats, 0 to 255, as a picture."""
    return Image.fromarray(np.clip(np.rint(array), 0, 255).astype(np.uint8))


def to_linear(picture):
    """sRGB as linear light, 0 to 1."""
    v = values(picture) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def from_linear(light):
    """Linear light as a picture in sRGB."""
    light = np.clip(light, 0, 1)
    return image(255 * np.where(light <= 0.0031308, 12.92 * light,
                                1.055 * light ** (1 / 2.4) - 0.055))


RGB_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                       [0.0193339, 0.1191920, 0.9503041]])


def lab(picture):
    """CIE L*a*b* (D65)."""
    xyz = to_linear(picture) @ RGB_TO_XYZ.T / RGB_TO_XYZ.sum(axis=1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]),
                     200 * (f[..., 1] - f[..., 2])], axis=-1)


def luminance(picture):
    """The mean luminance in linear light."""
    return float((to_linear(picture) @ RGB_TO_XYZ[1]).mean())


def psnr(one, other):
    """Peak signal-to-noise ratio in decibels; 99 for equal pictures."""
    error = ((values(one) - values(other)) ** 2).mean()
    return min(99.0, 10 * math.log10(255**2 / error)) if error else 99.0


def turn(one, other):
    """The angle between two hues in degrees."""
    return np.abs((other - one + 180) % 360 - 180)


def planck(kelvin):
    """The colour of a black body in linear sRGB (Kim et al. 2002)."""
    t = 1000 / kelvin
    if kelvin < 4000:
        x = ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910
    else:
        x = ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390
    if kelvin < 4000:
        y = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    else:
        y = ((3.0817580 * x - 5.8733867) * x + 3.75112997) * x - 0.37001483
    return np.linalg.solve(RGB_TO_XYZ, np.array([x / y, 1, (1 - x - y) / y]))


def cast(picture, kelvin, share):
    """A photo in light of this temperature; a share of 1 is a camera that stays at 6500 K."""
    factors = (planck(kelvin) / planck(6500)) ** share
    return from_linear(to_linear(picture) * factors / factors.max())


def grey(picture):
    """A photo without colour, saved as RGB."""
    return picture.convert("L").convert("RGB")


def night(picture):
    """A photo at night: a sixteenth of the light, with a dozen small lamps."""
    light = to_linear(picture) / 16
    height, width = light.shape[:2]
    y, x = np.mgrid[:height, :width]
    for i in range(12):
        column, row = width * (0.06 + 0.08 * i), height * (0.35 + 0.3 * (i * 7 % 5) / 5)
        distance = np.hypot(x - column, y - row)
        glow = (distance < 3) + 0.12 * np.exp(-distance / 9)
        light = light + glow[..., None] * np.array([1.0, 0.82, 0.5])
    return from_linear(light)


CARD = (40, 80, 120, 160, 200, 240)


def with_card(picture):
    """A photo with a card of six grey patches, and the boxes of the patches."""
    picture, side = picture.copy(), picture.width // 14
    boxes, draw = [], ImageDraw.Draw(picture)
    left, top = picture.width // 30, picture.height - 2 * side
    draw.rectangle((left - 4, top - 4, left + 6 * side + 3, top + side + 3), fill=(20, 20, 20))
    for i, value in enumerate(CARD):
        boxes.append((left + i * side, top, left + (i + 1) * side - 1, top + side - 1))
        draw.rectangle(boxes[-1], fill=(value,) * 3)
    return picture, boxes


def hazed(picture, beta, air=(0.90, 0.90, 0.92)):
    """Haze that grows from the lower to the upper rim: seen = clear t + air (1 - t)."""
    clear = values(picture) / 255
    depth = np.linspace(1.2, 0.2, clear.shape[0])[:, None, None]
    t = np.exp(-beta * depth)
    return image(255 * (clear * t + np.array(air) * (1 - t)))


def graded(picture, dark, middle, light, own=0.25):
    """A photo in the colours of a ramp, with a share of its own ones."""
    luma = values(picture.convert("L"))
    ramp = np.stack([np.interp(luma, (0, 128, 255), (dark[c], middle[c], light[c]))
                     for c in range(3)], axis=-1)
    return image(ramp + own * (values(picture) - luma[..., None]))


def canyon():
    """A view in the colours of a canyon."""
    return graded(photo("china.jpg"), (48, 18, 8), (196, 98, 42), (250, 206, 150))


def graphic():
    """A flat graphic: areas, a diagram and letters, with smooth edges."""
    large = Image.new("RGB", (1200, 800), (240, 238, 250))
    draw = ImageDraw.Draw(large)
    draw.rectangle((80, 90, 560, 420), fill=(94, 58, 216))
    draw.ellipse((620, 120, 1050, 550), fill=(180, 160, 230))
    for i, height in enumerate((90, 180, 140, 240)):
        draw.rectangle((120 + 110 * i, 720 - height, 190 + 110 * i, 720), fill=(34, 140, 120))
    for i in range(6):
        draw.line((640, 600 + 26 * i, 1080, 600 + 26 * i), fill=(120, 118, 130), width=8)
    return large.resize((600, 400), Image.Resampling.LANCZOS)


def sheet():
    """A white sheet with lines of black strokes, and the box of its blank part."""
    picture = Image.new("RGB", (480, 360), "white")
    draw = ImageDraw.Draw(picture)
    for y in range(30, 170, 14):
        for x in range(30, 440, 9):
            draw.line((x, y, x + 4, y + 7), fill="black")
    return picture, (20, 200, 460, 340)


def skin(picture, box):
    """The pixels of a face that have the colour of skin, as booleans."""
    left, top, width, height = box
    y, x = np.mgrid[:picture.height, :picture.width]
    inside = (((x - left - width / 2) / (0.45 * width)) ** 2
              + ((y - top - height / 2) / (0.45 * height)) ** 2) < 1
    _, a, b = np.moveaxis(lab(picture), -1, 0)
    hue = np.degrees(np.arctan2(b, a))
    return inside & (hue > 15) & (hue < 95) & (np.hypot(a, b) > 8)


def hue_of(picture, where):
    """The hue of the mean colour there, in degrees."""
    _, a, b = lab(picture)[where].mean(axis=0)
    return math.degrees(math.atan2(b, a))


def blurred(picture, sigma):
    """A photo blurred by so many pixels at a long side of 600."""
    sigma *= max(picture.size) / 600
    return picture.filter(ImageFilter.GaussianBlur(sigma)) if sigma else picture

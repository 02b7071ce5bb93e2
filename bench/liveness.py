"""How live photos of people look, and imitations of prints and screens made of them.

Each photo is judged as it is, in variations that a camera makes (compressed, darker, smaller, cropped), and
as it would look on paper and on a screen: paper with an edge in several tones and dots, a bezel with a grid
in several pitches. Prints the shares that each level of liveness_control refuses and accepts. Imitations are
no attacks: what real prints and screens do was not measured.
"""

import base64
import io
import itertools
import json
import math
import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageEnhance

import harness
import photos

PATH = "/api/portrait/liveness/silent-liveness-detection"
LEVELS = {"LOW": 0.1, "NORMAL": 0.5, "HIGH": 0.9}
OWN = ("astronaut.png", "grace_hopper.jpg", "short_hair.png")


def genuine(photo):
    """The photo and what a camera may make of it."""
    width, height = photo.size
    yield photo
    for quality in (40, 75):
        out = io.BytesIO()
        photo.save(out, "JPEG", quality=quality)
        yield Image.open(io.BytesIO(out.getvalue())).convert("RGB")
    for light in (0.6, 1.3):
        yield ImageEnhance.Brightness(photo).enhance(light)
    for scale in (0.6, 1.5):
        yield photo.resize((round(width * scale), round(height * scale)), Image.LANCZOS)


def prints(photo):
    """Sheets of paper with the photo, in front of something plain."""
    for tone, pitch, margin in itertools.product((0.6, 0.8), (2, 3), (0.06, 0.15)):
        dots = pattern(photo.size, lambda x, y: 30 * ((x + y // pitch) % pitch == 0))
        paper = photo.point(lambda value: min(250, round(60 + value * tone * 0.75)))
        yield framed(ImageChops.add(paper, dots), margin, (244, 242, 236), (110, 96, 84))


def screens(photo):
    """Screens that show the photo."""
    for light, pitch, margin in itertools.product((0.75, 0.95), (0.7, 0.9, 1.3), (0.05, 0.1)):
        across = [math.sin(x * pitch) for x in range(photo.width)]
        down = [math.sin(y * pitch * 0.93) for y in range(photo.height)]
        grid = pattern(photo.size, lambda x, y: round(255 * (0.82 + 0.18 * across[x] * down[y])))
        shown = ImageChops.multiply(photo, grid).point(lambda value: min(255, round(value * light + 14)))
        yield framed(shown, margin, (12, 12, 14), (96, 88, 80))


def pattern(size, value):
    """Gray of this value at each place, in three channels."""
    width, height = size
    gray = Image.frombytes("L", size, bytes(value(x, y) for y in range(height) for x in range(width)))
    return Image.merge("RGB", [gray] * 3)


def framed(picture, margin, frame, ground):
    """A picture in a frame, in front of a ground of which as much is seen again."""
    edge = round(max(picture.size) * margin)
    size = tuple(side + 2 * edge for side in picture.size)
    inner = Image.new("RGB", size, frame)
    inner.paste(picture, (edge, edge))
    outer = Image.new("RGB", tuple(side + 4 * edge for side in size), ground)
    outer.paste(inner, (2 * edge, 2 * edge))
    return outer


def score(client, picture):
    """How live the face looks; none where none was found."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    body = json.dumps({"tasks_base64": [base64.b64encode(out.getvalue()).decode()]})
    answer = client.request("POST", PATH, body, {"Content-Type": "application/json"})
    return answer.json["data"]["elements"][0]["score"] if answer.succeeded else None


def main():
    """Judges all of it."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--folder", type=Path, help="further photos, each of one person")
    options = parser.parse_args()
    files = [photos.ROOT / "photos" / name for name in OWN]
    if options.folder:
        files += sorted(path for path in options.folder.iterdir() if path.suffix in (".jpg", ".png"))
    found = {"genuine": [], "print": [], "screen": []}
    with harness.Server(options.binary, options.set) as server:
        client = server.client()
        for file in files:
            photo = Image.open(file).convert("RGB")
            photo.thumbnail((900, 900))
            for kind, made in (("genuine", genuine), ("print", prints), ("screen", screens)):
                found[kind] += [score(client, picture) for picture in made(photo)]
    rows = []
    for kind, scores in found.items():
        seen = [each for each in scores if each is not None]
        rows.append((kind, len(seen), len(scores) - len(seen),
                     *(f"{sum(each >= least for each in seen) / len(seen):.1%}" for least in LEVELS.values())))
    print(f"{len(files)} photos")
    harness.table(("kind", "judged", "no face", *(f"{level} accepts" for level in LEVELS)), rows)
    sys.exit(not all(found.values()))


if __name__ == "__main__":
    main()

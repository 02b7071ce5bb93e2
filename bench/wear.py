"""What is seen of faces that wear masks, fill the photo, or are drawn.

Masks of five colours are drawn on each portrait over the nose, under it and under the mouth: how it is worn
must be named, glasses only where there are some. Cut so that the face fills them, portraits and masked
portraits must still show a face. Drawn faces must be told from photos.
"""

import argparse
import math
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

import causes
import harness

COLOURS = {"blue": (150, 190, 220), "white": (235, 235, 232), "black": (35, 35, 38), "red": (170, 40, 50),
           "beige": (205, 170, 140)}
# The lower edge along the jaw and the upper edges, as points of the mesh, with what they cover.
JAW = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361)
EDGES = {
    "Full": (234, 227, 116, 117, 118, 100, 114, 196, 197, 419, 343, 329, 347, 346, 345, 447, 454),
    "Mouth": (132, 177, 213, 212, 57, 186, 92, 165, 167, 164, 393, 391, 322, 410, 432, 433, 401, 361),
}
GLASSES = {"grace_hopper.jpg"}
DRAWN = ("cartoon.png",)
CLOSE_UPS = (1.3, 1.0, 0.85, 0.7)
TARGET = 0.9


def masked(portrait, points, edge, colour):
    """A portrait with a mask that is darker at its sides, with folds."""
    outline = [tuple(points[index]) for index in (*edge, *reversed(JAW))]
    cover = Image.new("L", portrait.size)
    ImageDraw.Draw(cover).polygon(outline, fill=255)
    left, top, right, bottom = cover.getbbox()
    cloth = Image.new("RGB", portrait.size)
    draw = ImageDraw.Draw(cloth)
    for x in range(left, right):
        light = 0.7 + 0.3 * math.sin(math.pi * (x - left) / (right - left))
        draw.line((x, top, x, bottom), fill=tuple(round(value * light) for value in colour))
    for fold in range(1, 5):
        y = top + (bottom - top) * fold / 5
        draw.line((left, y, right, y), fill=tuple(round(value * 0.75) for value in colour))
    return Image.composite(cloth, portrait, cover)


def close_up(portrait, box, share):
    """A square around the face, so many times as large as its box, made 700 pixels wide."""
    x, y, width, height = box
    side = share * max(width, height)
    left, top = x + (width - side) / 2, y + (height - side) / 2
    square = portrait.crop([round(value) for value in (left, top, left + side, top + side)])
    return square.resize((700, 700), Image.Resampling.BICUBIC)


def cases(name, portrait, seen):
    """Kind, how, what must be seen, picture."""
    glasses = "Ordinary" if name in GLASSES else "None"
    yield "no mask", "", ("None", glasses), portrait
    for state, edge in EDGES.items():
        for colour, value in COLOURS.items():
            yield (f"mask, {state}", colour, (state, glasses),
                   masked(portrait, seen["points"], edge, value))
    worn = masked(portrait, seen["points"], EDGES["Full"], COLOURS["blue"])
    for share in CLOSE_UPS:
        yield "close-up", f"{share}", None, close_up(portrait, seen["box"], share)
        yield "close-up, mask", f"{share}", None, close_up(worn, seen["box"], share)


def right(kind, wanted, answer):
    """What of the answer is right: mask, glasses, found, drawn."""
    if "close-up" in kind:
        return {"found": answer.get("score", 0) > 0.85}
    if wanted == "drawn":
        return {"drawn": answer.get("drawn", False)}
    state, glasses = wanted
    return {"mask": answer["mask"][0] == state, "glasses": answer["glasses"][0] == glasses,
            "drawn": not answer.get("drawn", False)}


def main():
    """Draws, looks, counts and judges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="release", choices=("release", "dev"))
    parser.add_argument("--keep", help="a folder for the pictures")
    options = parser.parse_args()
    example = harness.build_example("qualities", options.profile)
    files = [harness.ROOT / "photos" / name for name in causes.PORTRAITS]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        Path(folder).mkdir(parents=True, exist_ok=True)
        wanted = {str(harness.ROOT / "photos" / name): ("drawn face", name, "drawn") for name in DRAWN}
        for path, first in causes.seen(example, files).items():
            with Image.open(path) as source:
                portrait = source.convert("RGB")
            for kind, how, what, picture in cases(Path(path).name, portrait, first):
                name = f"{Path(path).stem} {kind} {how}".replace(" ", "_").replace(",", "")
                wanted[str(causes.saved(folder, name, picture, None))] = (kind, how, what)
        found = causes.seen(example, list(wanted))
    rows = {}
    for path, (kind, _, what) in wanted.items():
        for measure, good in right(kind, what, found[path]).items():
            row = rows.setdefault((kind, measure), [0, 0])
            row[0] += good
            row[1] += 1
            if not good:
                print(Path(path).stem, measure, *(found[path].get(key) for key in ("score", "mask", "glasses")))
    harness.table(("pictures", "what is seen", "right", "of"),
                  [(kind, measure, good, count) for (kind, measure), (good, count) in rows.items()])
    met = [harness.verdict(f"{kind}: {measure}", good >= TARGET * count, f"{good} of {count}")
           for (kind, measure), (good, count) in rows.items()]
    sys.exit(not all(met))


if __name__ == "__main__":
    main()

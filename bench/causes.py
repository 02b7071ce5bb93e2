"""Which cause `quality_control` names for portraits that are damaged in one way, and whether it is the damage.

Each portrait is blurred, covered over each of seven regions in three colours, darkened, turned, cut and
compressed, each in several strengths; the example `qualities` then says what each level refuses it with.
The portraits as they are, mirrored, scaled and hardly compressed are the control: nothing may be refused.
"""

import argparse
import collections
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

import harness

PORTRAITS = ("astronaut.png", "grace_hopper.jpg", "short_hair.png")
COLOURS = {"black": (0, 0, 0), "gray": (128, 128, 128), "blue": (30, 60, 200)}
# How much larger than the box of its region a cover is, across and down.
COVERS = {
    "left_eye": (1.4, 2.4), "right_eye": (1.4, 2.4), "nose": (1.0, 1.0), "mouth": (1.1, 1.2),
    "left_cheek": (1.1, 1.2), "right_cheek": (1.1, 1.2), "chin": (1.0, 1.0),
}
OCCLUSION = {
    "left_eye": "LEFT_EYE", "right_eye": "RIGHT_EYE", "nose": "NOSE", "mouth": "MOUTH",
    "left_cheek": "LEFT_FACE", "right_cheek": "RIGHT_FACE", "chin": "CHIN",
}
# Shares of the width of the face.
BLURS = (0.02, 0.03, 0.05, 0.08)
DARK = (0.5, 0.3, 0.15)
TURNS = (30, -45, 60, -90, 135, 180)
QUALITIES = (3, 5, 8, 10)
LEVELS = ("LOW", "NORMAL", "HIGH")
TARGET = 0.9


def damaged(portrait, face, regions):
    """Every damage to a portrait: kind, how, the code that names it, the picture, the JPEG's quality."""
    x, y, width, height = face
    for share in BLURS:
        blurred = portrait.filter(ImageFilter.GaussianBlur(share * width))
        yield "blur", f"{share:.0%}", "ERROR_BLURRY_FACE", blurred, None
    for region, box in regions.items():
        code = f"ERROR_{OCCLUSION[region]}_OCCLUSION_TOO_HIGH"
        for colour, value in COLOURS.items():
            yield "cover", f"{region} {colour}", code, covered(portrait, box, COVERS[region], value), None
    large = covered(portrait, regions["mouth"], (1.5, 2.5), COLOURS["gray"])
    yield "cover", "mouth large", "ERROR_MOUTH_OCCLUSION_TOO_HIGH", large, None
    for factor in DARK:
        yield ("dark", f"x {factor}", "ERROR_POOR_FACE_LIGHTING",
               ImageEnhance.Brightness(portrait).enhance(factor), None)
    for angle in TURNS:
        middle = (x + width / 2, y + height / 2)
        turned = portrait.rotate(-angle, Image.Resampling.BICUBIC, center=middle, fillcolor=(90, 90, 90))
        yield "turned", f"{angle}", "ERROR_FACE_NOT_FACING_FORWARD", turned, None
    whole = portrait.size
    for side, box in (
        ("left", (x + 0.3 * width, 0, *whole)), ("top", (0, y + 0.25 * height, *whole)),
        ("right", (0, 0, x + 0.7 * width, whole[1])), ("bottom", (0, 0, whole[0], y + 0.8 * height)),
    ):
        yield "cut", side, "ERROR_INCOMPLETE_FACE", portrait.crop([round(v) for v in box]), None
    for quality in QUALITIES:
        yield "JPEG", f"{quality}", "ERROR_POOR_FACE_QUALITY", portrait, quality


def covered(portrait, box, grown, colour):
    """A portrait with a bar over a box that is grown by these factors."""
    x, y, width, height = box
    wide, high = width * grown[0] / 2, height * grown[1] / 2
    middle, picture = (x + width / 2, y + height / 2), portrait.copy()
    corners = (middle[0] - wide, middle[1] - high, middle[0] + wide, middle[1] + high)
    ImageDraw.Draw(picture).rectangle([round(v) for v in corners], fill=colour)
    return picture


def untouched(portrait):
    """A portrait in ways that harm nobody."""
    yield "as it is", portrait, None
    yield "mirrored", portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT), None
    for scale in (0.9, 2):
        size = [round(side * scale) for side in portrait.size]
        yield f"scaled by {scale}", portrait.resize(size, Image.Resampling.LANCZOS), None
    yield "turned by 8", portrait.rotate(8, Image.Resampling.BICUBIC, fillcolor=(90, 90, 90)), None
    for quality in (50, 75, 90):
        yield f"JPEG {quality}", portrait, quality


def saved(folder, name, picture, quality):
    """Saves a picture as PNG, or as JPEG of a quality."""
    path = Path(folder) / f"{name}.{'jpg' if quality else 'png'}"
    picture.save(path, **({"quality": quality} if quality else {"compress_level": 1}))
    return path


def seen(example, paths):
    """What the example sees in pictures, by their paths."""
    done = subprocess.run([example, *paths], check=True, stdout=subprocess.PIPE, text=True)
    return {line["photo"]: line for line in map(json.loads, done.stdout.splitlines())}


def main():
    """Damages all portraits, prints a table and judges it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="release", choices=("release", "dev"))
    parser.add_argument("--portraits", nargs="+", help="files; else those of the folder photos")
    parser.add_argument("--keep", help="a folder for the damaged pictures")
    parser.add_argument("--verbose", action="store_true", help="every wrong cause with all measures")
    options = parser.parse_args()
    example = harness.build_example("qualities", options.profile)
    files = options.portraits or [harness.ROOT / "photos" / name for name in PORTRAITS]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        Path(folder).mkdir(parents=True, exist_ok=True)
        wanted = {}
        for path, first in seen(example, files).items():
            with Image.open(path) as source:
                portrait = source.convert("RGB")
            cases = [("control", how, None, picture, quality) for how, picture, quality in untouched(portrait)]
            cases += damaged(portrait, first["box"], first["regions"])
            for kind, how, code, picture, quality in cases:
                name = f"{Path(path).stem} {kind} {how}".replace(" ", "_")
                wanted[str(saved(folder, name, picture, quality))] = (kind, how, code)
        found = seen(example, list(wanted))
    raise SystemExit(not judged(wanted, found, options.verbose))


def judged(wanted, found, verbose):
    """Prints what was named, and answers whether every target was met."""
    rows, wrong = collections.defaultdict(collections.Counter), []
    for path, (kind, how, code) in wanted.items():
        answer = found[path]
        refused = answer.get("refused") or dict.fromkeys(LEVELS, "no face")
        row = rows[kind]
        row["all"] += 1
        row["right"] += refused["HIGH"] == code
        for level in LEVELS[:2]:
            row[level] += refused[level] is not None
            row[f"{level} right"] += refused[level] is not None and refused[level] == code
        if refused["HIGH"] != code or refused["LOW"] not in (None, code) or refused["NORMAL"] not in (None, code):
            wrong.append((Path(path).stem, refused, answer))
    harness.table(
        ("damage", "pictures", "right at HIGH", "refused at NORMAL", "rightly", "refused at LOW", "rightly"),
        [(kind, row["all"], f"{row['right'] / row['all']:.0%}", row["NORMAL"], row["NORMAL right"],
          row["LOW"], row["LOW right"]) for kind, row in rows.items()])
    for name, refused, answer in wrong:
        print(name, *(refused[level] for level in LEVELS))
        if verbose:
            print("   ", json.dumps({key: rounded(answer[key]) for key in answer
                                     if key not in ("photo", "regions", "refused", "box")}))
    return all([harness.verdict(kind, row["right"] >= TARGET * row["all"],
                                f"{row['right']} of {row['all']} (target {TARGET:.0%})")
                for kind, row in rows.items()])


def rounded(value):
    """Numbers to two places, wherever they are."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, 2) if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())

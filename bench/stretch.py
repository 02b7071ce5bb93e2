"""Stretches found and stretches imagined: pages of print, and pictures that nobody stretched.

Sets a page in each font of a folder, sends it as it is and stretched, and compares the `ratio` of the
answer. Of pictures as they are every answer but 1 is wrong.
"""

import io
import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import api
import harness
import photos

RECOVERY = "/api/image/enhance/stretch-image-recovery"
STRETCHES = (0.5, 0.625, 0.75, 1.33, 1.6, 2.0)
FONTS = (".ttf", ".otf", ".woff")
PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
WORDS = ("this is a page of some words in print which tells little but its letters in lines as they stand "
         "are like those of any sheet bill sign or screen").split()
# Wrong by more than this, as a logarithm: letters tell a stretch to some 0.1.
WRONG = 0.25
FALSE_PAGES, FALSE_PICTURES = 0.02, 0.005


def page(font, size, seed):
    """Twelve lines of words, dark on light; None where the font has no Latin letters."""
    chosen, drawn = random.Random(seed), ImageFont.truetype(font, size)
    if drawn.getmask("iam").getbbox() is None or drawn.getlength("iiii") == 0:
        return None
    lines = [" ".join(chosen.choices(WORDS, k=9)).capitalize() for _ in range(12)]
    width = max(drawn.getlength(line) for line in lines)
    sheet = Image.new("RGB", (round(width) + 4 * size, round(12 * 1.5 * size) + 4 * size), (238, 235, 228))
    pen = ImageDraw.Draw(sheet)
    for index, line in enumerate(lines):
        pen.text((2 * size, 2 * size + 1.5 * size * index), line, fill=(42, 40, 52), font=drawn)
    return sheet


def stretched(picture, factor):
    """The picture made wider by a factor, or higher by its inverse."""
    width = round(picture.width * max(factor, 1))
    height = round(picture.height * max(1 / factor, 1))
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def widening(client, picture):
    """The stretch that the service sees, as a logarithm: 0 where it sees none."""
    answer = client.post(RECOVERY, api.form(photos.jpeg(picture, quality=85)))
    if not answer.succeeded:
        return None
    return -math.log(answer.json["ratio"])


def row(name, truth, found):
    """How often an answer was given, how far it was off, and how often by too much."""
    found = [value for value in found if value is not None]
    given = [abs(value - truth) for value in found if value]
    wrong = sum(error > WRONG for error in given) if truth else len(given)
    middle, worst = (f"{math.expm1(value):.0%}" for value in
                     ((harness.median(given), max(given)) if given else (0, 0)))
    return (name, len(found), len(given), middle, worst, wrong), len(found), wrong


def files(folder, kinds, most):
    """Files of these kinds, some of them where there are more."""
    found = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in kinds)
    return random.Random(7).sample(found, most) if len(found) > most else found


def pages(fonts, most):
    """Pages of letters of several sizes, a font each."""
    for seed, font in enumerate(files(fonts, FONTS, most)):
        try:
            sheet = page(str(font), (20, 28, 40)[seed % 3], seed)
        except OSError:
            continue
        if sheet:
            yield sheet


def pictures(folder, most):
    """Pictures within the limits of the service."""
    for path in files(folder, PICTURES, most):
        try:
            picture = Image.open(io.BytesIO(path.read_bytes())).convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError):
            continue
        if min(picture.size) > 10 and max(picture.size) < 5000:
            yield picture


def main():
    """Asks for all of them and judges the false answers."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--fonts", default="/usr/share/fonts", help="a folder of fonts")
    parser.add_argument("--pictures", default=str(harness.ROOT / "photos"),
                        help="a folder of pictures that nobody stretched")
    parser.add_argument("--most", type=int, default=200, help="fonts and pictures at most")
    options = parser.parse_args()
    print(harness.machine())
    sheets = list(pages(options.fonts, options.most))
    with harness.Server(options.binary, options.set) as server:
        client = server.client()
        ask = lambda sent: [widening(client, picture) for picture in sent]
        natural = [row("pictures as they are", 0, ask(pictures(options.pictures, options.most))),
                   row("pages as they are", 0, ask(sheets))]
        made = [row(f"pages stretched by {factor}", math.log(factor),
                    ask(stretched(sheet, factor) for sheet in sheets)) for factor in STRETCHES]
    harness.table(("what", "sent", "answered", "median error", "worst", "wrong"),
                  [line for line, *_ in natural + made])
    (_, shown, changed), (_, set_pages, imagined) = natural
    met = [harness.verdict("pictures as they are", changed <= FALSE_PICTURES * shown,
                           f"{changed} of {shown} changed"),
           harness.verdict("pages as they are", imagined <= FALSE_PAGES * set_pages,
                           f"{imagined} of {set_pages} changed")]
    raise SystemExit(not all(met))


if __name__ == "__main__":
    main()

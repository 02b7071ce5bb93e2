"""What fills the place of an object: texture and seams beside OpenCV's inpainting, and times.

Ellipses of 3 % are cut out of the grounds of photos: skies, foliage, water, wood, fur, cloth. Told are the fine detail
in the place by the photo's own there (1 is the same, 0 a fog), how much neighbouring pixels differ across the border
of what was filled, again by the photo's own (much more is a seam), and how far the result is from the photo once
both are blurred, in levels of 255 (stains and scraps). Places where the photo has next to no detail count for the last
alone. The control is the mean colour of the surroundings, which must miss the target. Then one hole of 5 % in photos
enlarged to 1 and 12 megapixels: seconds of the completion alone, as the server tells them, and of the whole answer.
"""

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import api
import harness
import others
import photos
from services import answered

SERVICE = "/api/image/editing/remove-objects"
PLACES = {
    "astronaut.png": ((0.68, 0.12), (0.22, 0.8)),
    "chelsea.png": ((0.12, 0.75), (0.3, 0.14), (0.88, 0.7)),
    "china.jpg": ((0.62, 0.2), (0.85, 0.15), (0.64, 0.86), (0.15, 0.9), (0.68, 0.6)),
    "coffee.png": ((0.88, 0.15), (0.9, 0.85), (0.1, 0.8)),
    "flower.jpg": ((0.12, 0.25), (0.12, 0.75), (0.85, 0.2), (0.85, 0.65)),
    "rocket.jpg": ((0.22, 0.2), (0.4, 0.3), (0.62, 0.25), (0.8, 0.25)),
}
SHARE, TIMED_SHARE = 0.03, 0.05
LEAST = 0.7  # levels of detail
BLOCK = 8
BLUR = 6
TEXTURE = (0.7, 1.3)
BLOCK_SECONDS = {1: 2, 12: 6}


def png(picture):
    """Encodes a PNG quickly."""
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def opened(name, megapixels=None):
    """A photo, enlarged where a size is given."""
    with Image.open(harness.ROOT / "photos" / name) as source:
        # Without its colour profile.
        photo = Image.fromarray(np.asarray(source.convert("RGB")))
    if megapixels is None:
        return photo
    # As cameras have it; the service takes 4096 pixels a side.
    side = (1e6 * megapixels / 12) ** 0.5
    return ImageOps.fit(photo, (int(4 * side), int(3 * side)), Image.Resampling.BICUBIC)


def hole_at(size, place, share=SHARE):
    """An ellipse of the share, as a mask."""
    mask = Image.new("L", size, 0)
    width, height = size
    radius = (share / np.pi) ** 0.5
    x, y = place[0] * width, place[1] * height
    ImageDraw.Draw(mask).ellipse((x - radius * width, y - radius * height, x + radius * width, y + radius * height),
                                 fill=255)
    return mask


def detail(photo):
    """The finest detail of luma."""
    luma = photo.convert("L")
    return np.asarray(luma, dtype=float) - np.asarray(luma.filter(ImageFilter.GaussianBlur(1.5)), dtype=float)


def texture(photo, inside):
    """The median of the fine detail of blocks that lie inside: of the ground, not of what stands before it."""
    fine, found = detail(photo), []
    for y in range(0, photo.height - BLOCK, BLOCK):
        for x in range(0, photo.width - BLOCK, BLOCK):
            block = slice(y, y + BLOCK), slice(x, x + BLOCK)
            if inside[block].all():
                found.append(fine[block].std())
    return np.median(found)


def steps(photo, inside):
    """The mean step between neighbours of which one was filled."""
    luma = np.asarray(photo.convert("L"), dtype=float)
    found = []
    for axis in (0, 1):
        first, second = [np.take(inside, range(a, inside.shape[axis] - 1 + a), axis) for a in (0, 1)]
        found.append(np.abs(np.diff(luma, axis=axis))[first != second])
    return np.concatenate(found).mean()


def figures(photo, result, hole, growth):
    """Texture and seam of a result by the photo's own (none where that has no detail), and its distance."""
    inside = np.asarray(hole) > 0
    own = texture(photo, inside)
    blurred = [np.asarray(each.filter(ImageFilter.GaussianBlur(BLUR)), dtype=float)[inside] for each in (photo, result)]
    distance = np.abs(blurred[0] - blurred[1]).mean()
    if own < LEAST:
        return np.nan, np.nan, distance
    filled = np.asarray(hole.filter(ImageFilter.MaxFilter(2 * growth + 1)) if growth else hole) > 0
    return texture(result, inside) / own, steps(result, filled) / max(steps(photo, filled), 0.5), distance


def ours(client, photo, hole):
    """The service's result, its seconds, and those of the completion alone."""
    # The service takes 5 MB.
    image = png(photo) if photo.width * photo.height < 2e6 else photos.jpeg(photo, quality=85)
    seconds, answer = answered(client, SERVICE, api.form(files={"image": image, "mask": png(hole)}))
    result = Image.open(io.BytesIO(client.download(answer.json["data"]["image_url"]).body)).convert("RGB")
    return result, seconds, answer.stages().get("complete", 0) / 1000


def theirs(other, photo, hole):
    """The result of another, which takes what is transparent for missing, and its seconds."""
    missing = photo.convert("RGBA")
    missing.putalpha(hole.point(lambda value: 255 - value))
    answer = other.ask(png(missing))
    if answer is None:
        raise SystemExit(f"{other.name} has ended")
    return Image.open(io.BytesIO(answer[0])).convert("RGB"), answer[1]


def synthesised(binary, photo, hole):
    """The result of the program `texture-synthesis`, and its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("photo.png", "kept.png", "out.png")]
        photo.save(paths[0])
        hole.point(lambda value: 255 - value).save(paths[1])
        size = f"{photo.width}x{photo.height}"
        begin = time.perf_counter()
        subprocess.run([binary, "--no-progress", "--inpaint", paths[1], "--sample-masks", paths[1], "--in-size", size,
                        "--out-size", size, "--out", paths[2], "generate", paths[0]], check=True, capture_output=True)
        with Image.open(paths[2]) as result:
            return result.convert("RGB"), time.perf_counter() - begin


def plain(photo, hole):
    """The control: the mean of the rim."""
    rim = np.asarray(hole.filter(ImageFilter.MaxFilter(9))) > np.asarray(hole)
    mean = np.asarray(photo)[rim].mean(axis=0)
    return Image.composite(Image.new("RGB", photo.size, tuple(int(value) for value in mean)), photo, hole)


def main():
    """Measures texture and seams, then times."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--keep", type=Path, help="a folder for the pictures")
    parser.add_argument("--texture-synthesis", metavar="FILE",
                        help="the program of `cargo install texture-synthesis-cli --version 0.8.3`, to compare it too")
    options = parser.parse_args()
    harness.environment(others.ENVIRONMENT, "requirements-others.txt")
    contenders = [others.Other(name) for name in ("opencv_telea", "opencv_navier_stokes")]
    names = ("Safelight", "Telea", "Navier–Stokes", "mean colour")
    if options.texture_synthesis:
        names += ("texture-synthesis",)
    seen = {name: [] for name in names}
    times, synthesis_seconds = [], []
    with harness.Server(options.binary, options.set) as server:
        client = server.client(timeout=400)
        for name, places in PLACES.items():
            photo = opened(name)
            for number, place in enumerate(places):
                hole = hole_at(photo.size, place)
                results = [ours(client, photo, hole)[0], *(theirs(other, photo, hole)[0] for other in contenders),
                           plain(photo, hole)]
                if options.texture_synthesis:
                    result, seconds = synthesised(options.texture_synthesis, photo, hole)
                    results.append(result)
                    synthesis_seconds.append(seconds)
                for key, result in zip(names, results):
                    # The service fills three pixels around the mask as well.
                    seen[key].append(figures(photo, result, hole, 3 if key == "Safelight" else 0))
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    sheet = Image.new("RGB", (4 * photo.width, photo.height))
                    shown = [Image.composite(Image.new("RGB", photo.size, "magenta"), photo, hole), *results[:3]]
                    for at, picture in enumerate(shown):
                        sheet.paste(picture, (at * photo.width, 0))
                    sheet.save(options.keep / f"{Path(name).stem}-{number}.png")
        for megapixels in BLOCK_SECONDS:
            took = []
            for name in ("china.jpg", "coffee.png", "astronaut.png"):
                photo = opened(name, megapixels)
                hole = hole_at(photo.size, (0.4, 0.4), TIMED_SHARE)
                _, whole, block = ours(client, photo, hole)
                took.append((block, whole, *(theirs(other, photo, hole)[1] for other in contenders)))
            times.append((megapixels, *(harness.median(each) for each in zip(*took))))
    for other in contenders:
        other.end()
    rows, middle = [], {}
    for name in names:
        fine, seam, distance = (np.array(each) for each in zip(*seen[name]))
        fine, seam = (each[~np.isnan(each)] for each in (fine, seam))
        good = ((fine >= TEXTURE[0]) & (fine <= TEXTURE[1])).mean()
        middle[name] = np.median(fine)
        rows.append((name, f"{middle[name]:.2f}", f"{100 * good:.0f} %", f"{np.median(seam):.2f}",
                     f"{np.percentile(seam, 90):.2f}", f"{np.median(distance):.1f}", f"{np.percentile(distance, 90):.1f}"))
    harness.table((f"{len(fine)} of {len(distance)} holes", "texture, median", ".7 to 1.3", "seam, median", "seam, 90 %",
                   "distance, median", "90 %"), rows)
    harness.table(("megapixels", "completion s", "answer s", "Telea s", "Navier–Stokes s"),
                  [(each[0], *(f"{value:.2f}" for value in each[1:])) for each in times])
    if synthesis_seconds:
        print(f"texture-synthesis: {harness.median(synthesis_seconds):.1f} s for a hole of 3 % of these photos")
    good = harness.verdict("control", middle["mean colour"] < TEXTURE[0], f"{middle['mean colour']:.2f}")
    good &= harness.verdict("texture", TEXTURE[0] <= middle["Safelight"] <= TEXTURE[1], f"{middle['Safelight']:.2f}")
    for megapixels, block, *_ in times:
        most = BLOCK_SECONDS[megapixels]
        good &= harness.verdict(f"{megapixels} MP", block <= most, f"{block:.2f} s, at most {most}")
    sys.exit(not good)


if __name__ == "__main__":
    main()

"""Faults of cut-outs: mirror images, people beside food, enclosed ground, thin parts, white goods, garments.

Subjects are drawn, so that their alpha is known, or are people of the photos (`scenes.py`, `drawn.py`).
Each figure is also taken of wrong answers, such as the untouched picture and an empty one: at least one
of them must miss the target, else the figure shows nothing. Figures that the universal service gives
for the same pictures show what a service adds to the common mask.
"""

import hashlib
import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import api
import drawn
import harness
import scenes

GENERAL = "/api/cutout/general/"
UNIVERSAL, HD = api.CUTOUT, api.HD_CUTOUT
GOODS = GENERAL + "commodity-background-removal"
FOOD = GENERAL + "food-background-removal"
APPAREL = GENERAL + "apparel-background-removal"
PORTRAIT = api.PORTRAIT
MOST_BYTES = 2_900_000  # of a file, below the least limit of a service
UNIVERSAL_SIDE = 2000

KEPT_MIN = 0.97  # of the goods
PERSON_MAX = 0.01  # share of a person's pixels that may stay
DISH_MIN = 0.9
IOU_MIN = 0.9
LEGS_IOU_MIN = 0.8
GRAY_IOU_MIN = 0.95
BAND_PX = 10
SHRED_MIN = 0.0005  # share of the picture
# Faces of the photos, from the forehead to the chin: left, top, right, bottom.
FACES = {"astronaut.png": (178, 75, 272, 182), "grace_hopper.jpg": (182, 130, 352, 330),
         "short_hair.png": (135, 105, 327, 395), "standing.png": (127, 40, 176, 104)}
CHIN = 0.2  # share of a face that collars may hide from below
PEOPLE = tuple(FACES)


@dataclass
class Figure:
    """A number, what is wanted of it, and the same number of two wrong answers."""

    name: str
    value: float
    sign: str
    target: float

    def holds(self):
        """Whether the target is met; a number that there is none of misses it."""
        return self.value >= self.target if self.sign == ">=" else self.value <= self.target


class Service:
    """Alpha of cut-outs over HTTP; each picture is sent to a service once."""

    def __init__(self, server, keep):
        self.server, self.keep, self.known = server, keep, {}

    def __call__(self, path, picture, name=""):
        """Alpha of a cut-out, 0 to 1; `None` where the service refuses the picture."""
        key = (path, hashlib.sha256(picture.tobytes()).digest())
        if key not in self.known:
            self.known[key] = self.ask(path, picture, name)
        return self.known[key]

    def ask(self, path, picture, name):
        """Sends a picture and reads alpha."""
        sent = encoded(picture, MOST_BYTES if path != HD else 40_000_000)
        # A connection of its own: the server closes one that is idle while a large scene is judged.
        client = self.server.client(timeout=300)
        answer = client.post(path, api.form(sent))
        if answer.succeeded and path == HD:
            answer = self.wait(client, answer.json["task_id"])
        if not answer.succeeded:
            if "NO_RECOGNITION_TARGET" not in answer.code:
                raise SystemExit(f"{path} answers {answer.status} {answer.body[:300]} for {name}")
            print(f"refused {name}: {answer.json['error_detail'].get('message')}", flush=True)
            return None
        data = answer.json["data"]
        url = data.get("image_url") or data["elements"][0]["image_url"]
        result = Image.open(io.BytesIO(client.download(url).body)).convert("RGBA")
        if self.keep:
            keep(self.keep, f"{path.rsplit('/', 1)[1][:9]} {name}", result, picture)
        return np.asarray(result.getchannel("A"), dtype=float) / 255

    def wait(self, client, task):
        """The answer of a task that has ended."""
        while True:
            answer = client.get(f"{api.TASK}?task_id={task}")
            if answer.json.get("task_status") not in (0, 1):
                return answer
            time.sleep(1)


def encoded(picture, most):
    """A PNG, or a JPEG where that is too large."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    if out.tell() > most:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=95)
    return out.getvalue()


def keep(folder, name, result, picture):
    """Keeps a picture and its cut-out on magenta, side by side."""
    on = Image.new("RGBA", result.size, (255, 0, 255, 255))
    on.alpha_composite(result)
    both = Image.new("RGB", (2 * result.width, result.height))
    both.paste(picture, (0, 0))
    both.paste(on.convert("RGB"), (result.width, 0))
    both.thumbnail((1600, 1200))
    Path(folder).mkdir(parents=True, exist_ok=True)
    both.save(Path(folder) / f"{name.replace(' ', '-').replace(',', '')}.png")


def untouched(path, picture, name=""):
    """The wrong answer that keeps everything."""
    return np.ones(picture.size[::-1])


def empty(path, picture, name=""):
    """The wrong answer that keeps nothing."""
    return np.zeros(picture.size[::-1])


def scattered(path, picture, name=""):
    """The wrong answer that keeps squares all over the picture; of the universal service all of it."""
    if path == UNIVERSAL:
        return untouched(path, picture)
    y, x = np.mgrid[0:picture.height, 0:picture.width]
    return ((x // 40 + y // 40) % 2 * (x % 40 > 2) * (y % 40 > 2)).astype(float)


WRONG = (untouched, empty, scattered)


def share(alpha, weights):
    """Mean of alpha by weights; 0 where the picture was refused."""
    return 0.0 if alpha is None else float((alpha * weights).sum() / max(weights.sum(), 1e-9))


def iou(found, truth, within=None):
    """Overlap of two mattes, cut at a half; 0 where the picture was refused."""
    if found is None or truth is None:
        return 0.0
    one, other = found >= 0.5, truth >= 0.5
    if within is not None:
        one, other = one & (within > 0), other & (within > 0)
    return float((one & other).sum() / max((one | other).sum(), 1))


def mean(values):
    """The mean; NaN of nothing, which misses every target."""
    values = list(values)
    return sum(values) / len(values) if values else float("nan")


def reflections(cut, reference, show):
    """Row 5: goods without a mirror image stay whole, and mirror images go."""
    lost, rows = [], []
    for scene in scenes.goods(False):
        alpha, plain = (cut(path, scene.picture, f"whole {scene.name}") for path in (GOODS, UNIVERSAL))
        kept, common = share(alpha, scene.truth), share(plain, scene.truth)
        lost.append((kept < KEPT_MIN, kept < common - 0.01))
        rows.append([scene.name, f"{kept:.3f}", f"{common:.3f}"])
    removed, cut_too = [], []
    for scene, row in zip(scenes.goods(True), rows):
        alpha, plain = (cut(path, scene.picture, f"mirror {scene.name}") for path in (GOODS, UNIVERSAL))
        seen = scene.part * (scene.part > scenes.REFLECTION_MIN)
        removed.append(1 - share(alpha, seen) if alpha is not None else 0)
        cut_too.append(share(alpha, scene.truth) < KEPT_MIN)
        row += [f"{share(alpha, scene.truth):.3f}", f"{removed[-1]:.3f}", f"{1 - share(plain, seen):.3f}"]
    if show:
        harness.table(("goods", "kept", "universal", "mirrored: kept", "image removed", "universal"), rows)
    yield Figure("goods cut without a mirror image", sum(c for c, _ in lost), "<=", 0)
    yield Figure("of these more than by the universal service", sum(c for _, c in lost), "<=", 0)
    yield Figure("mirror images removed, mean share", mean(removed), ">=", 0.9)
    yield Figure("goods cut above their mirror image", sum(cut_too), "<=", 0)


def eaters(reference):
    """People beside and behind food."""
    named = {name: scenes.photo(name) for name in PEOPLE}
    mattes = {name: reference(PORTRAIT, photo, name) for name, photo in named.items()}
    for name in PEOPLE:
        yield scenes.beside_coffee(name, named[name], mattes[name])
    # Dishes that are accepted by themselves: soup, a plate, cola, juice.
    dishes = [drawn.DISHES[2], drawn.DISHES[1], drawn.SWEETS[0], drawn.SWEETS[1]]
    for number, name in enumerate(PEOPLE):
        for index, dish in enumerate(dishes):
            if (index + number) % 2 == 0:
                x = 170 if index else None
                yield scenes.behind_table(name, named[name], mattes[name], dish, x)


def food(cut, reference, show):
    """Row 6: people go, drinks and sweets pass, dishes stay, other things are refused."""
    rows, kept, dishes = [], [], []
    for scene in eaters(reference):
        alpha = cut(FOOD, scene.picture, scene.name)
        kept.append(share(alpha, scene.part))
        dishes.append(share(alpha, scene.truth))
        rows.append((scene.name, f"{kept[-1]:.3f}", f"{dishes[-1]:.3f}",
                     "refused" if alpha is None else ""))
    if show:
        harness.table(("scene", "of the person", "of food and dish", ""), rows)
    rows, counts = [], {}
    cup = scenes.photo("coffee.png")
    plates = [*scenes.alone("DISHES"),
              scenes.Scene("coffee.png", cup, scenes.coffee_truth(cup.size))]
    for kind, entries in (("drinks and sweets", scenes.alone("SWEETS")), ("plates", plates)):
        for scene in entries:
            alpha = cut(FOOD, scene.picture, f"{kind} {scene.name}")
            part = share(alpha, scene.truth)
            whole = part >= DISH_MIN and alpha.mean() < 0.6
            counts.setdefault(kind, []).append((alpha is not None and part > 0.5, whole))
            rows.append((kind, scene.name, "refused" if alpha is None else f"{part:.3f} kept"))
    passed = []
    others = [(f"toy {scene.name}", scene.picture) for scene in scenes.alone("TOYS")]
    for name in ("astronaut.png", "chelsea.png", "china.jpg", "flower.jpg", "grace_hopper.jpg",
                 "rocket.jpg", "hand.png", "cartoon.png"):
        others.append((name, scenes.photo(name)))
    for name, picture in others:
        alpha = cut(FOOD, picture, name)
        passed.append(alpha is not None)
        rows.append(("no food", name, "refused" if alpha is None else "passed"))
    if show:
        harness.table(("kind", "scene", "result"), rows)
    sweets, plates = counts["drinks and sweets"], counts["plates"]
    yield Figure("scenes with a person left", sum(k > PERSON_MAX for k in kept), "<=", 0)
    yield Figure("largest share of a person left", max(kept), "<=", PERSON_MAX)
    yield Figure(f"food kept beside people, of {len(dishes)}",
                 sum(d >= DISH_MIN for d in dishes), ">=", len(dishes))
    yield Figure(f"drinks and sweets accepted, of {len(sweets)}", sum(a for a, _ in sweets), ">=",
                 len(sweets))
    yield Figure(f"plates, bowls and cups kept, of {len(plates)}", sum(w for _, w in plates), ">=",
                 len(plates))
    yield Figure(f"things refused that are no food, of {len(passed)}", len(passed) - sum(passed), ">=",
                 len(passed))


def enclosing(cut, show):
    """Figures of ground that something encloses, without and with the noise of a camera."""
    strokes, labels, rows = [], [], []
    for noise in (0.5, scenes.NOISE):
        cleared = []
        for scene in scenes.rings(noise):
            alpha = cut(UNIVERSAL, scene.picture, scene.name)
            kept, hole = share(alpha, scene.truth), scene.part > 0
            (strokes if hole.any() else labels).append(kept)
            if hole.any():
                cleared.append(0.0 if alpha is None else float((alpha[hole] < 0.5).mean()))
            clear = f"{cleared[-1]:.3f}" if hole.any() else "no hole"
            rows.append((scene.name, clear, f"{kept:.3f}"))
        yield Figure(f"enclosed ground cleared, noise {noise}, mean share", mean(cleared), ">=", 0.9)
    if show:
        harness.table(("enclosing", "ground cleared", "subject kept"), rows)
    yield Figure("what encloses ground kept, mean share", mean(strokes), ">=", 0.95)
    yield Figure("labels that are no holes kept, least share", min(labels), ">=", 0.95)


def shapes(cut, reference, show):
    """Row 11: enclosed ground, thin legs, white goods, people in gray."""
    yield from enclosing(cut, show)
    overlaps, rows = {"legs": [], "whites": [], "gray": []}, []
    for path in (UNIVERSAL, GOODS):
        service = path.rsplit("/", 1)[1]
        for scene in scenes.legs():
            overlaps["legs"].append(iou(cut(path, scene.picture, scene.name), scene.truth, scene.part))
            rows.append((service, scene.name, f"{overlaps['legs'][-1]:.3f}"))
        for scene in scenes.whites():
            overlaps["whites"].append(iou(cut(path, scene.picture, f"white {scene.name}"), scene.truth))
            rows.append((service, f"white {scene.name}", f"{overlaps['whites'][-1]:.3f}"))
    for name in PEOPLE:
        photo = scenes.photo(name)
        gray = cut(PORTRAIT, photo.convert("L").convert("RGB"), f"gray {name}")
        overlaps["gray"].append(iou(gray, reference(PORTRAIT, photo, name)))
        rows.append(("portrait-background-removal", f"{name} in gray", f"{overlaps['gray'][-1]:.3f}"))
    if show:
        harness.table(("service", "scene", "IoU"), rows)
    yield Figure("legs, mean IoU of their zone", mean(overlaps["legs"]), ">=", LEGS_IOU_MIN)
    yield Figure("white goods on white, least IoU", min(overlaps["whites"]), ">=", IOU_MIN)
    yield Figure("people in gray as in colour, least IoU", min(overlaps["gray"]), ">=", GRAY_IOU_MIN)


def dilated(mask, radius):
    """A mask with all that is within so many pixels of it, along rows and columns."""
    for axis in (0, 1):
        sums = np.cumsum(mask, axis=axis, dtype=np.int32)
        length, rows = mask.shape[axis], np.arange(mask.shape[axis])
        upper = np.take(sums, np.minimum(rows + radius, length - 1), axis)
        lower = np.take(sums, np.maximum(rows - radius, 0), axis)
        first = np.take(mask, np.maximum(rows - radius, 0), axis)
        mask = upper - lower + first > 0
    return mask


def detail(cut, reference, show):
    """Row 10: thin parts of pictures of 6 megapixels, beside the universal service enlarged."""
    rows, ratios = [], []
    for scene in scenes.large():
        size = scene.picture.size
        fine = cut(HD, scene.picture, scene.name)
        scale = UNIVERSAL_SIDE / max(size)
        small = scene.picture.resize([round(v * scale) for v in size], Image.Resampling.LANCZOS)
        coarse = cut(UNIVERSAL, small, f"large {scene.name}")
        coarse = None if coarse is None else scenes.resized(coarse, size)
        band = dilated((scene.truth > 0.02) & (scene.truth < 0.98), BAND_PX)
        errors = [1.0 if a is None else float(np.abs(a - scene.truth)[band].mean())
                  for a in (fine, coarse)]
        ratios.append(errors[0] / max(errors[1], 1e-9))
        rows.append((scene.name, *(f"{error:.4f}" for error in errors), f"{ratios[-1]:.3f}"))
    if show:
        harness.table(("scene", "HD, error in the band", "universal enlarged", "ratio"), rows)
    yield Figure("boundary error, HD / universal enlarged, mean", mean(ratios), "<=", 0.6)
    yield Figure("boundary error, HD / universal enlarged, worst", max(ratios), "<=", 0.6)


def pieces(mask):
    """Sizes of the connected components of a mask, the largest first, as shares of the picture."""
    image, sizes = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).copy(), []
    while True:
        found = np.flatnonzero(np.asarray(image) == 255)
        if not len(found):
            return sorted((s / mask.size for s in sizes), reverse=True)
        ImageDraw.floodfill(image, (int(found[0] % image.width), int(found[0] // image.width)), 128)
        now = np.asarray(image)
        sizes.append(int((now == 128).sum()))
        image = Image.fromarray(np.where(now == 128, 0, now).astype(np.uint8)).copy()


def skin(photo, face):
    """Where a photo has the colour of the skin of a face."""
    planes = np.asarray(photo.convert("YCbCr"), dtype=float)
    left, top, right, bottom = face
    width, height = right - left, bottom - top
    cheeks = planes[top + int(0.45 * height):top + int(0.75 * height),
                    left + int(0.2 * width):left + int(0.8 * width)]
    away = np.abs(planes - np.median(cheeks.reshape(-1, 3), axis=0))
    return (away[..., 0] < 55) & (away[..., 1] < 9) & (away[..., 2] < 9)


def garments(cut, reference, show):
    """Row 1: garments without shreds, rims of heads and skin."""
    rows, found = [], {"shreds": [], "ring": [], "skin": [], "worn": []}
    for name in PEOPLE:
        photo, (left, top, right, bottom) = scenes.photo(name), FACES[name]
        alpha = cut(APPAREL, photo, name)
        alpha = np.zeros(photo.size[::-1]) if alpha is None else alpha
        shreds = sum(size > SHRED_MIN for size in pieces(alpha >= 0.5)[1:])
        width, height = right - left, bottom - top
        head = np.zeros_like(alpha)
        head[max(0, top - height // 2):round(bottom - CHIN * height),
             left - width // 6:right + width // 6] = 1
        total = max(alpha.sum(), 1)
        ring, bare = (alpha * head).sum() / total, (alpha * skin(photo, FACES[name])).sum() / total
        person = reference(PORTRAIT, photo, name)
        control = share(skin(photo, FACES[name]).astype(float), person)
        for key, value in zip(found, (shreds, ring, bare, alpha.max() >= 0.5)):
            found[key].append(float(value))
        rows.append((name, shreds, f"{ring:.4f}", f"{bare:.4f}", f"{control:.4f}",
                     f"{alpha.mean():.3f}"))
        if name == "standing.png":
            overlap = iou(alpha, worn(photo))
    if show:
        harness.table(("photo", "shreds", "beside the face", "skin", "skin of the whole person",
                       "share of the photo"), rows)
    yield Figure(f"photos with a garment found, of {len(rows)}", sum(found["worn"]), ">=", len(rows))
    yield Figure("shreds", sum(found["shreds"]), "<=", 0)
    yield Figure("garment beside and above the face, largest share", max(found["ring"]), "<=", 0.005)
    yield Figure("skin in the garment, largest share", max(found["skin"]), "<=", 0.01)
    yield Figure("standing.png, IoU with shirt and trousers", overlap, ">=", IOU_MIN)


def worn(photo):
    """Shirt and trousers of standing.png, which are drawn in two plain colours."""
    pixels = np.asarray(photo)
    colours = ((190, 70, 50), (40, 46, 80))
    return np.any([(pixels == colour).all(-1) for colour in colours], axis=0).astype(float)


ROWS = {"reflections": reflections, "food": food, "shapes": shapes, "detail": detail,
        "garments": garments}


def report(title, figures, controls):
    """Prints the figures of a row beside those of the wrong answers; answers whether all is well."""
    wrong = list(zip(*controls))
    rows = [(f.name, f"{f.value:.4g}", f"{f.sign} {f.target:.4g}", *(f"{w.value:.4g}" for w in others))
            for f, others in zip(figures, wrong)]
    harness.table((title, "found", "wanted", *(answer.__name__ for answer in WRONG)), rows)
    met = [harness.verdict(f.name, f.holds(), f"{f.value:.4g} (wanted {f.sign} {f.target:.4g})")
           for f in figures]
    for figure, others in zip(figures, wrong):
        if all(other.holds() for other in others):
            met.append(harness.verdict(f"control of '{figure.name}'", False,
                                       "all wrong answers meet the target"))
    return all(met)


def main():
    """Measures the rows and judges."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--keep", metavar="FOLDER", help="keep the cut-outs on magenta")
    options = parser.parse_args()
    print(harness.machine())
    met = []
    with harness.Server(options.binary, options.set) as server:
        service = Service(server, options.keep)
        for name in options.only:
            row = ROWS[name]
            print(f"\n{row.__doc__}", flush=True)
            figures = list(row(service, service, True))
            controls = [list(row(wrong, service, False)) for wrong in WRONG]
            met.append(report(name, figures, controls))
    raise SystemExit(not all(met))


if __name__ == "__main__":
    main()

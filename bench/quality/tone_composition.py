"""Scores, references, crops, cards and cartoons: rows 8 and 15 of `tones.py`."""

import io
import math

import tone_pictures as tp

import numpy as np
from PIL import Image, ImageFilter, ImageOps

SCORED = ("astronaut.png", "coffee.png", "china.jpg", "grace_hopper.jpg", "chelsea.png", "rocket.jpg")
FACES = ("astronaut.png", "grace_hopper.jpg", "short_hair.png")
SUBJECTS = ("chelsea.png", "astronaut.png", "coffee.png", "rocket.jpg", "flower.jpg")
DRAWN = ("astronaut.png", "grace_hopper.jpg", "chelsea.png", "coffee.png", "flower.jpg", "rocket.jpg")
# Borders in shares of the photo's sides: left, top, right, bottom. The subject lies far off the centre.
BORDERS = ((0.15, 0.15, 0.9, 0.5), (0.9, 0.6, 0.15, 0.15))
FORMATS = ((400, 400), (640, 360), (360, 640), (480, 360))


def noisy(picture, sigma):
    """A photo with noise, the same one each time."""
    grain = np.random.default_rng(3).normal(0, 1, tp.values(picture).shape)
    return tp.image(tp.values(picture) + sigma * grain)


def tilted(picture, degrees):
    """A photo turned about its centre. Whatever the angle the same part is seen, one that needs no
    corner even at 20 degrees, so that nothing but the angle differs."""
    (width, height), most = picture.size, math.radians(20)
    across = width * math.cos(most) + height * math.sin(most)
    down = width * math.sin(most) + height * math.cos(most)
    share = min(width / across, height / down)
    turned = picture.rotate(degrees, Image.Resampling.BICUBIC)
    return turned.crop([round(v) for v in (width * (1 - share) / 2, height * (1 - share) / 2,
                                           width * (1 + share) / 2, height * (1 + share) / 2)])


def cropped(picture, share, centre):
    """A part of so much of both sides, whose right and lower edge come ever nearer to the subject's
    centre until they pass through it at a share of 0.3."""
    box = []
    for length, middle in zip(picture.size, centre):
        end = middle + (length - middle) * (share - 0.3) / 0.7
        start = max(0, end - share * length)
        box.append((start, end))
    return picture.crop([round(v) for v in (box[0][0], box[1][0], box[0][1], box[1][1])])


def series(services, picture):
    """Each degradation with its pictures, from none on."""
    y, x = np.nonzero(services.subject(picture))
    centre = (x.mean(), y.mean()) if len(x) else (picture.width / 2, picture.height / 2)
    return {
        "blur": [tp.blurred(picture, s) for s in (0, 1, 2, 4, 8)],
        "noise": [noisy(picture, s) for s in (0, 10, 20, 40, 80)],
        "JPEG": [tp.jpeg(picture, q) for q in (95, 60, 30, 15, 5)],
        "tilt": [tilted(picture, d) for d in (0, 3, 7, 12, 20)],
        "dark": [tp.from_linear(f * tp.to_linear(picture)) for f in (1, 0.6, 0.4, 0.25, 0.12)],
        "crop": [cropped(picture, s, centre) for s in (1, 0.8, 0.6, 0.45, 0.3)],
    }


def ranks(values):
    """Ranks from 0 on; equal values share their mean rank."""
    values = np.asarray(values)
    return np.array([(values < v).sum() + ((values == v).sum() - 1) / 2 for v in values])


def spearman(values):
    """The rank correlation of values with their place; 0 where all are equal."""
    one, two = ranks(values), np.arange(len(values))
    return 0.0 if one.std() == 0 else float(np.corrcoef(one, two)[0, 1])


def row8(services, photos, figures):
    """How well the score falls with the strength of a degradation."""
    falls, wrong = {}, {}
    for name in SCORED[:photos]:
        for kind, pictures in series(services, tp.photo(name)).items():
            scores = [services.ask(tp.SCORE, {"image": p})["data"]["score"] for p in pictures]
            falls.setdefault(kind, []).append(-spearman(scores))
            wrong.setdefault(kind, []).append(-spearman([tp.luminance(p) for p in pictures]))
            figures.note(f"{kind}, {name}", " ".join(f"{s:.2f}" for s in scores))
    for kind, each in falls.items():
        figures.note(f"{kind}, -rho of each photo", " ".join(f"{v:.2f}" for v in each))
        figures.shown(f"{kind}: mean -rho (control: mean luminance)", np.mean(each), np.mean(wrong[kind]))
    mean = lambda values: np.mean([np.mean(each) for each in values.values()])
    figures.least("all: mean -rho (control: mean luminance for a score)", mean(falls), 0.8,
                  control=mean(wrong))


def references():
    """Pictures of strong colours."""
    china, flower = tp.photo("china.jpg"), tp.photo("flower.jpg")
    return {
        "blue": tp.graded(china, (4, 14, 70), (30, 90, 200), (160, 210, 250)),
        "green": tp.graded(flower, (4, 40, 10), (50, 150, 60), (190, 240, 160)),
        "orange": tp.graded(china, (60, 20, 0), (230, 120, 20), (255, 220, 140)),
        "dark": tp.from_linear(0.12 * tp.to_linear(tp.photo("rocket.jpg"))),
    }


def matched(picture, style):
    """The means and deviations of the style in L*a*b* (Reinhard et al. 2001), here of RGB in gamma."""
    own, other = tp.values(picture), tp.values(style)
    moved = (own - own.mean(axis=(0, 1))) / (own.std(axis=(0, 1)) + 1e-6)
    return tp.image(moved * other.std(axis=(0, 1)) + other.mean(axis=(0, 1)))


def retouching(services, photos, figures):
    """Skin keeps its hue whatever the reference; the photo takes some of the reference's colour."""
    turns, wrong, nearer = [], [], []
    for name in FACES[:photos]:
        clear = tp.photo(name)
        where = tp.skin(clear, services.face(clear))
        own, rest = tp.hue_of(clear, where), ~where
        for kind, style in references().items():
            found = services.picture(tp.RETOUCH, {"image": clear, "style": style},
                                     f"15-retouch-{kind}-{name}")
            turned = tp.turn(own, tp.hue_of(found, where))
            turns.append(turned)
            wrong.append(tp.turn(own, tp.hue_of(matched(clear, style), where)))
            middle = lambda p: tp.lab(p).reshape(-1, 3).mean(axis=0)
            away = lambda p: np.linalg.norm(tp.lab(p)[rest].mean(axis=0) - middle(style))
            nearer.append(1 - away(found) / away(clear))
            figures.note(f"retouching, {kind}, {name}: skin turned, share of the way to the style",
                         f"{turned:.1f} degrees, {nearer[-1]:.2f}")
    figures.most("retouching: skin's hue, most degrees (control: means and deviations)",
                 max(turns), 8, control=max(wrong))
    figures.least("retouching: share of the way to the style's mean colour", np.mean(nearer), 0.3,
                  control=0.0)


def bordered(picture, borders):
    """A photo with wide borders that continue its edges and are calm."""
    width, height = picture.size
    left, top, right, bottom = [round(share * side) for share, side in
                                zip(borders, (width, height, width, height))]
    wide = np.pad(np.asarray(picture), ((top, bottom), (left, right), (0, 0)), mode="edge")
    # Blurred without the photo, whose content must not go on in the border.
    soft = Image.fromarray(wide).filter(ImageFilter.GaussianBlur(24))
    soft.paste(picture, (left, top))
    scale = min(1, math.sqrt(tp.PIXELS_MAX / (soft.width * soft.height)))
    return soft.resize((round(soft.width * scale), round(soft.height * scale)),
                       Image.Resampling.LANCZOS)


def largest(mask):
    """The box of the largest connected part of a mask, and its share of the mask."""
    step = max(1, max(mask.shape) // 200)
    open_cells = set(zip(*(part.tolist() for part in np.nonzero(mask[::step, ::step]))))
    total, best = len(open_cells), []
    while open_cells:
        part = [open_cells.pop()]
        for y, x in part:
            near = {(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)} & open_cells
            open_cells -= near
            part.extend(near)
        best = max(best, part, key=len)
    if not best:
        return [0, 0, 0, 0], 0.0
    y, x = step * np.array(best).T
    return [x.min(), y.min(), x.max() + step, y.max() + step], len(best) / total


def outside(box, crop):
    """How far a box reaches out of a crop in pixels."""
    return max(crop[0] - box[0], crop[1] - box[1], box[2] - crop[2], box[3] - crop[3], 0)


def crops(services, photos, figures):
    """Crops that could keep the subject whole do."""
    cuts, counted, far, centred = 0, 0, 0.0, 0
    for name in SUBJECTS[:photos]:
        for number, borders in enumerate(BORDERS):
            picture = bordered(tp.photo(name), borders)
            box, share = largest(services.subject(picture))
            if share < 0.8:
                figures.note(f"{name}, borders {number}", "not one subject, left out")
                continue
            # The rim of a mask is no sharper than a hundredth of the picture.
            allowed = 0.01 * max(picture.size)
            for kind, crop in proposed(services, picture, name, number):
                size = [crop[2] - crop[0], crop[3] - crop[1]]
                grown = min(w / s for w, s in zip(picture.size, size))
                # A proposal could have been larger; a crop to a size could not.
                possible = all(grown * s >= b for s, b in
                               zip(size, (box[2] - box[0], box[3] - box[1])))
                if not possible:
                    continue
                middle = [(w - s) / 2 for w, s in zip(picture.size, size)]
                centre = middle + [m + s for m, s in zip(middle, size)]
                counted, centred = counted + 1, centred + (outside(box, centre) > allowed)
                far = max(far, outside(box, crop) / max(picture.size))
                if outside(box, crop) > allowed:
                    cuts += 1
                    figures.note(f"{name}, borders {number}, {kind}: subject cut by",
                                 f"{outside(box, crop):.0f} px: box {[int(v) for v in box]}, "
                                 f"crop {[round(v) for v in crop]} of {picture.size}")
    figures.note("crops that could keep the subject; the most cut, share of the long side",
                 f"{counted}; {far:.3f}")
    figures.most("crops that cut the subject (control: centred ones)", cuts, 0, control=centred)


def proposed(services, picture, name, number):
    """The crops that both services make of a picture: what made it, edges in its pixels."""
    answer = services.ask(tp.COMPOSE, {"image": picture}, num_boxes=10)
    for place, each in enumerate(answer["data"]["elements"]):
        crop = [each["min_x"], each["min_y"], each["max_x"], each["max_y"]]
        if services.keep and place < 3:
            picture.crop(crop).save(services.keep / f"15-compose-{name}-{number}-{place}.png")
        yield f"proposal {place}", crop
    for width, height in FORMATS:
        answer = services.ask(tp.CROP, {"image": picture}, width=width, height=height)
        whole = answer["data"]["retain_location"]
        scale = picture.width / whole["width"]
        left, top = -whole["x"] * scale, -whole["y"] * scale
        crop = [left, top, left + width * scale, top + height * scale]
        if services.keep:
            picture.crop([round(v) for v in crop]).save(
                services.keep / f"15-crop-{name}-{number}-{width}x{height}.png")
        yield f"{width} x {height}", crop


def head(services, picture):
    """The box of the largest head: of the first cut-out's visible part, in the photo."""
    answer = services.ask("/api/cutout/portrait/avatar-extraction", {"image": picture})
    part = answer["data"]["elements"][0]
    content = services.client.download(part["image_url"]).body
    alpha = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))[..., 3] > 127
    y, x = np.nonzero(alpha)
    box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], dtype=float)
    if alpha.shape != (picture.height, picture.width):
        corner = [part[key] for key in ("x", "y")] if "x" in part else [0, 0]
        box += np.array(corner * 2)
    return box


def cards(services, photos, figures):
    """The card of a face shows the whole head with a margin: head and surroundings in the photo are
    found at their place on the card."""
    least, wrong = [], []
    for name in FACES[:photos]:
        picture = tp.photo(name)
        card = services.picture(tp.RATING, picture, f"15-card-{name}")
        own, drawn = services.face(picture), services.face(card)
        if not drawn:
            figures.note(f"card of {name}", "no face found on it")
            least.append(0.0)
            continue
        box = head(services, picture)
        margin = 0.06 * (box[3] - box[1])
        around = np.clip(box + margin * np.array([-1, -1, 1, 0]), 0, [*picture.size] * 2)
        scale, place = located(picture, card, box, own, drawn)
        least.append(alike(picture, card, around, scale, place))
        wrong.append(alike(picture, card, around, scale, place + 0.3 * scale * own[2]))
        figures.note(f"card of {name}: head with margin as in the photo, share; beside it",
                     f"{least[-1]:.2f}; {wrong[-1]:.2f}")
    figures.least("cards: share of head and margin as in the photo (control: beside its place)",
                  min(least), 0.9, control=max(wrong, default=None))


def located(picture, card, box, own, drawn):
    """The photo's scale and place on a card, near what both boxes of the face say: where the head has
    the smallest difference."""
    best = None
    for scale in drawn[2] / own[2] * np.linspace(0.85, 1.18, 12):
        # The middle of the face stays, but for a tenth of its size.
        middle = [d + e / 2 - scale * (o + p / 2) for d, e, o, p in
                  zip(drawn[:2], drawn[2:], own[:2], own[2:])]
        for x in np.linspace(-0.1, 0.1, 9) * drawn[2]:
            for y in np.linspace(-0.2, 0.2, 17) * drawn[2]:
                place = np.array(middle) + [x, y]
                off = difference(picture, card, box, scale, place, 24).mean()
                if best is None or off < best[0]:
                    best = off, scale, place
    return best[1:]


def difference(picture, card, box, scale, place, width):
    """By how much the luma of a part of the photo differs from its place on the card, seen so wide."""
    size = (width, max(1, round(width * (box[3] - box[1]) / (box[2] - box[0]))))
    spot = box * scale + np.tile(place, 2)
    part = lambda p, b: tp.values(p.resize(size, Image.Resampling.BILINEAR, reducing_gap=None,
                                           box=tuple(b)).convert("L"))
    inside = np.clip(spot, 0, [*card.size] * 2)
    if np.abs(spot - inside).max() > 1:
        return np.full(size[::-1], 255.0)
    return np.abs(part(picture, box) - part(card, inside))


def alike(picture, card, box, scale, place):
    """The share of a part of the photo that differs by no more than 40 levels from its place."""
    return float((difference(picture, card, box, scale, place, 96) <= 40).mean())


def cartoons(services, photos, figures):
    """Cartoons are flat, and their subjects have outlines."""
    more, flat, lined, own, plain = [], [], [], [], []
    for name in DRAWN[:photos]:
        picture = tp.photo(name)
        drawn = services.picture(tp.STYLE, picture, f"15-cartoon-{name}", option="cartoon")
        subject = services.subject(picture)
        flat.append(flat_share(drawn))
        own.append(flat_share(picture))
        more.append(flat[-1] - own[-1])
        lined.append(outlined_share(drawn, subject))
        plain.append(outlined_share(ImageOps.posterize(tp.blurred(picture, 2), 3), subject))
        figures.note(f"cartoon, {name}: flat in the photo and the cartoon, outlined",
                     f"{own[-1]:.2f}, {flat[-1]:.2f}, {lined[-1]:.2f}")
    figures.least("cartoons: least flat share", min(flat), 0.35, control=min(own))
    figures.least("cartoons: least gain in flat share", min(more), 0.08, control=0.0)
    figures.least("cartoons: least share of the outline with ink (control: posterised)",
                  min(lined), 0.9, control=min(plain))


def flat_share(picture):
    """The share of pixels of which no channel changes by more than three steps within two pixels."""
    v = tp.values(picture)
    inner = v[2:-2, 2:-2]
    others = (v[2:-2, :-4], v[2:-2, 4:], v[:-4, 2:-2], v[4:, 2:-2])
    return float(np.all([np.abs(inner - o).max(axis=-1) <= 3 for o in others], axis=0).mean())


def outlined_share(picture, subject, reach=4, dark=90):
    """The share of a subject's outline that has a dark pixel within reach."""
    inner = subject[1:-1, 1:-1]
    ring = np.zeros_like(subject)
    ring[1:-1, 1:-1] = inner & ~(subject[1:-1, 2:] & subject[2:, 1:-1] & subject[1:-1, :-2]
                                 & subject[:-2, 1:-1])
    ink = tp.values(picture.convert("L")) < dark
    near = Image.fromarray(ink).convert("L").filter(ImageFilter.MaxFilter(2 * reach + 1))
    return float((np.asarray(near) > 0)[ring].mean()) if ring.any() else 0.0


def row15(services, photos, figures):
    """References, crops, cards and cartoons."""
    retouching(services, photos, figures)
    crops(services, photos, figures)
    cards(services, photos, figures)
    cartoons(services, photos, figures)

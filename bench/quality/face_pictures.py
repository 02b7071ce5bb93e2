"""Pictures for faces.py: portraits changed in known ways, lines and spots drawn on skin, things like faces.

All are made from `photos/` or drawn, the same at every run.
"""

import io
import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from harness import ROOT

GRAY = (128, 128, 128)
# Pupils, tip of the nose and corners of the mouth in the photo's pixels, and the box of the face.
POINTS = {
    "astronaut.png": ((204, 102), (248, 104), (226, 127), (207, 141), (243, 141)),
    "grace_hopper.jpg": ((223, 199), (308, 199), (267, 243), (236, 277), (301, 277)),
    "short_hair.png": ((194, 202), (279, 206), (236, 250), (195, 282), (268, 282)),
}
BOXES = {
    "astronaut.png": (180, 65, 89, 111),
    "grace_hopper.jpg": (182, 130, 169, 201),
    "short_hair.png": (148, 133, 175, 216),
}
NO_FACE = ("coffee.png", "chelsea.png", "china.jpg", "flower.jpg", "rocket.jpg", "text.png")
# How strongly lines and spots are drawn, 0 not at all.
STRENGTHS = (0, 0.12, 0.25, 0.4, 0.6)
# Lines are narrow: this much of it is already a strong one.
FAINT = 0.4
# Places on a cheek that are apart from each other and from the fold beside the mouth.
CHEEK = ((0.56, 0.48), (0.76, 0.5), (0.64, 0.63), (0.8, 0.67))


@dataclass
class Scene:
    """A picture, and where its faces are: middle and half axis of a circle on each."""

    name: str
    picture: Image.Image
    faces: list
    group: str = ""


def photo(name):
    """A photo of the repository in RGB."""
    return Image.open(ROOT / "photos" / name).convert("RGB")


def encoded(picture, **options):
    """PNG, or what `format` says."""
    out = io.BytesIO()
    picture.save(out, **{"format": "PNG", **options})
    return out.getvalue()


def see_through(picture):
    """The same with one pixel not quite opaque: the answer to it is a PNG, which has no noise."""
    picture = picture.convert("RGBA")
    picture.putpixel((0, 0), picture.getpixel((0, 0))[:3] + (254,))
    return picture


def around(name, size, reach=2.0, turned=0, wide=1.0, mirrored=False):
    """A square around a portrait's face whose box is so many pixels high, in known places.

    `reach` is the square's side by the face's; `wide` stretches it sideways.
    """
    x, y, width, height = BOXES[name]
    middle, scale = (x + width / 2, y + height / 2), size / height
    side = round(reach * size)
    cos, sin = (turn(math.radians(turned)) / scale for turn in (math.cos, math.sin))
    across = (-1 if mirrored else 1) / wide
    a, b, d, e = across * cos, across * sin, -sin, cos
    matrix = (a, b, middle[0] - (a + b) * side / 2, d, e, middle[1] - (d + e) * side / 2)
    source = photo(name)
    if scale < 1:  # transform does not average
        source = source.filter(ImageFilter.GaussianBlur(0.45 / scale))
    picture = source.transform((side, side), Image.Transform.AFFINE, matrix,
                               Image.Resampling.BICUBIC, fillcolor=GRAY)
    return picture, [(side / 2, side / 2, 0.36 * size * min(1, wide))]


def placed(name, size):
    """A portrait whose face has so many pixels on the photo of a cup."""
    ground = photo("coffee.png").resize((700, 467))
    picture, [(x, y, radius)] = around(name, size, min(2.2, 440 / size))
    ground.paste(picture, (60, 13))
    return ground, [(x + 60, y + 13, radius)]


def grid(names, columns, rows, size):
    """Several faces in rows and columns."""
    side = round(1.6 * size)
    ground, faces = Image.new("RGB", (columns * side, rows * side), GRAY), []
    for place in range(columns * rows):
        left, top = place % columns * side, place // columns * side
        picture, [(x, y, radius)] = around(names[place % len(names)], size, 1.6)
        ground.paste(picture, (left, top))
        faces.append((x + left, y + top, radius))
    return ground, faces


def halves(name, size=160):
    """Faces that the picture's edge cuts: name, picture, the middle of what is left of the face."""
    picture, [(x, y, radius)] = around(name, size, 2.4)
    half = size * BOXES[name][2] / BOXES[name][3] / 2
    side = picture.width
    for share in (0.5, 0.65):
        cut = round(x - half + 2 * half * share)
        left = picture.crop((0, 0, cut, side))
        yield f"{share:.0%} at the right edge", left, [(cut - half * share, y, radius * share)]
        cut = round(x + half - 2 * half * share)
        right = picture.crop((cut, 0, side, side))
        yield f"{share:.0%} at the left edge", right, [(half * share, y, radius * share)]
    eyes, nose = POINTS[name][0][1], POINTS[name][2][1]
    below = (eyes + 0.45 * (nose - eyes) - BOXES[name][1]) / BOXES[name][3]
    cut = round(y - size / 2 + size * below)
    top = picture.crop((0, 0, side, cut))
    yield "cut below the eyes", top, [(x, cut - size * below / 2, radius * below)]


def scenes(few):
    """Portraits as they may lie in a photo."""
    names = list(BOXES)[:1] if few else list(BOXES)
    for name in names:
        stem = name.split(".")[0]
        for size in (24, 32, 40, 60, 100, 200, 300)[::3 if few else 1]:
            yield Scene(f"{stem} {size} px on a photo", *placed(name, size), "upright")
        for mirrored in (False, True):
            made = around(name, 220, 2.4, mirrored=mirrored)
            yield Scene(f"{stem}{' mirrored' if mirrored else ''}", *made, "upright")
        for turned in (15, 30, 45, 90, 180, -30, -90):
            for size in (60, 200):
                made = around(name, size, 2.6, turned=turned)
                yield Scene(f"{stem} {size} px turned {turned}", *made, "turned")
        for size in (60, 200):
            yield Scene(f"{stem} {size} px squeezed", *around(name, size, 2.4, wide=0.6), "squeezed")
        for what, picture, faces in halves(name):
            yield Scene(f"{stem} {what}", picture, faces, "half")
    for columns, rows, size in ((3, 2, 120), (5, 4, 70), (10, 6, 36)):
        yield Scene(f"{columns} x {rows} of {size} px", *grid(names, columns, rows, size), "grid")


def faceless(count, seed=5):
    """The photos without faces and so many random cuts of them."""
    for name in NO_FACE:
        yield name, photo(name)
    dice = random.Random(seed)
    for number in range(count):
        name = dice.choice(NO_FACE)
        source = photo(name)
        width, height = (min(dice.randint(160, 400), length) for length in source.size)
        left, top = dice.randint(0, source.width - width), dice.randint(0, source.height - height)
        yield f"{number} {name} {left} {top}", source.crop((left, top, left + width, top + height))


# Skin: everything in distances between the pupils from the point between them, x and y.

def close_up(name, pupils=160):
    """A portrait with so many pixels between the pupils, and that frame as a function of the picture."""
    (ax, ay), (bx, by), *_ = POINTS[name]
    unit = math.dist((ax, ay), (bx, by))
    scale = pupils / unit
    width, height = 4.0 * pupils, 4.7 * pupils
    middle = ((ax + bx) / 2, (ay + by) / 2)
    left, top = middle[0] - width / 2 / scale, middle[1] - 1.95 * pupils / scale
    cut = photo(name).transform((round(width), round(height)), Image.Transform.AFFINE,
                                (1 / scale, 0, left, 0, 1 / scale, top), Image.Resampling.BICUBIC,
                                fillcolor=GRAY)
    lean = (by - ay) / (bx - ax)

    def place(x, y):
        return ((middle[0] - left) * scale + pupils * (x - lean * y),
                (middle[1] - top) * scale + pupils * (y + lean * x))
    return cut, place


def paths(sign, name):
    """The lines of a sign, each a row of places."""
    (ax, ay), (bx, by), nose, left, right = POINTS[name]
    unit, eyes = math.dist((ax, ay), (bx, by)), (ay + by) / 2
    wing, mouth, corner = (nose[1] - eyes) / unit, (left[1] - eyes) / unit, (right[0] - left[0]) / 2 / unit
    steps = [step / 8 for step in range(-8, 9)]
    if sign == "forehead_wrinkle":
        return [[(0.6 * t, y - 0.05 * t * t) for t in steps] for y in (-0.66, -0.79, -0.92)]
    if sign == "glabella_wrinkle":
        return [[(x, -0.28 + 0.16 * t) for t in steps] for x in (-0.08, 0.07)]
    lines = []
    for side in (-1, 1):
        if sign == "eye_finelines":
            lines += [[(side * (0.5 + 0.2 * t), y - 0.06 * t * t) for t in steps]
                      for y in (0.29, 0.36, 0.43)]
        if sign == "crows_feet":
            lines += [[(side * (0.80 + 0.11 * (t + 1) * math.cos(turn)), 0.02 + 0.11 * (t + 1) * math.sin(turn))
                       for t in steps] for turn in (-0.45, 0, 0.45)]
        if sign == "nasolabial_fold":
            lines.append([(side * (0.31 + (corner - 0.17) * (t + 1) / 2 + 0.05 * (1 - t * t)),
                           wing + (mouth - wing) * (t + 1) / 2) for t in steps])
        if sign == "eye_pouch":
            lines.append([(side * (0.5 + 0.24 * t), 0.27 - 0.1 * t * t) for t in steps])
    return lines


def aged(name, signs, strength):
    """A portrait with several signs drawn so strongly."""
    picture, place = close_up(name)
    for sign in signs:
        draw = lined if paths(sign, name) else spotted
        picture = draw(picture, place, name, sign, strength)
    return picture


def lined(picture, place, name, sign, strength):
    """Draws lines: dark strokes with light edges."""
    wide = 0.05 if sign in ("nasolabial_fold", "eye_pouch") else 0.022
    strength *= 1 if sign == "eye_pouch" else FAINT
    dark, light = Image.new("L", picture.size), Image.new("L", picture.size)
    for path in paths(sign, name):
        points = [place(x, y) for x, y in path]
        ImageDraw.Draw(dark).line(points, 255, round(160 * wide), "curve")
        ImageDraw.Draw(light).line(points, 255, round(160 * 3 * wide), "curve")
    dark, light = (mask.filter(ImageFilter.GaussianBlur(160 * wide * 0.4)) for mask in (dark, light))
    edges = ImageChops.subtract(light, dark)
    picture = Image.composite(picture.point(lambda v: min(255, round(v * 1.08))), picture,
                              edges.point(lambda v: round(v * strength)))
    return Image.composite(picture.point(lambda v: round(v * 0.35)), picture,
                           dark.point(lambda v: round(v * strength)))


def spotted(picture, place, name, sign, strength):
    """Draws spots: their strength is that of their colour, of blackheads their number."""
    dice, mask = random.Random(3), Image.new("L", picture.size)
    tip = (POINTS[name][2][1] - sum(y for _, y in POINTS[name][:2]) / 2) / math.dist(*POINTS[name][:2])
    count, radius, color = {"acne": (8, 0.03, (1.1, 0.45, 0.45)), "blackhead": (230, 0.007, (0.3, 0.3, 0.3)),
                            "mole": (2, 0.03, (0.3, 0.22, 0.2)), "skin_spot": (6, 0.05, (0.82, 0.66, 0.5)),
                            "dark_circle": (2, 0.2, (0.6, 0.45, 0.5))}[sign]
    if sign == "blackhead":
        count, strength = round(count * strength), 0.5
    for number in range(count):
        side = (-1, 1)[number % 2]
        x, y = side * CHEEK[number // 2 % 4][0], CHEEK[number // 2 % 4][1]
        if sign == "blackhead":
            x, y = dice.uniform(-0.17, 0.17), tip - dice.uniform(-0.06, 0.36)
        tall = radius
        if sign == "dark_circle":
            x, y, tall = side * 0.48, 0.27, 0.09
        (x, y), across = place(x, y), 160
        ImageDraw.Draw(mask).ellipse((x - across * radius, y - across * tall,
                                      x + across * radius, y + across * tall), 255)
    soft = 0.05 if sign == "dark_circle" else 0.3 * radius
    mask = mask.filter(ImageFilter.GaussianBlur(160 * soft)).point(lambda v: round(v * min(1, 1.4 * strength)))
    bands = [band.point(lambda v, k=k: min(255, round(v * k))) for band, k in zip(picture.split(), color)]
    return Image.composite(Image.merge("RGB", bands), picture, mask)

"""Pictures for `cutouts.py`: drawn subjects on studio grounds, and people of the photos beside food."""

import functools
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import drawn
from harness import ROOT

WIDTH, HEIGHT = 640, 480
FOOT = 330  # row on which goods stand
REFLECTION_MIN = 0.08  # fainter shares of a reflection are not visible
NOISE = 1.5
# Cup and saucer of coffee.png, traced: boxes of ellipses.
COFFEE = ((77, 66, 480, 390), (172, 18, 408, 208), (196, 100, 392, 288), (196, 230, 264, 308))


@dataclass
class Scene:
    """A picture, the alpha of its subject, and the weights (0 to 1) of one more part of it."""

    name: str
    picture: Image.Image
    truth: np.ndarray
    part: np.ndarray = None


def once(make):
    """Draws scenes at the first call and keeps them."""
    return functools.cache(functools.wraps(make)(lambda *words: tuple(make(*words))))


def saved(pixels, seed=11, noise=NOISE):
    """Pixels with the noise of a camera as a picture."""
    grain = np.random.default_rng(seed).normal(0, noise, pixels.shape)
    return Image.fromarray(np.clip(pixels + grain + 0.5, 0, 255).astype(np.uint8))


def over(layer, ground):
    """A layer on a ground."""
    alpha = layer.alpha[..., None]
    return alpha * layer.colours + (1 - alpha) * ground


def render(draw, rounded, colour, foot=FOOT, size=(WIDTH, HEIGHT), finer=drawn.FINER, x=None):
    """A drawn subject in the middle of a picture, with its foot on a row."""
    pen = drawn.Pen(size, (size[0] // 2 if x is None else x, foot), finer)
    draw(pen, colour)
    return pen.layer(rounded)


def ground(kind, colour=(238, 238, 236), size=(WIDTH, HEIGHT)):
    """A studio ground: `plain`, `graded` from its middle, or `floor`, a wall that bends into a floor."""
    y, x = np.mgrid[0:size[1], 0:size[0]].astype(float)
    light = np.ones_like(x)
    if kind == "graded":
        light = 1 - 0.22 * np.hypot((x - size[0] / 2) / size[0], (y - size[1] * 0.6) / size[1]) * 1.6
    elif kind == "floor":
        light = 0.86 + 0.14 / (1 + np.exp(-(y - size[1] * 0.58) / 14))
    return np.asarray(colour, dtype=float) * light[..., None]


GROUNDS = [("plain", (238, 238, 236)), ("graded", (226, 228, 232)), ("floor", (232, 230, 226)),
           ("plain", (206, 214, 220)), ("graded", (246, 246, 246)), ("plain", (84, 88, 96))]


def contact_shadow(alpha, depth=0.35, foot=FOOT):
    """The light on the ground around a foot."""
    columns = np.flatnonzero(alpha[foot - 12:foot].max(0) > 0.5)
    cast = Image.new("L", alpha.shape[::-1])
    if len(columns):
        box = (columns[0] - 8, foot - 7, columns[-1] + 8, foot + 7)
        ImageDraw.Draw(cast).ellipse(box, fill=255)
    cast = np.asarray(cast.filter(ImageFilter.GaussianBlur(6)), dtype=float) / 255
    return 1 - depth * cast[..., None]


@once
def goods(reflected):
    """Each of the goods on a studio ground, with a fading mirror image below it or without."""
    for index, (draw, rounded, colour) in enumerate(drawn.GOODS):
        kind, tone = GROUNDS[index % len(GROUNDS)]
        layer = render(draw, rounded, colour)
        behind, part = ground(kind, tone), None
        if reflected:
            strength, reach = 0.25 + 0.05 * (index % 5), 0.6 + 0.1 * (index % 4)
            behind, part = mirrored(layer, behind, strength, reach)
        else:
            behind = behind * contact_shadow(layer.alpha)
        name = f"{index:02} {draw.__name__} on {kind} {tone[0]}"
        yield Scene(name, saved(over(layer, behind)), layer.alpha, part)


def mirrored(layer, behind, strength, reach):
    """The ground with the mirror image of a layer, and the weights of that."""
    height = FOOT - np.flatnonzero(layer.alpha.max(1) > 0.5)[0]
    rows = 2 * FOOT - 1 - np.arange(HEIGHT)
    inside = (rows >= 0) & (rows < FOOT)
    rows = np.clip(rows, 0, HEIGHT - 1)
    fade = strength * np.clip(1 - (np.arange(HEIGHT) - FOOT) / (reach * height), 0, 1) * inside
    weights = layer.alpha[rows] * fade[:, None]
    image = drawn.Layer(layer.colours[rows], weights)
    return over(image, behind), weights * (layer.alpha < 0.02)


@once
def alone(entries):
    """Drawn subjects of a list of `drawn`, by themselves on a table."""
    for index, (draw, rounded, own) in enumerate(getattr(drawn, entries)):
        layer = render(draw, rounded, own, 400)
        behind = ground("floor", (196, 178, 158)) * contact_shadow(layer.alpha, foot=400)
        yield Scene(f"{index} {draw.__name__}", saved(over(layer, behind)), layer.alpha)


def photo(name):
    """A photo of the repository."""
    with Image.open(ROOT / "photos" / name) as source:
        return source.convert("RGB")


def coffee_truth(size):
    """Alpha of cup and saucer of coffee.png, traced by hand."""
    mask = Image.new("L", size)
    for box in COFFEE:
        ImageDraw.Draw(mask).ellipse(box, fill=255)
    return np.asarray(mask, dtype=float) / 255


def beside_coffee(name, person, matte):
    """A portrait to the right of the cup, as tall as its photo."""
    cup = photo("coffee.png")
    width = min(400, round(person.width * cup.height / person.height))
    size = (cup.width + width, cup.height)
    picture = Image.new("RGB", size)
    picture.paste(cup, (0, 0))
    picture.paste(person.resize((width, cup.height), Image.Resampling.LANCZOS), (cup.width, 0))
    part, truth = np.zeros(size[::-1]), np.zeros(size[::-1])
    part[:, cup.width:] = resized(matte, (width, cup.height))
    truth[:, :cup.width] = coffee_truth(cup.size)
    return Scene(f"{name} beside coffee.png", picture, truth, part)


def resized(plane, size):
    """A plane of 0 to 1 at another size."""
    image = Image.fromarray(plane.astype(np.float32), "F")
    return np.clip(np.asarray(image.resize(size, Image.Resampling.BILINEAR), dtype=float), 0, 1)


def behind_table(name, person, matte, dish, x=None):
    """A person behind a table on which a drawn dish stands, which hides a part of the person."""
    draw, rounded, colour = dish
    tall = 340
    width = round(person.width * tall / person.height)
    small = np.asarray(person.resize((width, tall), Image.Resampling.LANCZOS), dtype=float)
    alpha, colours = np.zeros((HEIGHT, WIDTH)), np.zeros((HEIGHT, WIDTH, 3))
    left = (WIDTH - width) // 2
    alpha[20:20 + tall, left:left + width] = resized(matte, (width, tall))
    colours[20:20 + tall, left:left + width] = small
    wall = ground("graded", (206, 210, 204))
    pixels = over(drawn.Layer(colours, alpha), wall)
    y, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    wood = np.array((142, 98, 62)) * (1 + 0.05 * np.sin(y * 0.9 + 3 * np.sin(across / 90)))[..., None]
    edge = 352
    pixels[edge:] = wood[edge:]
    alpha[edge:] = 0
    layer = render(draw, rounded, colour, 452, x=x)
    lit = contact_shadow(layer.alpha, foot=452)
    pixels[edge:] = (pixels * lit)[edge:]
    part = alpha * (1 - layer.alpha)
    where = "" if x is None else ", aside"
    return Scene(f"{name} behind {draw.__name__}{where}", saved(over(layer, pixels)), layer.alpha, part)


def enclosed(truth):
    """The ground that a subject encloses: what no way leads to from outside."""
    free = Image.fromarray(np.where(truth < 0.02, 255, 0).astype(np.uint8))
    framed = Image.new("L", (free.width + 2, free.height + 2), 255)
    framed.paste(free, (1, 1))
    ImageDraw.floodfill(framed, (0, 0), 128)
    return (np.asarray(framed)[1:-1, 1:-1] == 255).astype(float)


def letter(pen, colour, text):
    """A bold letter, whose middle is the pen's origin."""
    font = ImageFont.load_default(330 * pen.finer)
    at = [v * pen.finer for v in pen.origin]
    pen.draw.text(at, text, pen.fill(colour), font, anchor="mm", stroke_width=9 * pen.finer)


def torus(pen, colour):
    """A ring."""
    pen.ring(colour, 44, -130, -130, 130, 130)


def bangle(pen, colour):
    """A thin ring that is seen at a slant."""
    pen.ring(colour, 16, -150, -90, 150, 90)


def badge(pen, colour):
    """A disc with a pale label, which is no hole."""
    pen.ellipse(colour, -140, -140, 140, 140)
    pen.ellipse((226, 224, 216), -70, -70, 70, 70)


PAPERS = [("plain", (250, 250, 250)), ("plain", (238, 230, 208)), ("plain", (214, 218, 222)),
          ("graded", (244, 244, 242))]
RINGS = [*((t, c) for t, c in zip("OARB8DPQ", [(30, 30, 34), (190, 30, 40), (30, 60, 150),
          (20, 110, 70), (90, 40, 120), (200, 100, 20), (30, 30, 34), (150, 30, 90)])),
         (torus, (196, 40, 50)), (torus, (50, 80, 160)), (bangle, (180, 140, 50)),
         (drawn.mug, (196, 60, 60)), (drawn.handbag, (140, 66, 50)), (drawn.teapot, (70, 110, 90)),
         (drawn.chair, (96, 64, 40)), (badge, (40, 90, 160)), (badge, (170, 40, 50))]


@once
def rings(noise):
    """What encloses ground, on paper; the part is the enclosed ground, none for badges."""
    for index, (draw, colour) in enumerate(RINGS):
        kind, tone = PAPERS[index % len(PAPERS)]
        upright = draw in (drawn.mug, drawn.handbag, drawn.teapot, drawn.chair)
        own = draw if callable(draw) else lambda pen, c, text=draw: letter(pen, c, text)
        layer = render(own, 0.15 if upright else 0, colour, 400 if upright else HEIGHT // 2)
        name = draw.__name__ if callable(draw) else draw
        behind = ground(kind, tone)
        picture = saved(over(layer, behind), noise=noise)
        yield Scene(f"{index:02} {name} on {kind} {tone[0]}, noise {noise}", picture, layer.alpha,
                    enclosed(layer.alpha))


@once
def legs():
    """Furniture on thin legs; the part is the box of the legs."""
    for index, (draw, colour, top) in enumerate(drawn.LEGS):
        for kind, tone in (PAPERS[0], ("floor", (210, 206, 200))):
            layer = render(draw, 0, colour, 400)
            box = np.zeros_like(layer.alpha)
            columns = np.flatnonzero(layer.alpha.max(0) > 0.5)
            box[400 + top:404, columns[0] - 6:columns[-1] + 7] = 1
            yield Scene(f"{index} {draw.__name__} on {kind} {tone[0]}",
                        saved(over(layer, ground(kind, tone))), layer.alpha, box)


def parcel(pen, c):
    """A box whose front, top and side are lit differently."""
    pen.polygon(c, -110, -130, 60, -130, 60, 0, -110, 0)
    pen.polygon(drawn.shade(c, 1.02), -110, -130, -50, -170, 116, -170, 60, -130)
    pen.polygon(drawn.shade(c, 0.86), 60, -130, 116, -170, 116, -36, 60, 0)


WHITES = [(drawn.mug, 0.16, (246, 246, 245)), (parcel, 0, (237, 237, 237)),
          (drawn.pump, 0.16, (244, 244, 243)), (drawn.vase, 0.18, (244, 243, 240)),
          (drawn.teapot, 0.16, (243, 243, 243)), (drawn.bowl, 0.14, (244, 244, 243))]


@once
def whites():
    """White goods on white ground, with soft light and a soft shadow."""
    for index, (draw, rounded, colour) in enumerate(WHITES):
        layer = render(draw, rounded, colour, 380)
        layer.colours = np.minimum(layer.colours, 250)
        behind = ground("plain", (252, 252, 252)) * contact_shadow(layer.alpha, 0.18, 380)
        yield Scene(f"{index} {draw.__name__}", saved(over(layer, behind)), layer.alpha)


LARGE = (3000, 2000)


def whiskers(pen, c):
    """The head of a cat with whiskers and single hairs."""
    numbers = np.random.default_rng(9)
    for side in (-1, 1):
        pen.polygon(c, side * 430, -980, side * 130, -860, side * 470, -500)
    pen.ellipse(c, -480, -920, 480, -100)
    pen.ellipse(c, -560, -420, 560, 400)
    for _ in range(260):
        turn = numbers.uniform(-np.pi * 1.1, np.pi * 0.1)
        x, y = 470 * np.cos(turn), -510 + 400 * np.sin(turn)
        lean, far = turn + numbers.uniform(-0.5, 0.5), numbers.uniform(40, 150)
        pen.line(shade_any(c, numbers), numbers.uniform(1.5, 4), x, y, x + far * np.cos(lean),
                 y + far * np.sin(lean))
    for side in (-1, 1):
        pen.ellipse((230, 220, 120), side * 190 - 70, -620, side * 190 + 70, -520)
        pen.ellipse((20, 20, 20), side * 190 - 22, -615, side * 190 + 22, -525)
        for row in range(7):
            turns = np.linspace(0, 1, 14)
            far, drop = 880 + 40 * (row % 3), (row - 3) * 90
            points = [v for t in turns for v in (
                side * (110 + far * t), -330 + 8 * row + drop * t + 60 * t * t)]
            for part in range(0, len(points) - 2, 2):
                wide = 6 - 4 * part / len(points)
                pen.line((228, 222, 210), wide, *points[part:part + 4])
    pen.polygon((200, 120, 120), -50, -420, 50, -420, 0, -350)


def shade_any(colour, numbers):
    """A colour, a little lighter or darker."""
    return drawn.shade(colour, numbers.uniform(0.85, 1.15))


def spokes(pen, c):
    """The wheel of a bicycle with its fork."""
    pen.ring(c, 46, -760, -1520, 760, 0)
    pen.ring((150, 150, 156), 26, -714, -1474, 714, -46)
    for spoke in range(36):
        turn = spoke * 2 * np.pi / 36
        lean = turn + (0.9 if spoke % 2 else -0.9)
        pen.line((96, 98, 104), 4, 52 * np.cos(lean), -760 + 52 * np.sin(lean), 712 * np.cos(turn),
                 -760 + 712 * np.sin(turn))
    pen.ellipse((70, 70, 76), -60, -820, 60, -700)
    pen.line((150, 30, 36), 40, 0, -760, 240, -1640)


def straps(pen, c):
    """A bag on long straps, with fringes."""
    turns = np.linspace(0, np.pi, 60)
    for width, height, thick in ((330, 860, 12), (250, 640, 7), (410, 980, 5)):
        pen.line(drawn.shade(c, 0.8), thick, *[v for t in turns for v in (
            width * np.cos(t), -780 - height * np.sin(t))])
    pen.polygon(c, -480, -800, 480, -800, 560, -180, -560, -180)
    pen.polygon(drawn.shade(c, 0.85), -480, -800, 480, -800, 380, -520, -380, -520)
    pen.rect((214, 180, 90), -60, -560, 60, -480, radius=8)
    numbers = np.random.default_rng(4)
    for x in np.arange(-540, 541, 24):
        pen.line(shade_any(c, numbers), 5, x, -186, x + numbers.uniform(-14, 14), -186 + 130)


@once
def large():
    """Pictures of 6 megapixels with thin parts, on smooth grounds."""
    for draw, colour, tone, foot in ((whiskers, (150, 118, 84), (84, 96, 108), 1640),
                                     (spokes, (44, 44, 48), (222, 224, 226), 1800),
                                     (straps, (140, 76, 44), (226, 216, 200), 1960)):
        layer = render(draw, 0, colour, foot, LARGE, 2)
        picture = saved(over(layer, ground("graded", tone, LARGE)), noise=2)
        yield Scene(draw.__name__, picture, layer.alpha)

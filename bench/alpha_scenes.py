"""Composites whose alpha is known: rendered subjects over textures taken from the photos.

Everything is drawn at four times the size and averaged, so that alpha is exact to some 1/16; the
same seed gives the same picture.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from harness import ROOT

WIDTH, HEIGHT = 960, 720
FINER = 4
# Where in a photo a texture is without a subject: file, box in shares of width and height.
GROUNDS = {
    "wood": ("coffee.png", (0.75, 0.02, 1.0, 0.3)),
    "leaves": ("flower.jpg", (0.0, 0.0, 0.26, 1.0)),
    "trees": ("china.jpg", (0.57, 0.66, 0.84, 1.0)),
    "lake": ("china.jpg", (0.56, 0.2, 0.84, 0.66)),
}


@dataclass
class Scene:
    """A picture, the alpha of its subject (0 to 1) and its name."""

    name: str
    picture: Image.Image
    alpha: np.ndarray


def scenes():
    """Every subject over every ground."""
    made = []
    for ground in GROUNDS:
        behind = texture(ground)
        for subject in (hair, glass, net, arms, shadow):
            alpha, colours, light = subject(np.random.default_rng(7))
            lit = behind * light[..., None]
            mixed = alpha[..., None] * colours + (1 - alpha[..., None]) * lit
            # What a camera adds, a little: noise.
            noise = np.random.default_rng(11).normal(0, 2, mixed.shape)
            pixels = np.clip(mixed + noise + 0.5, 0, 255).astype(np.uint8)
            made.append(Scene(f"{subject.__name__} / {ground}", Image.fromarray(pixels), alpha))
    return made


def texture(name):
    """A part of a photo, enlarged to the whole picture: out of focus, as behind a subject."""
    file, (left, top, right, bottom) = GROUNDS[name]
    with Image.open(ROOT / "photos" / file) as source:
        photo = source.convert("RGB")
    box = (left * photo.width, top * photo.height, right * photo.width, bottom * photo.height)
    part = photo.crop(tuple(int(side) for side in box))
    scale = max(WIDTH / part.width, HEIGHT / part.height)
    size = (max(WIDTH, round(part.width * scale)), max(HEIGHT, round(part.height * scale)))
    part = part.resize(size, Image.Resampling.BICUBIC).crop((0, 0, WIDTH, HEIGHT))
    return np.asarray(part, dtype=np.float64)


def canvas():
    """An empty alpha, finer than the picture, and the pen for it; 255 is opaque."""
    drawn = Image.new("L", (WIDTH * FINER, HEIGHT * FINER))
    return drawn, ImageDraw.Draw(drawn)


def reduced(drawn):
    """Alpha of the picture's size, 0 to 1."""
    fine = np.asarray(drawn, dtype=np.float64) / 255
    return fine.reshape(HEIGHT, FINER, WIDTH, FINER).mean(axis=(1, 3))


def plain(colour):
    """One colour all over, shaded from the upper left."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    shade = 1.1 - 0.35 * (x / WIDTH + y / HEIGHT) / 2
    return np.asarray(colour, dtype=np.float64) * shade[..., None]


LIT = np.ones((HEIGHT, WIDTH))


def disc(pen, x, y, radius, value=255):
    """A disc, in pixels of the picture."""
    x, y, radius = x * FINER, y * FINER, radius * FINER
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=value)


def hair(numbers):
    """A head and shoulders with some six hundred strands of hair."""
    drawn, pen = canvas()
    x, y, radius = 480, 310, 130
    pen.ellipse(tuple(FINER * v for v in (200, 500, 760, 1000)), fill=255)
    pen.rectangle(tuple(FINER * v for v in (430, 400, 530, 540)), fill=255)
    disc(pen, x, y, radius)
    for _ in range(600):
        angle = numbers.uniform(-np.pi * 1.15, np.pi * 0.15)
        lean, curl = numbers.uniform(-0.6, 0.6), numbers.uniform(-0.03, 0.03)
        length, width = numbers.uniform(20, 90), numbers.uniform(0.5, 1.6)
        at = np.array([x + (radius - 6) * np.cos(angle), y + (radius - 6) * np.sin(angle)])
        heading, points = angle + lean, []
        for _ in range(int(length / 3)):
            points.append(tuple(at * FINER))
            at = at + 3 * np.array([np.cos(heading), np.sin(heading)])
            heading += curl * 3 + numbers.uniform(-0.05, 0.05)
        for part, (one, two) in enumerate(zip(points, points[1:])):
            thick = width * FINER * (1 - 0.7 * part / len(points))
            pen.line((one, two), fill=255, width=max(1, round(thick)))
    colours = plain((88, 58, 38))
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    face = ((columns - x) / 92) ** 2 + ((rows - y - 22) / 112) ** 2 < 1
    colours[face] = plain((224, 172, 140))[face]
    neck = (abs(columns - x) < 42) & (rows > y + 90) & (rows <= 515)
    colours[neck] = plain((200, 148, 118))[neck]
    colours[rows > 505 + abs(columns - x) / 9] = plain((60, 80, 130))[0, 0]
    for centre, across, down, colour in (
        ((x - 36, y + 5), 13, 7, (240, 240, 238)), ((x + 36, y + 5), 13, 7, (240, 240, 238)),
        ((x - 36, y + 5), 6, 6, (50, 36, 30)), ((x + 36, y + 5), 6, 6, (50, 36, 30)),
        ((x - 36, y - 16), 18, 4, (80, 52, 34)), ((x + 36, y - 16), 18, 4, (80, 52, 34)),
        ((x, y + 42), 11, 6, (196, 138, 110)), ((x, y + 78), 27, 8, (170, 70, 70)),
    ):
        inside = ((columns - centre[0]) / across) ** 2 + ((rows - centre[1]) / down) ** 2 < 1
        colours[inside] = colour
    colours += numbers.normal(0, 8, colours.shape)
    return reduced(drawn), colours, LIT


def glass(numbers):
    """A wine glass: rim, stem and foot are nearly opaque, the bowl lets a good half through."""
    drawn, pen = canvas()
    bowl = tuple(FINER * v for v in (350, 130, 610, 470))
    pen.ellipse(bowl, fill=110)
    pen.chord(bowl, -10, 190, fill=235)  # the wine in it
    pen.ellipse(bowl, outline=225, width=5 * FINER)
    pen.rectangle(tuple(FINER * v for v in (472, 466, 488, 620)), fill=215)
    pen.ellipse(tuple(FINER * v for v in (390, 606, 570, 650)), fill=200)
    for left in (400, 545):
        pen.ellipse(tuple(FINER * v for v in (left, 190, left + 14, 270)), fill=255)
    colours = plain((235, 238, 240))
    colours[300:470] = plain((120, 20, 40))[300:470]
    del numbers
    return reduced(drawn), colours, LIT


def net(numbers):
    """A racket: an opaque frame and handle, strings that the background is seen between."""
    drawn, pen = canvas()
    head = tuple(FINER * v for v in (330, 70, 630, 450))
    inside = Image.new("L", drawn.size)
    ImageDraw.Draw(inside).ellipse(head, fill=255)
    strings = Image.new("L", drawn.size)
    ink = ImageDraw.Draw(strings)
    for x in range(330, 630, 17):
        ink.line(tuple(FINER * v for v in (x, 70, x, 450)), fill=255, width=9)
    for y in range(70, 450, 17):
        ink.line(tuple(FINER * v for v in (330, y, 630, y)), fill=255, width=9)
    drawn.paste(strings, mask=inside)
    pen.ellipse(head, outline=255, width=13 * FINER)
    pen.rounded_rectangle(tuple(FINER * v for v in (464, 440, 496, 680)), 12 * FINER, fill=255)
    del numbers
    return reduced(drawn), plain((235, 205, 70)), LIT


def arms(numbers):
    """A body with thin bent arms and legs."""
    drawn, pen = canvas()
    pen.ellipse(tuple(FINER * v for v in (400, 230, 560, 470)), fill=255)
    disc(pen, 480, 180, 62)
    limbs = [
        ((430, 280), (330, 330), (250, 190)), ((530, 280), (630, 330), (730, 250)),
        ((450, 450), (420, 560), (360, 670)), ((510, 450), (550, 570), (620, 660)),
    ]
    for points in limbs:
        pen.line([tuple(FINER * v for v in p) for p in points], fill=255, width=13 * FINER,
                 joint="curve")
        disc(pen, *points[-1], 13)
    colours = plain((60, 95, 190))
    colours += numbers.normal(0, 6, colours.shape)
    return reduced(drawn), colours, LIT


def shadow(numbers):
    """A vase that casts a soft shadow on what it stands before: the shadow is background."""
    drawn, pen = canvas()
    pen.ellipse(tuple(FINER * v for v in (370, 250, 590, 560)), fill=255)
    pen.rectangle(tuple(FINER * v for v in (440, 160, 520, 300)), fill=255)
    pen.ellipse(tuple(FINER * v for v in (415, 130, 545, 180)), fill=255)
    pen.ellipse(tuple(FINER * v for v in (420, 530, 540, 575)), fill=255)
    cast = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(cast).ellipse((430, 480, 820, 600), fill=255)
    dark = np.asarray(cast.filter(ImageFilter.GaussianBlur(16)), dtype=np.float64) / 255
    colours = plain((225, 225, 220))
    colours += numbers.normal(0, 3, colours.shape)
    return reduced(drawn), colours, 1 - 0.55 * dark

"""Pictures without people for faces.py: animals, vehicles, fruit and fittings that look like faces."""

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from face_pictures import photo

SIDE = 400
TWICE = 2 * SIDE


def ground(number):
    """A blurred part of a photo without people, twice as large as the picture."""
    name = ("coffee.png", "china.jpg", "flower.jpg", "rocket.jpg")[number % 4]
    source = photo(name)
    side = min(source.size)
    left = 40 * number % (source.width - side + 1)
    cut = source.crop((left, 0, left + side, side))
    return cut.resize((TWICE, TWICE), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(6))


def finished(picture, seed):
    """Light from above left, the softness of a lens, noise."""
    light = ImageChops.invert(Image.radial_gradient("L").resize((3 * SIDE, 3 * SIDE)))
    light = light.crop((SIDE // 2 + 200, SIDE // 2 + 200, SIDE // 2 + 600, SIDE // 2 + 600))
    picture = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(0.7))
    shaded = ImageChops.multiply(picture, Image.merge("RGB", [light.point(lambda v: 140 + v * 115 // 255)] * 3))
    dice = random.Random(seed)
    grain = Image.frombytes("L", (SIDE, SIDE), bytes(round(dice.gauss(128, 5)) for _ in range(SIDE * SIDE)))
    return ImageChops.add(shaded, Image.merge("RGB", [grain] * 3), 1, -128)


def globe(picture, box, color):
    """A ball with a bright and a dark side."""
    x0, y0, x1, y1 = box
    size = (x1 - x0, y1 - y0)
    shade = ImageChops.invert(Image.radial_gradient("L")).resize((2 * size[0], 2 * size[1]))
    shade = shade.crop((size[0] * 2 // 3, size[1] * 2 // 3, size[0] * 5 // 3, size[1] * 5 // 3))
    bands = [shade.point(lambda v, c=c: min(255, round(c * (0.35 + 0.8 * v / 255)))) for c in color]
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).ellipse((0, 0, size[0] - 1, size[1] - 1), 255)
    picture.paste(Image.merge("RGB", bands), (x0, y0), mask)


def pumpkin(number):
    """With eyes and a mouth cut out, dark or lit from inside."""
    picture = ground(number)
    globe(picture, (120, 160, 680, 680), (235, 120 + 15 * number, 30))
    draw = ImageDraw.Draw(picture)
    for rib in (-180, -90, 0, 90, 180):
        draw.arc((400 - abs(rib) - 40, 165, 400 + abs(rib) + 40, 675), 90 if rib < 0 else -90,
                 270 if rib < 0 else 90, (170, 80, 20), 5)
    draw.rectangle((375, 110, 425, 175), (90, 110, 40))
    hole = ((30, 15, 5), (255, 220, 90), (60, 30, 10))[number % 3]
    for x in (290, 510):
        draw.polygon([(x - 60, 390), (x + 60, 390), (x, 290)], hole)
    draw.polygon([(370, 470), (430, 470), (400, 410)], hole)
    teeth = [(220 + 40 * i, 520 + (35 if i % 2 else 0) + 30 * math.sin(i / 9 * math.pi)) for i in range(10)]
    draw.polygon(teeth + [(580, 520), (500, 620), (400, 645), (300, 620)], hole)
    return picture


def car(number):
    """The front of a car: two lights and a grille."""
    picture = ground(number)
    draw, color = ImageDraw.Draw(picture), ((170, 30, 30), (60, 90, 150), (200, 200, 205))[number % 3]
    draw.polygon([(230, 160), (570, 160), (640, 340), (160, 340)], tuple(c * 3 // 4 for c in color))
    draw.polygon([(255, 180), (545, 180), (600, 325), (200, 325)], (60, 75, 90))
    draw.rounded_rectangle((100, 320, 700, 620), 70, color)
    draw.rectangle((130, 610, 220, 690), (20, 20, 20))
    draw.rectangle((580, 610, 670, 690), (20, 20, 20))
    for x in (200, 600):
        draw.ellipse((x - 65, 370, x + 65, 480), (240, 240, 230), (40, 40, 40), 8)
        draw.ellipse((x - 25, 395, x + 30, 450), (150, 160, 170))
    draw.rounded_rectangle((290, 410, 510, 560), 30, (25, 25, 28))
    for y in range(425, 555, 22):
        draw.line((300, y, 500, y), (150, 150, 155), 6)
    draw.rounded_rectangle((320, 575, 480, 612), 6, (230, 230, 220))
    return picture


def ball(number):
    """A bowling ball with its three holes."""
    picture = ground(number)
    globe(picture, (140, 140, 660, 660), ((60, 70, 160), (200, 160, 130), (120, 40, 60))[number % 3])
    draw = ImageDraw.Draw(picture)
    for x, y in ((320, 330), (460, 325), (395, 480)):
        draw.ellipse((x - 34, y - 34, x + 34, y + 34), (15, 12, 12))
    return picture


def socket(number):
    """A socket in a wall: round, with two holes, or with slots."""
    picture = Image.new("RGB", (TWICE, TWICE), ((205, 195, 180), (170, 185, 195), (190, 160, 140))[number % 3])
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((170, 150, 630, 650), 30, (238, 236, 230), (180, 178, 172), 4)
    if number % 3 == 1:
        for y in (270, 520):
            draw.ellipse((300, y - 90, 500, y + 90), (225, 223, 216), (170, 168, 160), 3)
            draw.rectangle((350, y - 45, 362, y + 10), (30, 28, 26))
            draw.rectangle((438, y - 45, 450, y + 10), (30, 28, 26))
            draw.pieslice((375, y + 20, 425, y + 70), 180, 360, (30, 28, 26))
        return picture
    draw.ellipse((230, 230, 570, 570), (214, 212, 205), (160, 158, 150), 6)
    for x in (325, 475):
        draw.ellipse((x - 24, 376, x + 24, 424), (35, 32, 30))
    draw.rectangle((385, 232, 415, 262), (190, 180, 140))
    draw.rectangle((385, 538, 415, 568), (190, 180, 140))
    return picture


def smiley(number):
    """A yellow disc with eyes and a mouth, flat or as a ball."""
    picture = ground(number) if number else Image.new("RGB", (TWICE, TWICE), (250, 250, 250))
    globe(picture, (130, 130, 670, 670), (255, 205, 60))
    draw = ImageDraw.Draw(picture)
    if number == 0:
        draw.ellipse((130, 130, 670, 670), (255, 205, 60))
    for x in (305, 495):
        draw.ellipse((x - 35, 290, x + 35, 385), (70, 45, 20))
        if number == 2:
            draw.ellipse((x - 15, 300, x + 12, 330), (255, 255, 255))
    if number == 1:
        draw.chord((250, 380, 550, 600), 0, 180, (110, 30, 30))
        draw.chord((262, 390, 538, 480), 0, 180, (255, 255, 255))
    else:
        draw.arc((250, 350, 550, 590), 15, 165, (70, 45, 20), 22)
    return picture


def cup(number):
    """Coffee seen from above, with bubbles or a pattern of milk."""
    picture = ground(number + 1)
    draw = ImageDraw.Draw(picture)
    for inset, color in ((90, (235, 232, 225)), (100, (245, 243, 238)), (200, (250, 249, 246)),
                         (220, (120, 75, 45))):
        draw.ellipse((inset, inset, TWICE - inset, TWICE - inset), color)
    for x, y, radius in ((330, 350, 28), (470, 345, 30), (400, 480, 20))[:3 if number else 2]:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), (225, 195, 160))
    draw.arc((320, 420, 480, 540), 20, 160, (215, 180, 140), 14)
    draw.rounded_rectangle((690, 370, 790, 420), 20, (245, 243, 238))
    return picture


def things(few):
    """What each thing is, and pictures of it."""
    count = 1 if few else 3
    cat = photo("chelsea.png")
    cats = [cat, cat.crop((60, 0, 360, 300)), cat.crop((90, 50, 330, 250)).transpose(Image.Transpose.FLIP_LEFT_RIGHT),
            cat.resize((902, 600))]
    yield "cat, a photo", cats[:2 * count]
    yield "rocket, coffee, china, flower, text", [
        photo(name) for name in ("rocket.jpg", "coffee.png", "china.jpg", "flower.jpg", "text.png")][:2 * count]
    for make in (pumpkin, car, ball, socket, smiley, cup):
        yield make.__name__, [finished(make(number), number) for number in range(count)]

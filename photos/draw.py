"""Draws the pictures of this folder that are no photos: what the tests need and no free photo shows.

    python draw.py            # needs numpy and pillow

`standing.png`, a whole person; `hand.png`, the back of a right hand; `short_hair.png`, a head with short
hair and a free forehead; `cartoon.png`, a face of plain colours and outlines. The faces of the first and the
third are that of `astronaut.png`.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FOLDER = Path(__file__).resolve().parent
FACE = Image.open(FOLDER / "astronaut.png").convert("RGB")


def grid(width, height):
    rows, columns = np.mgrid[0:height, 0:width].astype(float)
    return columns, rows


def saved(pixels, name):
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    picture.save(FOLDER / name, optimize=True)


def standing():
    """A person in a red shirt before a striped wall."""
    width, height, middle = 300, 480, 150
    columns, rows = grid(width, height)
    wall = np.array((150, 160, 150)) + 20 * ((columns // 12) % 2)[..., None]
    wall[rows > 400] = (110, 100, 90)
    picture = Image.fromarray(wall.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    navy, shirt, skin, black = (40, 46, 80), (190, 70, 50), (205, 150, 120), (20, 20, 20)
    draw.polygon([(104, 112), (196, 112), (186, 170), (182, 262), (118, 262), (114, 170)], shirt)
    legs = [(118, 255), (182, 255), (184, 440), (160, 440), (151, 300), (149, 300), (140, 440), (116, 440)]
    draw.polygon(legs, navy)
    for side in (-1, 1):
        foot = middle + side * 23
        draw.ellipse((foot - 15, 432, foot + 15, 450), black)
        arm = [(middle + side * x, y) for x, y in ((44, 120), (62, 185), (66, 245))]
        draw.line(arm, shirt, width=22)
        hand, shoulder = middle + side * 66, middle + side * 39
        draw.ellipse((hand - 11, 240, hand + 11, 268), skin)
        draw.ellipse((shoulder - 15, 108, shoulder + 15, 138), shirt)
    draw.rectangle((138, 92, 162, 116), skin)
    oval = Image.new("L", (150, 190), 0)
    ImageDraw.Draw(oval).ellipse((10, 0, 140, 175), 255)
    head = FACE.crop((150, 0, 300, 190)).resize((87, 110), Image.LANCZOS)
    picture.paste(head, (middle - 43, 5), oval.resize((87, 110), Image.LANCZOS))
    saved(np.asarray(picture), "standing.png")


def hand():
    """Round fingers with nails, lit from the front."""
    width, height = 400, 500
    columns, rows = grid(width, height)
    pixels = np.zeros((height, width, 3)) + (96, 110, 124)
    skin, nail = np.array((214, 165, 140.0)), np.array((232, 186, 176.0))

    def bone(start, wide, end, narrow):
        way = np.subtract(end, start)
        along = ((columns - start[0]) * way[0] + (rows - start[1]) * way[1]) / (way**2).sum()
        along = np.clip(along, 0, 1)
        radius = wide + (narrow - wide) * along
        far = np.hypot(columns - start[0] - along * way[0], rows - start[1] - along * way[1])
        cover = np.clip(radius - far + 0.5, 0, 1)[..., None]
        light = 0.62 + 0.38 * np.sqrt(1 - 0.85 * np.clip(far / radius, 0, 1) ** 2)
        pixels[:] = pixels * (1 - cover) + skin * light[..., None] * cover

    def finger(joints, radii):
        for i in range(len(joints) - 1):
            bone(joints[i], radii[i], joints[i + 1], radii[i + 1])

    finger([(200, 520), (200, 400)], [62, 66])
    for start, wide, end, narrow in (
        ((165, 400), 58, (160, 300), 34),
        ((200, 400), 60, (197, 290), 34),
        ((228, 400), 56, (232, 300), 33),
        ((245, 405), 50, (262, 320), 30),
    ):
        bone(start, wide, end, narrow)
    fingers = [
        ([(158, 300), (147, 215), (142, 165), (139, 125)], [30, 25, 22, 17]),
        ([(196, 292), (194, 195), (193, 140), (193, 95)], [31, 26, 23, 18]),
        ([(232, 300), (241, 210), (245, 158), (248, 118)], [30, 24, 22, 17]),
        ([(262, 322), (282, 255), (291, 215), (298, 182)], [26, 21, 18, 14]),
        ([(150, 420), (98, 350), (72, 300), (58, 255)], [46, 32, 26, 20]),
    ]
    for joints, radii in fingers:
        finger(joints, radii)
    for joints, radii in fingers:
        (x, y), (tip_x, tip_y) = joints[2:]
        length = np.hypot(tip_x - x, tip_y - y)
        axis = (tip_x - x) / length, (tip_y - y) / length
        middle = tip_x + axis[0] * 0.05 * length, tip_y + axis[1] * 0.05 * length
        far_x, far_y = columns - middle[0], rows - middle[1]
        along = (far_x * axis[0] + far_y * axis[1]) / radii[3]
        across = (far_y * axis[0] - far_x * axis[1]) / (0.72 * radii[3])
        radius = (np.abs(along) ** 2.6 + np.abs(across) ** 2.6) ** (1 / 2.6)
        cover = np.clip((1 - radius) * 8 + 0.5, 0, 1)[..., None]
        light = (0.85 + 0.15 * np.sqrt(np.clip(1 - across**2, 0, 1)))[..., None]
        pixels[:] = pixels * (1 - cover) + nail * light * cover
    saved(pixels + np.random.default_rng(1).normal(0, 2.5, (height, width, 1)), "hand.png")


def short_hair():
    """The face with a high forehead, ears, and short dark hair, drawn larger."""
    width, height, x, y = 690, 720, 346, 330
    columns, rows = grid(width, height)
    random = np.random.default_rng(3)
    own = np.asarray(FACE.crop((110, 0, 340, 240)).resize((width, height), Image.LANCZOS), float)
    pixels = np.zeros((height, width, 3)) + (150, 160, 172)
    skin = np.array((222, 172, 150.0))

    def lay(cover, colour):
        pixels[:] = pixels * (1 - cover[..., None]) + colour * cover[..., None]

    def ellipse(at_x, at_y, half_x, half_y, sharp):
        return np.clip((1 - np.hypot((columns - at_x) / half_x, (rows - at_y) / half_y)) * sharp, 0, 1)

    lay(np.clip(86 - np.abs(columns - x) + 0.5, 0, 1) * (rows > 500), skin * 0.80)
    lay(np.clip((rows - 640 - ((columns - x) / 330) ** 2 * 60) / 2, 0, 1), np.array((60, 70, 90)))
    for side in (-1, 1):
        lay(ellipse(x + side * 166, 352, 32, 62, 24), skin * 0.88)
        lay(ellipse(x + side * 170, 348, 14, 38, 12) * 0.5, skin * 0.68)

    strands, cap = Image.new("RGB", (width, height), (52, 38, 30)), Image.new("L", (width, height), 0)
    draw, outline = ImageDraw.Draw(strands), ImageDraw.Draw(cap)
    outline.ellipse((x - 172, 54, x + 172, 482), 255)
    outline.rectangle((0, 306, width, height), 0)
    for _ in range(5200):
        turn, far = random.uniform(-np.pi, 0), np.sqrt(random.uniform(0.25, 1.0))
        root = x + 172 * far * np.cos(turn), 275 + 214 * far * np.sin(turn)
        if random.uniform() < 0.3:
            root = x + random.choice([-1, 1]) * random.uniform(140, 172), random.uniform(220, 302)
        angle = np.arctan2(root[1] - 420, root[0] - x) + random.normal(0, 0.35)
        way = random.uniform(10, 34) * np.array((np.cos(angle), np.sin(angle)))
        shade = random.uniform(0.45, 1.75)
        colour = tuple(int(min(255, value * shade)) for value in (66, 48, 36))
        draw.line([root, tuple(root + way)], colour, width=2)
        outline.line([root, tuple(root + 0.55 * way)], 255, width=2)
    light = 0.75 + 0.5 * np.clip(1 - np.hypot((columns - x + 40) / 150, (rows - 110) / 70), 0, 1)
    hair = np.asarray(strands, float) * light[..., None]
    lay(np.asarray(cap.filter(ImageFilter.GaussianBlur(0.8)), float) / 255, hair)

    line = 150 + ((columns - x) / 150) ** 2 * 50 + 4 * np.sin(columns / 9)
    below = Image.fromarray((np.clip((rows - line) / 3, 0, 1) * 255).astype(np.uint8))
    draw = ImageDraw.Draw(below)
    for _ in range(700):
        at = random.uniform(x - 150, x + 150)
        low = 150 + ((at - x) / 150) ** 2 * 50 + random.normal(0, 4)
        angle = -np.pi / 2 + (at - x) / 200 + random.normal(0, 0.4)
        way = random.uniform(6, 16) * np.array((np.cos(angle), np.sin(angle)))
        draw.line([(at, low), (at + way[0], low + way[1])], int(random.uniform(40, 160)))
        draw.line([(at, low + 2), (at + 0.5 * way[0], low + 5 + 0.3 * way[1])], int(random.uniform(0, 60)))
    radius = np.hypot((columns - x) / 152, (rows - y - 40) / 238)
    cover = np.clip((1 - radius) * 40, 0, 1) * np.asarray(below.filter(ImageFilter.GaussianBlur(0.7)), float) / 255
    lay(cover, skin * (1.02 - 0.22 * np.clip(radius, 0, 1) ** 3)[..., None])
    lay(ellipse(346, 405, 128, 175, 6), own)
    pixels += random.normal(0, 2, (height, width, 1))
    half = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).resize((460, 480), Image.LANCZOS)
    saved(np.asarray(half), "short_hair.png")


def cartoon():
    """A face of plain colours and outlines."""
    scale, side = 4, 400
    picture = Image.new("RGB", (side * scale,) * 2, (235, 235, 235))
    draw = ImageDraw.Draw(picture)
    skin, hair, ink, lips = (240, 200, 170), (90, 50, 30), (30, 20, 20), (180, 50, 60)

    def box(x, y, half_x, half_y):
        return [scale * value for value in (x - half_x, y - half_y, x + half_x, y + half_y)]

    def ellipse(x, y, half_x, half_y, colour):
        draw.ellipse(box(x, y, half_x, half_y), colour)

    def arc(x, y, half_x, half_y, start, end, width):
        draw.arc(box(x, y, half_x, half_y), start, end, ink, width * scale)

    ellipse(200, 190, 120, 140, hair)
    ellipse(200, 215, 95, 125, skin)
    arc(200, 215, 95, 125, 0, 360, 3)
    draw.pieslice(box(200, 120, 100, 55), 180, 360, hair)
    for x in (160, 240):
        ellipse(x, 205, 20, 13, (255, 255, 255))
        arc(x, 205, 20, 13, 180, 360, 3)
        ellipse(x, 205, 9, 11, (60, 90, 60))
        ellipse(x, 205, 5, 6, (10, 10, 10))
        ellipse(x - 3, 201, 3, 3, (255, 255, 255))
        arc(x, 180, 24, 10, 200, 340, 5)
    nose = [(200, 215), (192, 250), (206, 253)]
    draw.line([(x * scale, y * scale) for x, y in nose], (120, 70, 60), 3 * scale)
    draw.pieslice(box(200, 278, 34, 16), 0, 180, lips, (60, 10, 20), 3 * scale)
    picture.resize((side, side), Image.LANCZOS).save(FOLDER / "cartoon.png", optimize=True)


if __name__ == "__main__":
    standing()
    hand()
    short_hair()
    cartoon()

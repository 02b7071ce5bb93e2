"""Drawn goods, food and furniture whose alpha is known.

Everything is drawn at three times the size and averaged. A subject is drawn around its foot: x runs from
its axis to the right, y from the ground upwards is negative.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

FINER = 3


@dataclass
class Layer:
    """Colours and alpha (0 to 1) of a subject."""

    colours: np.ndarray
    alpha: np.ndarray


class Pen:
    """Draws opaque shapes on a transparent canvas; `None` as a colour erases."""

    def __init__(self, size, origin=(0, 0), finer=FINER):
        self.finer, self.origin = finer, origin
        self.image = Image.new("RGBA", (size[0] * finer, size[1] * finer))
        self.draw = ImageDraw.Draw(self.image)

    def place(self, numbers):
        """Coordinates of the canvas, of x and y in turns."""
        pairs = zip(numbers[::2], numbers[1::2])
        return [self.finer * (v + o) for pair in pairs for v, o in zip(pair, self.origin)]

    def fill(self, colour):
        """A colour of the canvas."""
        return (0, 0, 0, 0) if colour is None else (*(int(min(255, v)) for v in colour), 255)

    def rect(self, colour, *box, radius=0):
        """A rectangle, round at its corners."""
        self.draw.rounded_rectangle(self.place(box), radius * self.finer, fill=self.fill(colour))

    def ellipse(self, colour, *box):
        """An ellipse."""
        self.draw.ellipse(self.place(box), fill=self.fill(colour))

    def polygon(self, colour, *numbers):
        """A polygon."""
        self.draw.polygon(self.place(numbers), fill=self.fill(colour))

    def line(self, colour, width, *numbers):
        """A line with round ends."""
        points, wide = self.place(numbers), width * self.finer
        self.draw.line(points, self.fill(colour), max(1, round(wide)), joint="curve")
        for x, y in zip(points[::2], points[1::2]):
            self.draw.ellipse((x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2),
                              self.fill(colour))

    def ring(self, colour, width, *box):
        """The outline of an ellipse."""
        self.draw.ellipse(self.place(box), outline=self.fill(colour),
                          width=max(1, round(width * self.finer)))

    def layer(self, rounded=0.0):
        """What was drawn, at the picture's size, with the light of a cylinder of this depth."""
        fine = np.asarray(self.image, dtype=np.float32)
        height, width = fine.shape[0] // self.finer, fine.shape[1] // self.finer
        alpha = fine[..., 3] / 255
        weighted = np.dstack([fine[..., :3] * alpha[..., None], alpha])
        weighted = weighted.reshape(height, self.finer, width, self.finer, 4).mean(axis=(1, 3))
        alpha = weighted[..., 3]
        colours = weighted[..., :3] / np.maximum(alpha, 1e-6)[..., None]
        if rounded:
            colours = cylinder(colours, alpha, rounded)
        return Layer(colours.astype(np.float64), alpha.astype(np.float64))


def cylinder(colours, alpha, depth):
    """Light from the upper left on rows that are each as round as a cylinder."""
    inside = alpha > 0.5
    across = np.arange(alpha.shape[1])[None]
    left = np.where(inside.any(1), inside.argmax(1), 0)[:, None]
    right = alpha.shape[1] - np.where(inside.any(1), inside[:, ::-1].argmax(1), 1)[:, None]
    turn = 2 * (across - left) / np.maximum(right - left, 1) - 1
    light = 1.08 - depth * np.clip(np.abs(turn + 0.25), 0, 1.3) ** 2
    gloss = 60 * depth * np.exp(-((turn + 0.5) / 0.12) ** 2)
    return np.clip(colours * light[..., None] + gloss[..., None], 0, 255)


def shade(colour, factor):
    """A darker or lighter colour."""
    return tuple(min(255, value * factor) for value in colour)


PAPER, INK = (238, 232, 216), (60, 50, 50)


def label(pen, left, top, right, bottom, colour=PAPER):
    """A label with lines of print."""
    pen.rect(colour, left, top, right, bottom)
    width, height = right - left, bottom - top
    pen.rect((170, 40, 40), left, top + 0.1 * height, right, top + 0.2 * height)
    for row, share in ((0.35, 0.7), (0.5, 0.5), (0.62, 0.6), (0.8, 0.3)):
        half = share * width / 2
        middle = (left + right) / 2
        pen.rect(INK, middle - half, top + row * height, middle + half, top + (row + 0.06) * height)


def wine(pen, c):
    """A bottle with a long neck and a label."""
    pen.rect(shade(c, 0.6), -13, -262, 13, -225, radius=3)
    pen.rect(c, -12, -228, 12, -170)
    pen.polygon(c, -12, -185, 12, -185, 36, -145, 36, -140, -36, -140, -36, -145)
    pen.rect(c, -36, -150, 36, 0, radius=6)
    label(pen, -36, -115, 36, -40)


def beer(pen, c):
    """A short bottle with labels on neck and body."""
    pen.rect((200, 170, 60), -13, -216, 13, -204, radius=3)
    pen.polygon(c, -11, -205, 11, -205, 17, -140, 34, -110, -34, -110, -17, -140)
    pen.rect(c, -34, -114, 34, 0, radius=8)
    pen.rect(PAPER, -15, -160, 15, -142)
    label(pen, -34, -90, 34, -28, (224, 190, 90))


def flask(pen, c):
    """A water bottle with a lid, the same above and below its middle."""
    pen.rect(shade(c, 0.5), -30, -236, 30, -206, radius=8)
    pen.rect(c, -36, -208, 36, -28)
    pen.rect(shade(c, 0.5), -36, -30, 36, 0, radius=8)
    pen.rect(shade(c, 1.4), -36, -128, 36, -108)


def perfume(pen, c):
    """A flacon like a box, with a cap."""
    pen.rect((60, 60, 64), -20, -186, 20, -138, radius=4)
    pen.rect((190, 180, 150), -12, -140, 12, -126)
    pen.rect(c, -62, -128, 62, 0, radius=10)
    pen.rect(shade(c, 0.8), -50, -116, 50, -14, radius=6)
    label(pen, -30, -92, 30, -36)


def pump(pen, c):
    """A bottle of lotion with a pump."""
    pen.rect((240, 240, 240), -5, -226, 5, -186)
    pen.rect((240, 240, 240), -40, -236, 14, -222, radius=5)
    pen.rect((230, 230, 230), -16, -192, 16, -170, radius=3)
    pen.rect(c, -44, -174, 44, 0, radius=20)
    label(pen, -34, -130, 34, -40, (250, 250, 246))


def jar(pen, c):
    """A jar with a lid, whose sides are the same above and below."""
    pen.rect((200, 200, 204), -58, -150, 58, -118, radius=4)
    pen.rect(c, -64, -122, 64, 0, radius=14)
    label(pen, -64, -96, 64, -28)


def can(pen, c):
    """A can, the same above and below."""
    pen.rect(c, -38, -150, 38, 0, radius=8)
    pen.rect((190, 192, 196), -34, -156, 34, -146, radius=3)
    pen.rect((190, 192, 196), -34, -8, 34, 0, radius=3)
    pen.polygon((250, 250, 250), -38, -104, 38, -84, 38, -52, -38, -72)


def carton(pen, c):
    """A box with a band across its middle."""
    pen.rect(c, -90, -150, 90, 0)
    pen.rect(shade(c, 1.35), -90, -92, 90, -58)
    pen.ellipse((245, 240, 230), -28, -103, 28, -47)


def shoebox(pen, c):
    """A box with a lid of another colour."""
    pen.rect(shade(c, 1.25), -128, -120, 128, 0)
    pen.rect(c, -134, -132, 134, -92, radius=3)
    label(pen, 60, -74, 116, -20)


def mug(pen, c):
    """A mug with a handle that shows ground."""
    pen.ring(c, 15, 34, -112, 100, -32)
    pen.rect(c, -60, -140, 60, 0, radius=12)
    pen.ellipse(shade(c, 0.55), -56, -146, 56, -128)


def striped(pen, c):
    """A mug with stripes and a pale foot."""
    pen.ring(c, 13, 30, -104, 90, -34)
    pen.rect(c, -54, -132, 54, 0, radius=10)
    for row in (-100, -72, -44):
        pen.rect((245, 240, 225), -54, row - 8, 54, row)
    pen.rect((226, 214, 196), -48, -18, 48, 0, radius=6)


def vase(pen, c):
    """A vase that widens to both ends."""
    turns = np.linspace(-1, 1, 41)
    half = 34 + 40 * turns ** 2
    rows = -110 + 110 * turns
    side = [v for x, y in zip(half, rows) for v in (x, y)]
    other = [v for x, y in zip(-half[::-1], rows[::-1]) for v in (x, y)]
    pen.polygon(c, *side, *other)
    for row in (-168, -116, -64):
        pen.rect(shade(c, 1.5), -33, row, 33, row + 12)


def ombre(pen, c):
    """A vase whose glaze ends paler to the foot, as wide above as below."""
    for row in range(-200, 0):
        share = min(1, (row + 200) / 170)
        own = tuple(v + 0.75 * share * (214 - v) for v in c)
        half = 44 + 14 * np.sin(np.pi * (row + 200) / 200)
        pen.rect(own, -half, row, half, row + 1)
    for row in (-150, -100, -50):
        pen.rect(shade(c, 1.2), -20, row - 5, 20, row + 5)


def sneaker(pen, c):
    """A shoe with a pale sole."""
    pen.polygon(c, -120, -96, -62, -104, -40, -70, 60, -42, 122, -30, 128, -14, -122, -14)
    pen.rect((240, 238, 232), -126, -22, 132, 0, radius=9)
    pen.polygon((245, 245, 245), -70, -30, -30, -60, -18, -54, -52, -22)
    for x in (-34, -16, 2, 20):
        pen.line((250, 250, 250), 4, x, -66 + (x + 34) * 0.45, x + 14, -52 + (x + 34) * 0.35)


def boot(pen, c):
    """A boot with a dark sole."""
    pen.polygon(c, -70, -220, 10, -220, 14, -84, 92, -58, 104, -12, -72, -12)
    pen.rect(shade(c, 0.45), -78, -18, 110, 0, radius=5)
    pen.line(shade(c, 0.6), 5, -68, -190, 8, -190)
    for y in (-160, -134, -108):
        pen.line((230, 220, 190), 4, -20, y, 10, y + 6)


def lamp(pen, c):
    """A lamp with a shade and a round foot."""
    pen.polygon(c, -40, -230, 40, -230, 80, -130, -80, -130)
    pen.rect((150, 120, 70), -6, -132, 6, -16)
    pen.ellipse((150, 120, 70), -50, -24, 50, 0)


def spool(pen, c):
    """A spool, the same above and below."""
    pen.rect((196, 160, 110), -62, -180, 62, -152, radius=5)
    pen.rect(c, -44, -154, 44, -26)
    for row in range(-148, -30, 10):
        pen.line(shade(c, 0.8), 2, -44, row, 44, row + 4)
    pen.rect((196, 160, 110), -62, -28, 62, 0, radius=5)


def handbag(pen, c):
    """A bag with a handle that shows ground."""
    pen.ring(shade(c, 0.7), 11, -52, -206, 52, -80)
    pen.polygon(c, -88, -136, 88, -136, 108, 0, -108, 0)
    pen.polygon(shade(c, 0.82), -88, -136, 88, -136, 70, -70, -70, -70)
    pen.rect((214, 180, 90), -14, -84, 14, -62, radius=3)


def candle(pen, c):
    """A candle in a pale glass foot."""
    pen.line(INK, 3, 0, -214, 0, -196)
    pen.rect(c, -40, -198, 40, -60, radius=5)
    pen.rect((206, 214, 220), -52, -64, 52, 0, radius=8)


def teapot(pen, c):
    """A teapot with spout and handle."""
    pen.ring(c, 14, -142, -120, -60, -30)
    pen.polygon(c, 70, -70, 128, -128, 142, -120, 84, -26)
    pen.ellipse(c, -92, -140, 92, 6)
    pen.rect(None, -150, 0, 150, 20)
    pen.ellipse(shade(c, 0.8), -44, -150, 44, -120)
    pen.ellipse(shade(c, 0.7), -12, -168, 12, -144)


def speaker(pen, c):
    """A loudspeaker with two round membranes."""
    pen.rect(c, -62, -220, 62, 0, radius=4)
    for y, radius in ((-166, 30), (-70, 50)):
        pen.ellipse(shade(c, 0.35), -radius, y - radius, radius, y + radius)
        pen.ellipse((170, 170, 172), -radius * 0.4, y - radius * 0.4, radius * 0.4, y + radius * 0.4)


# What is drawn, the depth of its roundness, and its colours.
GOODS = [
    (wine, 0.5, (40, 84, 52)), (wine, 0.5, (110, 26, 40)), (beer, 0.5, (112, 64, 28)),
    (flask, 0.4, (52, 104, 176)), (flask, 0.4, (214, 96, 60)), (perfume, 0.15, (206, 150, 120)),
    (pump, 0.35, (120, 176, 150)), (jar, 0.4, (168, 60, 36)), (can, 0.5, (196, 30, 44)),
    (can, 0.5, (36, 110, 70)), (carton, 0.1, (70, 92, 150)), (shoebox, 0.05, (180, 96, 40)),
    (mug, 0.35, (196, 60, 60)), (striped, 0.35, (44, 70, 110)), (vase, 0.45, (64, 120, 128)),
    (ombre, 0.35, (60, 70, 150)), (sneaker, 0.1, (200, 52, 60)), (boot, 0.25, (120, 76, 44)),
    (lamp, 0.3, (190, 150, 90)), (spool, 0.35, (150, 40, 110)), (handbag, 0.15, (140, 66, 50)),
    (candle, 0.4, (190, 60, 70)), (teapot, 0.4, (70, 110, 90)), (speaker, 0.1, (60, 62, 68)),
]


def cola(pen, c):
    """A bottle of cola."""
    pen.rect((200, 20, 30), -13, -232, 13, -214, radius=3)
    pen.polygon(c, -11, -216, 11, -216, 14, -190, 36, -150, 30, -108, 38, -60, -38, -60, -30, -108,
                -36, -150, -14, -190)
    pen.rect(c, -38, -64, 38, 0, radius=10)
    pen.polygon((214, 20, 34), -33, -136, 33, -136, 36, -76, -36, -76)
    pen.line((250, 250, 250), 6, -28, -98, -10, -112, 8, -98, 28, -112)


def juice(pen, c):
    """A glass of juice with a straw."""
    pen.line((230, 60, 70), 7, 10, -120, 40, -214)
    pen.polygon((226, 236, 238), -52, -170, 52, -170, 38, 0, -38, 0)
    pen.polygon(c, -48, -146, 48, -146, 36, -8, -36, -8)
    pen.ellipse(shade(c, 1.15), -48, -153, 48, -139)
    pen.ellipse((250, 170, 40), 28, -196, 78, -146)
    pen.ellipse((255, 214, 110), 34, -190, 72, -152)


def sweets(pen, c):
    """Three wrapped sweets."""
    for x, y, own in ((-70, -34, c), (64, -34, (60, 160, 80)), (-2, -86, (70, 110, 210))):
        for side in (-1, 1):
            pen.polygon(shade(own, 1.25), x + side * 24, y, x + side * 62, y - 26, x + side * 62, y + 26)
            pen.line(shade(own, 0.8), 2, x + side * 28, y, x + side * 58, y - 12)
        pen.ellipse(own, x - 34, y - 28, x + 34, y + 28)
        for turn in (-18, 0, 18):
            pen.line(shade(own, 1.5), 5, x + turn - 6, y - 18, x + turn + 6, y + 18)


def doughnut(pen, c):
    """A doughnut with icing and sprinkles."""
    pen.ellipse((206, 150, 84), -112, -184, 112, 0)
    pen.ellipse(c, -100, -176, 100, -14)
    pen.ellipse((206, 150, 84), -38, -122, 38, -70)
    numbers = np.random.default_rng(5)
    for _ in range(60):
        turn, far = numbers.uniform(0, 2 * np.pi), numbers.uniform(0.5, 0.9)
        x, y = 100 * far * np.cos(turn), -95 + 80 * far * np.sin(turn)
        lean = numbers.uniform(-5, 5)
        own = [(250, 240, 90), (90, 200, 240), (250, 250, 250), (120, 220, 110)][numbers.integers(4)]
        pen.line(own, 3, x - 5, y - lean, x + 5, y + lean)
    pen.ellipse(None, -28, -114, 28, -78)


def cone(pen, c):
    """Ice cream in a cone."""
    pen.polygon((214, 164, 96), -44, -120, 44, -120, 0, 0)
    for lean in range(-40, 41, 16):
        pen.line((180, 126, 66), 2, lean, -118, lean * 0.1, -10)
    pen.ellipse(c, -52, -186, 52, -100)
    pen.ellipse((250, 236, 214), -42, -238, 42, -160)


def lollipop(pen, c):
    """A lollipop with a spiral."""
    pen.rect((244, 240, 232), -4, -130, 4, 0)
    pen.ellipse(c, -60, -230, 60, -110)
    turns = np.linspace(0, 6 * np.pi, 120)
    pen.line((250, 245, 240), 7, *[v for t in turns for v in (
        2.9 * t * np.cos(t), -170 + 2.9 * t * np.sin(t))])


SWEETS = [(cola, 0.5, (58, 26, 18)), (juice, 0.25, (246, 150, 30)), (sweets, 0.1, (220, 50, 60)),
          (doughnut, 0.15, (240, 130, 170)), (cone, 0.25, (240, 150, 170)),
          (lollipop, 0.1, (224, 50, 80))]


def salad(pen, width, row, seed=3):
    """Leaves, tomatoes and slices of cucumber on an ellipse."""
    numbers = np.random.default_rng(seed)
    for _ in range(90):
        turn, far = numbers.uniform(0, 2 * np.pi), np.sqrt(numbers.uniform(0, 1))
        x, y = 0.8 * width * far * np.cos(turn), row + 0.3 * width * far * np.sin(turn)
        size = numbers.uniform(10, 18)
        kind = numbers.integers(6)
        own = [(70, 140, 50), (96, 164, 60), (52, 116, 44), (206, 48, 40), (180, 210, 130),
               (232, 120, 40)][kind]
        pen.ellipse(own, x - size, y - 0.7 * size, x + size, y + 0.7 * size)
        if kind > 2:
            pen.ellipse(shade(own, 1.25), x - 0.6 * size, y - 0.4 * size, x + 0.5 * size, y + 0.3 * size)


def bowl(pen, c):
    """A bowl with salad."""
    turns = np.linspace(0, np.pi, 60)
    pen.polygon(c, *[v for t in turns for v in (120 * np.cos(t), -104 + 100 * np.sin(t) ** 0.7)])
    pen.rect(shade(c, 0.92), -44, -10, 44, 0, radius=4)
    pen.ellipse(c, -120, -150, 120, -58)
    pen.ellipse(shade(c, 0.86), -108, -143, 108, -66)
    salad(pen, 120, -106)


def plate(pen, c):
    """A plate with salad, seen from above at a slant."""
    pen.ellipse(shade(c, 0.9), -160, -124, 160, 0)
    pen.ellipse(c, -160, -130, 160, -6)
    pen.ellipse(shade(c, 0.94), -120, -112, 120, -24)
    salad(pen, 118, -68, 4)


def soup(pen, c):
    """A cup of soup with a handle."""
    pen.ring(c, 13, 66, -108, 128, -46)
    pen.polygon(c, -90, -116, 90, -116, 60, 0, -60, 0)
    pen.ellipse(c, -90, -146, 90, -86)
    pen.ellipse((214, 110, 40), -80, -140, 80, -92)
    pen.ellipse((250, 240, 220), -24, -122, 20, -108)


DISHES = [(bowl, 0.12, (242, 242, 240)), (plate, 0.05, (244, 244, 242)), (soup, 0.2, (236, 232, 226)),
          (bowl, 0.12, (60, 96, 150))]


def teddy(pen, c):
    """A toy bear."""
    for x in (-46, 46):
        pen.ellipse(c, x - 24, -228, x + 24, -180)
        pen.ellipse(c, x * 1.5 - 26, -130, x * 1.5 + 26, -60)
        pen.ellipse(shade(c, 1.1), x * 1.2 - 34, -50, x * 1.2 + 34, 0)
    pen.ellipse(c, -66, -140, 66, -8)
    pen.ellipse(shade(c, 1.25), -36, -116, 36, -34)
    pen.ellipse(c, -62, -216, 62, -112)
    pen.ellipse(shade(c, 1.4), -28, -166, 28, -124)
    for x in (-24, 24):
        pen.ellipse((20, 16, 14), x - 7, -182, x + 7, -168)
    pen.ellipse((20, 16, 14), -10, -160, 10, -146)


def car(pen, c):
    """A toy car."""
    pen.polygon(c, -120, -70, -70, -76, -40, -118, 50, -118, 84, -76, 126, -66, 130, -24, -124, -24)
    pen.polygon((190, 220, 236), -60, -78, -34, -110, 0, -110, 0, -78)
    pen.polygon((190, 220, 236), 8, -78, 8, -110, 46, -110, 70, -78)
    for x in (-72, 72):
        pen.ellipse((30, 30, 32), x - 30, -56, x + 30, 0)
        pen.ellipse((200, 200, 200), x - 13, -41, x + 13, -15)


def ball(pen, c):
    """A ball with coloured segments."""
    pen.ellipse(c, -90, -180, 90, 0)
    pen.polygon((250, 230, 60), -90, -90, 0, -110, 90, -90, 0, -70)
    pen.ellipse((250, 250, 250), -20, -176, 20, -150)


TOYS = [(teddy, 0.25, (160, 106, 60)), (car, 0.05, (214, 40, 44)), (ball, 0.4, (40, 110, 200)),
        (sneaker, 0.1, (60, 90, 160)), (lamp, 0.3, (190, 150, 90)), (speaker, 0.1, (60, 62, 68)),
        (carton, 0.1, (70, 92, 150)), (handbag, 0.15, (140, 66, 50))]


def table(pen, c):
    """A table with thin legs."""
    pen.rect(c, -180, -200, 180, -182, radius=3)
    for x in (-168, -120, 120, 168):
        pen.line(shade(c, 0.8 if abs(x) < 150 else 1), 7, x, -184, x * 1.03, -4)


def chair(pen, c):
    """A chair: back with bars, seat, four legs."""
    for x in (-58, 54):
        pen.line(c, 9, x, -290, x, -140)
    for y in (-286, -250, -214):
        pen.line(c, 10, -58, y, 54, y)
    pen.polygon(shade(c, 1.15), -70, -146, 62, -146, 80, -124, -86, -124)
    for x, y in ((-80, -4), (74, -4), (-54, -20), (50, -20)):
        pen.line(shade(c, 1 if y > -10 else 0.75), 8, x, -128, x, y)
    pen.line(shade(c, 0.9), 5, -80, -56, 74, -56)


def tripod(pen, c):
    """A camera on a tripod."""
    pen.rect((40, 40, 44), -46, -310, 46, -250, radius=6)
    pen.ellipse((90, 96, 110), -22, -302, 22, -258)
    pen.rect(c, -12, -252, 12, -206)
    for x in (-130, 0, 130):
        pen.line(c, 8, x * 0.05, -212, x, -4)


def stool(pen, c):
    """A stool with three legs and a ring between them."""
    pen.ellipse(c, -84, -212, 84, -176)
    for x in (-78, 6, 78):
        pen.line(shade(c, 0.85), 8, x * 0.7, -186, x, -4)
    pen.ring(shade(c, 0.7), 5, -72, -92, 72, -64)


# With the row below which all is legs.
LEGS = [(table, (120, 76, 44), -180), (chair, (96, 64, 40), -122), (tripod, (56, 58, 64), -206),
        (stool, (170, 60, 50), -174)]

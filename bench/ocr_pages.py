"""Pages and tables whose text is known, drawn for the benchmark of reading."""

import io
import random

from PIL import Image, ImageDraw, ImageFont

PAPER, INK = (250, 249, 246), (28, 28, 34)
ENGLISH = """The quick brown fox jumps over the lazy dog.
Invoice No. 2024-0815, due 31 March 2025
Total: $1,234.56 (incl. 19% VAT of $197.11)
Meet me at 7:30 PM, Gate B12 & bring your ID.
https://example.com/path?id=42&lang=en
PRIVATE PROPERTY - NO ENTRY
She sold 36 sea shells by the sea shore; he paid
in cash. "Never again," said the captain, and left.
Model X-500/7B, serial 88A1-0ZK2-19QP
Tel. +44 20 7946 0958, info@example.org""".splitlines()
ACCENTED = """Größe: München, Straße 12, überall schön
Où est la bibliothèque ? Déjà vu à Noël
¿Dónde está el baño? Mañana a las cinco
Żółć gęślą jaźń, piękny świat
Ação rápida: coração, maçã, pão
Příliš žluťoučký kůň úpěl ďábelské ódy
Árvíztűrő tükörfúrógép, három éve
Smørrebrød på øya, blåbær og røkt ål
Ștefan și Țepeș în această țară
Æble, ærø, øl: en dansk morgen""".splitlines()


def fonts(site):
    """The faces by their names, from an environment's packages."""
    faces = {"Roboto": "font_roboto/files/Roboto-Regular.ttf",
             "Source Sans": "font_source_sans_pro/files/SourceSansPro-Regular.ttf",
             "Source Serif": "font_source_serif_pro/files/SourceSerifPro-Regular.ttf"}
    return {name: site / file for name, file in faces.items()}


def noisy(picture, much, seed):
    """The picture with even noise of so many levels."""
    draw = random.Random(seed)
    table = bytes(draw.randrange(0, 2 * much + 1) for _ in range(65_536))
    shift = table * (len(picture.tobytes()) // len(table) + 1)
    pixels = bytes(min(255, max(0, value + more - much)) for value, more in zip(picture.tobytes(), shift))
    return Image.frombytes("RGB", picture.size, pixels)


def jpeg(picture, quality):
    """The picture after a JPEG of this quality."""
    packed = io.BytesIO()
    picture.save(packed, "JPEG", quality=quality)
    return Image.open(packed).convert("RGB")


def leaning(picture, degrees):
    """The picture turned a little, paper around it."""
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=PAPER)


def photographed(picture):
    """The picture as a plane that is seen at a slant."""
    width, height = picture.size
    corners = [(-.02, -.05), (1.04, .03), (.97, 1.05), (.05, .98)]
    rows, wanted = [], []
    for (x, y), (u, v) in zip([(0, 0), (1, 0), (1, 1), (0, 1)], corners):
        x, y, u, v = .08 * width + x * .84 * width, .1 * height + y * .8 * height, u * width, v * height
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return picture.transform(picture.size, Image.Transform.PERSPECTIVE, solved(rows, wanted),
                             Image.Resampling.BICUBIC, fillcolor=PAPER)


def solved(rows, wanted):
    """Solves linear equations by elimination."""
    rows = [[*row, value] for row, value in zip(rows, wanted)]
    for at in range(len(rows)):
        best = max(range(at, len(rows)), key=lambda each: abs(rows[each][at]))
        rows[at], rows[best] = rows[best], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for other in range(len(rows)):
            if other != at:
                rows[other] = [a - rows[other][at] * b for a, b in zip(rows[other], rows[at])]
    return [row[-1] for row in rows]


def page(lines, face, size):
    """A page with these lines."""
    font = ImageFont.truetype(str(face), size)
    width = max(int(font.getlength(line)) for line in lines) + 120
    sheet = Image.new("RGB", (max(width, 900), int(len(lines) * size * 1.7) + 120), PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, line in enumerate(lines):
        draw.text((60, 60 + index * size * 1.7), line, INK, font)
    return sheet


def pages(faces, han):
    """Name, picture and text of every page; Chinese where there is a font `han` for it."""
    texts = [(name, face, *each) for name, face in faces.items()
             for each in (("English", ENGLISH), ("accented", ACCENTED))]
    texts += [(han.stem, han, "Chinese", CHINESE)] if han else []
    for name, face, language, lines in texts:
        yield f"{name}, {language}, 30 px", page(lines, face, 30), lines
        yield f"{name}, {language}, 16 px", page(lines, face, 16), lines
        slanted = jpeg(leaning(page(lines, face, 26), 2), 40)
        yield f"{name}, {language}, 26 px, turned by 2°, JPEG 40", slanted, lines
        yield f"{name}, {language}, 22 px, noise", noisy(page(lines, face, 22), 24, 7), lines


# Text, then how many columns it goes over; None is covered from above.
PLAIN = [["Article", "Count", "Price", "Sum"], ["Apples", "12", "3.50", "42.00"],
         ["Pears", "7", "12.80", "89.60"], ["Cherries", "150", "9.95", "1,492.50"],
         ["Dried plums", "3", "4.10", "12.30"], ["Total", "172", "", "1,636.40"]]
SPANS = [[("Orders of the year", 4)], ["Region", "Spring", "Summer", "Autumn"],
         ["North", ("not open", 2), "118"], ["South", "204", "310", "95"], ["West", "17", ("closed", 2)]]
SCRIPTS = [["上海", "Shanghai", "12"], ["成都", "Chengdu", "345"], ["东京", "Tokyo", "67"],
           ["台北", "Taipei", "8.9"]]
CHINESE = """今天天气很好，我们去公园散步。
识别中文文字的测试页面
人工智能与计算机视觉
東京都千代田区丸の内一丁目
合计金额：人民币 1,234.56 元
请在七点三十分到达十二号门""".splitlines()


def cells(rows):
    """Row, column, spans and text of every cell."""
    for row, texts in enumerate(rows):
        column = 0
        for text in texts:
            text, span = text if isinstance(text, tuple) else (text, 1)
            yield row, column, 1, span, text
            column += span


def table(rows, face, ruled):
    """A table with or without lines."""
    font = ImageFont.truetype(str(face), 26)
    wide, high = 210, 56
    columns = max(column + span for _, column, _, span, _ in cells(rows))
    sheet = Image.new("RGB", (columns * wide + 160, len(rows) * high + 160), PAPER)
    draw = ImageDraw.Draw(sheet)
    for row, column, _, span, text in cells(rows):
        left, top = 80 + column * wide, 80 + row * high
        if ruled:
            draw.rectangle((left, top, left + span * wide, top + high), outline=INK, width=2)
        # Where no lines show it, the middle says that a text belongs to several columns.
        room = (span * wide - font.getlength(text)) / 2 if span > 1 and not ruled else 16
        draw.text((left + room, top + 12), text, INK, font)
    return sheet


def tables(faces, han):
    """Kind, picture and cells of every table; of two scripts where there is a font `han`."""
    for face in faces.values():
        for kind, rows, ruled, change in [
                ("ruled", PLAIN, True, None), ("ruled, spans", SPANS, True, None),
                ("ruled, turned by 3°", PLAIN, True, lambda p: leaning(p, 3)),
                ("ruled, photographed", PLAIN, True, photographed),
                ("ruled, spans, photographed", SPANS, True, photographed),
                ("ruled, JPEG 40", PLAIN, True, lambda p: jpeg(p, 40)),
                ("without lines", PLAIN, False, None), ("without lines, spans", SPANS[1:], False, None),
                ("without lines, turned by 3°", PLAIN, False, lambda p: leaning(p, 3)),
                ("without lines, photographed", PLAIN, False, photographed),
                ("without lines, JPEG 40", PLAIN, False, lambda p: jpeg(p, 40))]:
            picture = table(rows, face, ruled)
            yield kind, change(picture) if change else picture, list(cells(rows))
    if han:
        for kind, ruled in ("ruled, two scripts", True), ("without lines, two scripts", False):
            yield kind, table(SCRIPTS, han, ruled), list(cells(SCRIPTS))

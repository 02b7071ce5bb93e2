"""Pictures for the benchmarks, made from the photos of the repository: ordinary, huge, hostile."""

import io
import struct
import zlib

from PIL import Image

from harness import ROOT

Image.MAX_IMAGE_PIXELS = None
NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "grace_hopper.jpg", "rocket.jpg")


def photo(name="astronaut.png", pixels=1_000_000):
    """A photo as an ordinary JPEG of about so many pixels."""
    with Image.open(ROOT / "photos" / name) as source:
        picture = source.convert("RGB")
    scale = (pixels / (picture.width * picture.height)) ** 0.5
    size = (round(picture.width * scale), round(picture.height * scale))
    return jpeg(picture.resize(size, Image.Resampling.LANCZOS))


def photos(pixels=1_000_000):
    """Each photo as a JPEG of about so many pixels."""
    return [photo(name, pixels) for name in NAMES]


def file(name):
    """A photo of the repository as it is."""
    return (ROOT / "photos" / name).read_bytes()


def jpeg(picture, **options):
    """Encodes a JPEG."""
    out = io.BytesIO()
    picture.save(out, "JPEG", **{"quality": 90, **options})
    return out.getvalue()


def huge(side=10_000):
    """Real pictures of side x side pixels: name, bytes."""
    with Image.open(ROOT / "photos/astronaut.png") as source:
        picture = source.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    yield "JPEG", jpeg(picture, quality=80)
    yield "progressive JPEG", jpeg(picture, quality=80, progressive=True)
    del picture
    yield "PNG, RGBA", enlarged(side, 1)
    yield "PNG, RGBA, 16 bit", enlarged(side, 2)
    yield "PNG, RGBA, 16 bit, interlaced", interlaced(side)


def bombs():
    """Files that announce or unfold far more than they hold: name, bytes."""
    side = 65_535
    yield "PNG 65535 x 65535, 8 bit RGB", png(side, side, 8, 2, bytes(3 * side), 4)
    yield "PNG 2^31-1 square", png(2**31 - 1, 2**31 - 1, 8, 6, b"", 0)
    yield "PNG 65535 x 65535, 1 bit", png(side, side, 1, 0, bytes(8192), 500)
    yield "BMP 65535 x 65535", bmp(side, side)
    yield "BMP of a negative height", bmp(side, -side)
    yield "PNG 100 x 100, ICC profile of 1 GB", png(
        100, 100, 8, 2, bytes(300), 100, chunk(b"iCCP", b"x\0\0" + zeros(2**30)))
    yield "PNG 100 x 100, text of 1 GB", png(
        100, 100, 8, 2, bytes(300), 100, chunk(b"zTXt", b"x\0\0" + zeros(2**30)))
    yield "PNG 100 x 100, pixels of 1 GB", raw_png(100, 100, 8, 2, zeros(2**30))
    yield "JPEG 65500 x 65500, header only", jpeg_header(65_500, 65_500)
    yield "WebP 16383 x 16383, header only", webp_header(16_383, 16_383)


def chunk(kind, data):
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw_png(width, height, depth, colour, packed, *extra, interlace=0):
    """A PNG of packed pixel data as given."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(extra)
            + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


def png(width, height, depth, colour, row, rows, *extra):
    """A PNG that holds one row so many times."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"\0" + row) for _ in range(rows)) + packer.flush()
    return raw_png(width, height, depth, colour, packed, *extra)


def enlarged(side, depth, small=500):
    """A photo as an RGBA PNG of side x side pixels of so many bytes a channel.

    Every pixel of the photo becomes a square, so that the file stays small.
    """
    with Image.open(ROOT / "photos/astronaut.png") as source:
        picture = source.convert("RGBA").resize((small, small), Image.Resampling.LANCZOS)
    pixels, times = picture.tobytes(), side // small
    same = b"\2" + bytes(4 * depth * side)  # the row above once more
    packer, parts = zlib.compressobj(6), []
    for start in range(0, len(pixels), 4 * small):
        line = pixels[start:start + 4 * small]
        wide = (b"".join(bytes([value]) * depth for value in line[x:x + 4]) * times
                for x in range(0, len(line), 4))
        parts.append(packer.compress(b"\0" + b"".join(wide) + same * (times - 1)))
    return raw_png(side, side, 8 * depth, 6, b"".join(parts) + packer.flush())


def interlaced(side):
    """A black 16-bit RGBA PNG in Adam7 order, which no decoder can read row by row."""
    total = 0
    for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                         (1, 0, 2, 2), (0, 1, 1, 2)):
        width, height = (side - x + dx - 1) // dx, (side - y + dy - 1) // dy
        total += height * (1 + 8 * width)
    return raw_png(side, side, 16, 6, zeros(total), interlace=1)


def zeros(size):
    """So many zero bytes, packed."""
    packer, block = zlib.compressobj(9), bytes(2**20)
    parts = [packer.compress(block) for _ in range(size // len(block))]
    return b"".join(parts) + packer.compress(bytes(size % len(block))) + packer.flush()


def bmp(width, height):
    """The header of a 24-bit BMP, with a few bytes of pixels."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 64, 0, 0, 54) + head + bytes(64)


def jpeg_header(width, height):
    """A JPEG whose frame header announces this size, and which ends there."""
    small = jpeg(Image.new("RGB", (16, 16)))
    frame = small.index(b"\xff\xc0")
    return small[:frame + 5] + struct.pack(">HH", height, width) + small[frame + 9:]


def webp_header(width, height):
    """A lossless WebP whose header announces this size, and which ends there."""
    bits = (width - 1) | (height - 1) << 14
    data = b"\x2f" + struct.pack("<I", bits) + bytes(16)
    body = b"WEBPVP8L" + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body

"""How well services of tone, haze, sharpness and composition do on photos damaged on purpose.

Each figure is measured over HTTP, on photos of at most 0.4 megapixels and on drawn pictures. Beside it
stands a control: the same measure on the untouched picture, or on a plain method that is wrong for it. A
control that meets the target means that the figure proves nothing, and counts as a miss. Row 7 is colour
and contrast, 8 the composition's score, 13 neutral pictures, 14 haze, 15 references, crops, cards and
cartoons. Casts are Planck's light in a camera that stays at 6500 K, the mild one of half its strength.
"""

import sys

import tone_pictures as tp
import tone_composition
from tone_figures import Figures
import harness

import numpy as np
from PIL import ImageOps

LIT = ("astronaut.png", "coffee.png", "china.jpg", "grace_hopper.jpg", "chelsea.png")
FACES = ("astronaut.png", "grace_hopper.jpg", "short_hair.png")
GOOD = LIT + ("flower.jpg", "rocket.jpg")
CASTS = {"warm, mild": (3000, 0.5), "warm, strong": (3000, 1.0),
         "cool, mild": (10_000, 0.5), "cool, strong": (10_000, 1.0)}
MODES = ("Rec709", "ln17_256")
# Luminance may rise by half a stop: the least step in which cameras and photographers count exposure, so
# that the picture still is the exposure that was chosen for the night.
NIGHT_RISE = 2**0.5


def developed(services, picture, mode, name=""):
    """A photo after colour enhancement."""
    return services.picture(tp.COLOUR, picture, name, output_format="png", mode=mode)


def enhancers(services):
    """The ways to enhance colour or contrast: name, function of picture and name of the file."""
    for mode in MODES:
        yield f"colour, {mode}", lambda p, n="", mode=mode: developed(services, p, mode, n)
    yield "contrast", lambda p, n="": services.lossless(tp.CONTRAST, p, n)


def colour_casts(services, photos, figures):
    """Casts that go: gain in PSNR, and what is left of them on a grey card."""
    originals = {name: tp.photo(name) for name in LIT[:photos]}
    for mode in MODES:
        gains = []
        for kind, (kelvin, share) in CASTS.items():
            rows = []
            for name, clear in originals.items():
                tinted = tp.cast(clear, kelvin, share)
                found = developed(services, tinted, mode, f"7-{kind}-{mode}-{name}")
                rows.append((tp.psnr(clear, tinted), tp.psnr(clear, found)))
            before, after = np.mean(rows, axis=0)
            gains += [b - a for a, b in rows]
            each = " ".join(f"{b - a:+.1f}" for a, b in rows)
            figures.note(f"{mode}, {kind}, PSNR", f"{before:.1f} -> {after:.1f} dB ({each})")
        figures.least(f"{mode}: mean gain over casts, dB", np.mean(gains), 4, control=0.0)
    for mode in MODES:
        left, raw = [], []
        for name in ("coffee.png", "china.jpg", "astronaut.png")[:photos]:
            card, boxes = tp.with_card(tp.photo(name))
            for kind in ("warm, mild", "warm, strong"):
                tinted = tp.cast(card, *CASTS[kind])
                found = developed(services, tinted, mode, f"7-card-{kind}-{mode}-{name}")
                # Of b* the inner part of each patch, without its rim.
                shift = [[np.abs(np.median(tp.lab(p.crop(box)).reshape(-1, 3), axis=0)[2])
                          for box in boxes] for p in (tinted, found)]
                raw.append(np.mean(shift[0]))
                left.append(np.mean(shift[1]))
                figures.note(f"{mode}, card, {kind}, {name}, |b*| of patches",
                             " ".join(f"{v:.1f}" for v in shift[1]))
        figures.most(f"{mode}: |b*| of a grey card, mean of its patches, worst picture", max(left),
                     3, control=max(raw))


def levels(services, photos, figures):
    """Under-exposed and flat photos, against autocontrast."""
    damages = {
        "under-exposed": lambda p: tp.from_linear(0.35 * tp.to_linear(p)),
        "flat": lambda p: tp.image(127.5 + 0.4 * (tp.values(p) - 127.5)),
    }
    originals = {name: tp.photo(name) for name in LIT[:photos]}
    for kind, damage in damages.items():
        hurt = {name: damage(clear) for name, clear in originals.items()}
        mean = lambda change: np.mean([tp.psnr(originals[name], change(p, name))
                                       for name, p in hurt.items()])
        before = mean(lambda p, _: p)
        plain = mean(lambda p, _: ImageOps.autocontrast(p, preserve_tone=True))
        for service, enhance in enhancers(services):
            found = mean(lambda p, name: enhance(p, f"7-{kind}-{service}-{name}"))
            figures.least(f"{service}: {kind}, PSNR, dB (autocontrast's: wanted)", found, plain,
                          control=before)


def good_photos(services, photos, figures):
    """Photos that need nothing, skin, and night."""
    for service, enhance in enhancers(services):
        found = {}
        for name in GOOD[:photos + 2]:
            clear = tp.photo(name)
            found[name] = tp.psnr(clear, enhance(clear, f"7-good-{service}-{name}"))
        wrong = [tp.psnr(tp.photo(n), ImageOps.equalize(tp.photo(n))) for n in found]
        figures.note(f"{service}: good photos, PSNR",
                     " ".join(f"{n.split('.')[0]} {v:.1f}" for n, v in found.items()))
        figures.least(f"{service}: good photos, least PSNR, dB", min(found.values()), 40,
                      control=max(wrong))
    plain = tp.photo("coffee.png")
    sent = services.picture(tp.CONTRAST, plain)
    figures.note("contrast: a good photo in the JPEG that is answered, PSNR; Pillow's at 95",
                 f"{tp.psnr(plain, sent):.1f}; {tp.psnr(plain, tp.jpeg(plain)):.1f} dB")
    turns, wrong = {}, []
    for name in FACES[:photos]:
        clear = tp.photo(name)
        where = tp.skin(clear, services.face(clear))
        own = tp.hue_of(clear, where)
        for kind, hurt in (("as it is", clear), ("x 0.35", tp.from_linear(0.35 * tp.to_linear(clear)))):
            for service, enhance in enhancers(services):
                found = tp.hue_of(enhance(hurt, f"7-skin-{kind}-{service}-{name}"), where)
                turns.setdefault(service, {})[f"{name} {kind}"] = tp.turn(own, found)
        # Grey world, which takes skin for the colour of the light.
        light = tp.to_linear(clear)
        world = tp.from_linear(light * light.mean() / light.mean(axis=(0, 1)))
        wrong.append(tp.turn(own, tp.hue_of(world, where)))
    for service, each in turns.items():
        figures.note(f"{service}: skin's hue turned by",
                     " ".join(f"{n.split('.')[0]}{n[-5:]} {v:.1f}" for n, v in each.items()))
        figures.most(f"{service}: skin's hue, most degrees (control: grey world)",
                     max(each.values()), 8, control=max(wrong))
    for service, enhance in enhancers(services):
        rises, wrong = [], []
        for name in ("coffee.png", "astronaut.png", "china.jpg")[:photos]:
            dark = tp.night(tp.photo(name))
            rises.append(tp.luminance(enhance(dark, f"7-night-{service}-{name}")) / tp.luminance(dark))
            wrong.append(tp.luminance(ImageOps.equalize(dark)) / tp.luminance(dark))
        figures.note(f"{service}: night, luminance times", " ".join(f"{v:.2f}" for v in rises))
        figures.most(f"{service}: night, most rise of the mean luminance", max(rises), NIGHT_RISE,
                     control=min(wrong))


def row7(services, photos, figures):
    """Colour and contrast."""
    colour_casts(services, photos, figures)
    levels(services, photos, figures)
    good_photos(services, photos, figures)


def spread(picture):
    """The difference between a pixel's channels: all but a thousandth of the pixels, and the most."""
    v = tp.values(picture)
    difference = v.max(axis=-1) - v.min(axis=-1)
    return np.percentile(difference, 99.9), difference.max()


def row13(services, photos, figures):
    """Neutral pictures stay neutral, and white stays white."""
    ways = {
        "enlargement, base": lambda p, n: services.picture(
            tp.ENLARGE, p, n, output_format="png", mode="base"),
        "enlargement, enhancement": lambda p, n: services.picture(
            tp.ENLARGE, p, n, output_format="png", mode="enhancement"),
        "sharpness, PNG": lambda p, n: services.lossless(tp.SHARPEN, p, n),
        "sharpness, JPEG": lambda p, n: services.picture(tp.SHARPEN, p, n),
        "Pillow's JPEG": lambda p, n: tp.jpeg(p),
    }
    paper, blank = tp.sheet()
    neutral = {name: tp.grey(tp.photo(name, 90_000))
               for name in ("text.png", "coffee.png", "astronaut.png", "china.jpg")[:photos + 1]}
    neutral |= {"soft coffee": tp.blurred(neutral["coffee.png"], 1.5), "sheet": paper,
                "white": tp.image(np.full((240, 320, 3), 255)),
                "black": tp.image(np.zeros((240, 320, 3)))}
    grain = np.random.default_rng(7).normal(0, 12, (*neutral["coffee.png"].size[::-1], 1))
    neutral["noisy coffee"] = tp.image(tp.values(neutral["coffee.png"]) + grain)
    # The same photo in a light that is hardly seen.
    tinted = max(spread(tp.image(tp.values(p) * [1, 1, 0.97]))[0] for p in neutral.values())
    for way, change in ways.items():
        found = {name: change(p, f"13-{way}-{name}") for name, p in neutral.items()}
        shares = {name: spread(p) for name, p in found.items()}
        figures.note(f"{way}: p99.9 / most",
                     ", ".join(f"{n} {a:.0f}/{b:.0f}" for n, (a, b) in shares.items()))
        scale = found["sheet"].width / paper.width
        white = [tp.values(found["white"]).mean(),
                 tp.values(found["sheet"].crop([round(v * scale) for v in blank])).mean()]
        if way == "Pillow's JPEG":
            continue
        figures.most(f"{way}: channels apart, p99.9", max(a for a, _ in shares.values()), 2,
                     control=tinted)
        figures.most(f"{way}: channels apart, most", max(b for _, b in shares.values()), 2,
                     control=tinted)
        figures.least(f"{way}: white of a sheet, mean", min(white), 254.5, control=255 * 0.99)


def row14(services, photos, figures):
    """Haze goes, and what has none stays."""
    better, gains = [], []
    for name in ("china.jpg", "flower.jpg", "rocket.jpg", "coffee.png")[:photos]:
        clear = tp.photo(name)
        for beta in (0.8, 1.6):
            hazy = tp.hazed(clear, beta)
            found = services.lossless(tp.DEHAZE, hazy, f"14-haze-{beta}-{name}")
            before, after = tp.psnr(clear, hazy), tp.psnr(clear, found)
            better.append(after >= 24 or after > before)
            gains.append(after - before)
            figures.note(f"haze {beta}, {name}, PSNR", f"{before:.1f} -> {after:.1f} dB")
    figures.least("haze: pictures of 24 dB or of a gain, share", np.mean(better), 1, control=0.0)
    figures.least("haze: mean gain, dB", np.mean(gains), 1, control=0.0)
    paper, _ = tp.sheet()
    still = {"graphic": tp.graphic(), "sheet": paper, "blank": tp.image(np.full((240, 320, 3), 246)),
             "text.png": tp.photo("text.png"), "cartoon.png": tp.photo("cartoon.png"),
             "bluish paper": tp.image(np.broadcast_to([214, 222, 236], (240, 320, 3)))}
    kept = {n: tp.psnr(p, services.lossless(tp.DEHAZE, p, f"14-still-{n}")) for n, p in still.items()}
    wrong = [tp.psnr(p, tp.image(tp.values(p) * 0.97)) for p in still.values()]
    figures.note("no haze, PSNR", ", ".join(f"{n} {v:.1f}" for n, v in kept.items()))
    figures.least("no haze: least PSNR, dB", min(kept.values()), 45, control=max(wrong))
    text = still["text.png"]
    figures.note("text.png in the JPEG that is answered, PSNR; Pillow's at 95",
                 f"{tp.psnr(text, services.picture(tp.DEHAZE, text)):.1f}; "
                 f"{tp.psnr(text, tp.jpeg(text)):.1f} dB")
    turns, wrong, warm = [], [], tp.canyon()
    dusty = tp.hazed(warm, 0.9, (0.94, 0.84, 0.74))
    for name, picture in (("canyon", warm), ("dusty canyon", dusty)):
        found = services.lossless(tp.DEHAZE, picture, f"14-{name}")
        world = tp.values(picture) * tp.values(picture).mean() / tp.values(picture).mean(axis=(0, 1))
        turns.append(hues_turned(picture, found))
        wrong.append(hues_turned(picture, tp.image(world)))
        figures.note(f"{name}: PSNR to what was sent; hue",
                     f"{tp.psnr(picture, found):.1f} dB; {turns[-1]:.1f} degrees")
    figures.most("canyon: mean turn of hue, degrees (control: grey world)", max(turns), 4,
                 control=min(wrong))


def hues_turned(before, after):
    """The mean turn of the hue where both pictures have colour."""
    one, two = tp.lab(before), tp.lab(after)
    coloured = (np.hypot(one[..., 1], one[..., 2]) > 10) & (np.hypot(two[..., 1], two[..., 2]) > 10)
    hue = lambda each: np.degrees(np.arctan2(each[..., 2], each[..., 1]))[coloured]
    return float(tp.turn(hue(one), hue(two)).mean())


ROWS = {"7": row7, "8": tone_composition.row8, "13": row13, "14": row14,
        "15": tone_composition.row15}


def main():
    """Runs the rows that were asked for."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="which rows to run")
    parser.add_argument("--photos", type=int, default=6, help="photos of a figure at most")
    parser.add_argument("--keep", help="a folder that gets the result pictures")
    parser.add_argument("--out", help="a JSON file that gets the figures")
    args = parser.parse_args()
    print(harness.machine())
    all_figures = Figures()
    with harness.Server(args.binary, args.set) as server:
        services = tp.Services(server.client(), args.keep)
        for row in args.rows.split(","):
            figures = all_figures.start(f"row {row}")
            try:
                ROWS[row](services, args.photos, figures)
            finally:
                figures.show()
                if args.out:
                    all_figures.write(args.out)
    return 0 if all_figures.hold() else 1


if __name__ == "__main__":
    sys.exit(main())

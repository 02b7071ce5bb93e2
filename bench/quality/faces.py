"""Faces over HTTP: are all hidden that are found, do signs of skin follow what is drawn, what is taken for a face?

`hidden`: every face that `face-analyzer` reports must be blurred by `blurred-faces`, half faces at the edge
too, and pictures without faces must stay as they are. `skin`: the yes/no signs of the three skin analyses over
lines and spots drawn ever stronger, over small faces, over a cartoon. `found`: what `face-analyzer` and the
cut-outs of people answer to pictures without people, and whether true faces are kept.
"""

import io
import math
import sys
from collections import defaultdict
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import api
import harness
import face_pictures as made
from things import things

BLUR = "/api/portrait/effects/blurred-faces"
ADVANCED = "/api/portrait/analysis/face-analyzer-advanced"
SKIN = {name: f"/api/portrait/analysis/{name}"
        for name in ("skin-analysis", "skin-analysis-advanced", "skin-analysis-pro")}
CUTOUTS = {"people": api.PORTRAIT, "avatar": "/api/cutout/portrait/avatar-extraction",
           "hair": "/api/cutout/portrait/hairstyle-extraction"}
DRAWN = "ERROR_CARTOON_FACE_NOT_SUPPORTED"
BUSY = ("AI_SERVICE_TIMEOUT", "AI_SERVICE_FLOW_RESTRICTION")
WRINKLES = ("forehead_wrinkle", "glabella_wrinkle", "eye_finelines", "crows_feet", "nasolabial_fold")
# Signs that are drawn in one picture, since their places do not touch.
TOGETHER = ((*WRINKLES, "blackhead", "mole"), ("eye_pouch", "acne"), ("dark_circle", "skin_spot"))
SIGNS = [sign for together in TOGETHER for sign in together]
SPOT_NAMES = {"skin-analysis-pro": {"skin_spot": "brown_spot"}}
# What a drawn sign needs to be seen: hair, a cap and glasses hide these.
HIDDEN = {("astronaut.png", "forehead_wrinkle"), ("grace_hopper.jpg", "forehead_wrinkle"),
          ("grace_hopper.jpg", "eye_finelines"), ("grace_hopper.jpg", "eye_pouch"),
          ("grace_hopper.jpg", "dark_circle"), ("grace_hopper.jpg", "crows_feet")}
SURE = 0.7
# A sign as sure as this on the untouched portrait has no room to rise.
FULL = 0.95


class Asker:
    """Asks a server, keeps count, and saves pictures where that is wanted."""

    def __init__(self, server, save):
        self.client, self.save, self.count = server.client(), save, 0

    def post(self, path, content, **fields):
        """The answer; asks again where the connection was closed, or a busy machine was too slow."""
        form = api.form(content, **fields)
        for last in (False, False, True):
            self.count += 1
            try:
                answer = self.client.post(path, form)
            except OSError:
                if last:
                    raise
                continue
            if last or answer.code not in BUSY:
                return answer

    def boxes(self, picture, turned):
        """The boxes that `face-analyzer` answers, and the code where it answers none."""
        answer = self.post(api.FACES, made.encoded(picture), max_face_num=120, need_rotate_detection=turned)
        rects = [each["face_rect"] for each in answer.json.get("face_detail_infos") or []]
        return [(r["x"], r["y"], r["x"] + r["width"], r["y"] + r["height"]) for r in rects], answer.code

    def blurred(self, picture):
        """The picture after `blurred-faces`, the same where none was found."""
        answer = self.post(BLUR, made.encoded(made.see_through(picture)))
        if answer.code == "ERROR_NO_FACE_IN_FILE":
            return picture
        if not answer.succeeded:
            raise SystemExit(f"{BLUR} answers {answer.status} {answer.body[:300]}")
        url = answer.json["data"]["image_url"]
        return Image.open(io.BytesIO(self.client.download(url).body)).convert("RGB")

    def show(self, name, *pictures):
        """Saves pictures side by side."""
        if self.save:
            sheet = Image.new("RGB", (sum(p.width for p in pictures), max(p.height for p in pictures)))
            left = 0
            for picture in pictures:
                sheet.paste(picture, (left, 0))
                left += picture.width
            sheet.save(Path(self.save) / f"{name.replace('%', '').replace(' ', '_')}.png")


def share(part, whole):
    """A share in words."""
    return f"{part}/{whole} ({part / whole:.1%})" if whole else "none asked"


# Faces hidden

def kept_detail(before, after, box):
    """How much of the fine detail in the ellipse of a box is left, and how much is changed in and around it."""
    left, top, right, bottom = (round(v) for v in box)
    ellipse = Image.new("L", before.size)
    ImageDraw.Draw(ellipse).ellipse((left, top, right, bottom), 255)
    fine = ImageFilter.GaussianBlur(max(1, 0.02 * max(right - left, bottom - top)))

    def detail(picture):
        gray = picture.convert("L")
        return ImageStat.Stat(ImageChops.difference(gray, gray.filter(fine)), ellipse).mean[0]
    change = ImageChops.difference(before.convert("L"), after.convert("L"))
    wide = Image.new("L", before.size, 255)
    width, height = right - left, bottom - top
    ImageDraw.Draw(wide).rectangle((left - width, top - height, right + width, bottom + height), 0)
    outside = ImageStat.Stat(change, wide).mean[0] if wide.getbbox() else 0
    return detail(after) / max(0.05, detail(before)), ImageStat.Stat(change, ellipse).mean[0], outside


def is_blurred(before, after, box):
    """Whether less than half of the detail is left, and more is changed inside than elsewhere."""
    left, inside, outside = kept_detail(before, after, box)
    return left < 0.5 and inside > outside


def circle(face):
    """The box of a face's known middle and half axis."""
    x, y, radius = face
    return x - radius, y - radius, x + radius, y + radius


def hides(asker, few):
    """The faces of each group that are reported and hidden, and those that are known to be there."""
    reported, known, control, missed = defaultdict(list), defaultdict(list), [], []
    for scene in made.scenes(few):
        picture = scene.picture
        after = asker.blurred(picture)
        boxes = [box for turned in (0, 1) for box in asker.boxes(picture, turned)[0]]
        for box in dict.fromkeys(boxes):
            hidden = is_blurred(picture, after, box)
            reported[scene.group].append(hidden)
            control.append(is_blurred(picture, picture, box))
            if not hidden:
                missed.append(f"{scene.name}: reported {box}")
        for face in scene.faces:
            hidden = is_blurred(picture, after, circle(face))
            known[scene.group].append(hidden)
            if not hidden:
                missed.append(f"{scene.name}: there at {tuple(map(round, face))}")
        if any(line.startswith(scene.name + ":") for line in missed) or few:
            asker.show(f"blur {scene.name}", picture, after)
    return reported, known, control, missed


def changed(before, after):
    """Whether a picture was changed by more than rounding."""
    return max(high for _, high in ImageChops.difference(before, after).getextrema()) > 3


def hiding(asker, few):
    """Faces hidden, and pictures without any left alone."""
    reported, known, control, missed = hides(asker, few)
    groups = list(dict.fromkeys([*known, *reported]))
    harness.table(("faces", "reported and blurred", "there and blurred"),
                  [(group, share(sum(reported[group]), len(reported[group])),
                    share(sum(known[group]), len(known[group]))) for group in groups])
    print("\n".join(f"  not blurred: {line}" for line in missed))
    others = []
    for name, picture in made.faceless(12 if few else 200):
        after = asker.blurred(picture)
        if changed(picture, after):
            others.append(name)
            asker.show(f"faceless {name}", picture, after)
    total = [hidden for group in reported.values() for hidden in group]
    there = [hidden for group in known.values() for hidden in group]
    print(f"  control: of the same boxes in the untouched pictures {sum(control)} count as blurred")
    print(f"  pictures without a face that are changed: {', '.join(others) or 'none'}")
    return [
        harness.verdict("reported faces that are blurred", all(total) and bool(total), share(sum(total), len(total))),
        harness.verdict("half faces at the edge that are blurred", all(known["half"]),
                        share(sum(known["half"]), len(known["half"]))),
        harness.verdict("faces there that are blurred", all(there), share(sum(there), len(there))),
        harness.verdict("pictures without a face that are changed", not others,
                        f"{len(others)} of {len(made.NO_FACE) + (12 if few else 200)}"),
        harness.verdict("control, untouched counts as blurred", not any(control), f"{sum(control)}")]


# Signs of the skin

def value_of(entry):
    """A sign as one number that rises with how surely and how strongly it is there."""
    if "value" in entry:
        value, confidence = entry["value"], entry["confidence"]
        return 1 - confidence if value == 0 else value - 1 + confidence
    return max(entry.get("confidence") or [float(bool(entry.get("rectangle")))], default=0.0)


def sign_of(result, service, sign):
    """A sign in a service's answer; none where it has no such field."""
    entry = result.get(SPOT_NAMES.get(service, {}).get(sign, sign))
    return value_of(entry) if entry else None


def ranks(values):
    """Ranks from 1, the mean of them where values are equal."""
    return [sum(other < value for other in values) + (1 + sum(other == value for other in values)) / 2
            for value in values]


def spearman(one, other):
    """The rank correlation; 0 where one side is all the same."""
    one, other = ranks(one), ranks(other)
    middle = sum(one) / len(one)
    shared = sum((a - middle) * (b - middle) for a, b in zip(one, other))
    spread = math.sqrt(sum((a - middle) ** 2 for a in one) * sum((b - middle) ** 2 for b in other))
    return shared / spread if spread else 0.0


def analyse(asker, service, picture, quality=95):
    """The result of a service, or its code."""
    fields = {"return_rect_confidence": 1} if service == "skin-analysis-advanced" else {}
    answer = asker.post(SKIN[service], made.encoded(picture, format="JPEG", quality=quality, subsampling=0), **fields)
    return answer.json.get("result") if answer.succeeded else answer.code


def ladders(asker, service, name):
    """For each sign its values over the strengths; signs that do not touch share a picture."""
    found, plain = {}, analyse(asker, service, made.close_up(name)[0])
    for together in TOGETHER:
        signs = [sign for sign in together if (name, sign) not in HIDDEN]
        results = [plain, *(analyse(asker, service, made.aged(name, signs, strength))
                            for strength in made.STRENGTHS[1:] if signs)]
        codes = [result for result in results if isinstance(result, str)]
        if codes:
            print(f"  {service} {name} {' '.join(signs)}: {codes}")
            continue
        found |= {sign: [sign_of(result, service, sign) for result in results] for sign in signs}
    return {sign: values for sign, values in found.items() if None not in values}


def monotone(asker, few):
    """Tables and verdicts of what is drawn ever stronger."""
    names, rhos = list(made.POINTS), defaultdict(list)
    for service in SKIN:
        rows = []
        for name in names[-1:] if few or service != "skin-analysis" else names:
            for sign, values in ladders(asker, service, name).items():
                rho, full = spearman(range(len(values)), values), values[0] >= FULL
                rows.append((sign, name.split(".")[0], " ".join(f"{value:.3f}" for value in values),
                             "there already" if full else f"{rho:.2f}"))
                if not full:
                    rhos[sign].append(rho)
        harness.table((f"{service}: sign", "portrait", "value over strengths 0..4", "rho"), rows)
    return [harness.verdict(f"rho of {sign}", min(rhos[sign]) >= 0.8,
                            f"least {min(rhos[sign]):.2f}, mean "
                            f"{sum(rhos[sign]) / len(rhos[sign]):.2f} of {len(rhos[sign])}")
            if rhos[sign] else harness.verdict(f"rho of {sign}", False, "not judged, there already everywhere")
            for sign in SIGNS]


def small(name, size):
    """A portrait with a face of so many pixels in a picture that is not too small to be taken."""
    return made.around(name, size, max(2.4, 210 / size))[0]


def yes_no(result):
    """The fields of a result that are a class with a confidence."""
    return {key: entry for key, entry in result.items()
            if isinstance(entry, dict) and "value" in entry and "confidence" in entry}


def coarse(asker, few):
    """How sure signs are of faces of few pixels."""
    rows, refused, asked, small_lines, small_others = [], 0, 0, [], []
    for service in SKIN:
        for name in list(made.POINTS)[:1 if few or service != "skin-analysis" else None]:
            for size in (80, 170, 220):
                result = analyse(asker, service, small(name, size))
                fields = {} if isinstance(result, str) else yes_no(result)
                lines = [fields.pop(sign)["confidence"] for sign in WRINKLES if sign in fields]
                sure = [f"{key} {entry['value']}@{entry['confidence']:.2f}" for key, entry in fields.items()
                        if entry["confidence"] > 0.5]
                if size == 80:
                    asked += 1
                    refused += isinstance(result, str) or (max(lines) <= 0.5 and not sure)
                if size == 170:
                    small_lines += lines
                    small_others += [entry["confidence"] for key, entry in fields.items() if key.startswith("pores")]
                rows.append((service, name.split(".")[0], size, result if isinstance(result, str) else
                             f"{max(lines):.2f}", f"{len(sure)} of {len(fields)}", " ".join(sure)[:110]))
    harness.table(("service", "portrait", "face px", "surest of the lines, or code", "others above .5", ""), rows)
    return [harness.verdict("faces of 80 px refused or all unsure", refused == asked, share(refused, asked)),
            harness.verdict("lines of faces of 170 px no surer than .6", max(small_lines, default=0) <= 0.6,
                            f"{max(small_lines, default=0):.2f}"),
            harness.verdict("pores of faces of 170 px no surer than .6", max(small_others, default=0) <= 0.6,
                            f"{max(small_others, default=0):.2f}")]


def changes(name):
    """Undamaged variations of a portrait."""
    plain = made.close_up(name)[0]
    yield "plain", plain
    yield "mirrored", plain.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    yield "brighter", plain.point(lambda v: min(255, round(v * 1.15)))
    yield "darker", plain.point(lambda v: round(v * 0.8))
    yield "smaller", plain.resize((plain.width * 3 // 4, plain.height * 3 // 4), Image.Resampling.LANCZOS)
    yield "turned", plain.rotate(7, Image.Resampling.BICUBIC, fillcolor=made.GRAY)
    yield "warmer", Image.merge("RGB", [band.point(lambda v, k=k: min(255, round(v * k)))
                                        for band, k in zip(plain.split(), (1.06, 1.0, 0.92))])
    yield "JPEG 75", Image.open(io.BytesIO(made.encoded(plain, format="JPEG", quality=75))).convert("RGB")


def yes_shares(asker, few):
    """How often each field says yes over undamaged variations, and how often it is sure."""
    counts, turns = defaultdict(list), defaultdict(list)
    for name in list(made.POINTS)[:1 if few else None]:
        for what, picture in list(changes(name))[:2 if few else None]:
            result = analyse(asker, "skin-analysis", picture)
            if isinstance(result, str):
                print(f"  skin-analysis {name} {what}: {result}")
                continue
            for key, entry in yes_no(result).items():
                counts[key].append((entry["value"] > 0, entry["confidence"] >= SURE))
                turns[key, name].append((entry["value"], entry["confidence"]))
    def flips(key):
        """Portraits with confident answers of both kinds."""
        return sum(len({value for value, sure in each if sure >= SURE}) > 1
                   for (other, _), each in turns.items() if other == key)
    harness.table(("field", "asked", "yes", f"sure (from {SURE})", "sure yes",
                   "portraits with sure answers of both kinds"),
                  [(key, len(each), sum(y for y, _ in each), sum(s for _, s in each),
                    sum(y and s for y, s in each), flips(key)) for key, each in counts.items()])
    return []


def cartoons(asker, _few):
    """No sign of age on a drawn face."""
    drawn = made.photo("cartoon.png").crop((75, 35, 325, 350)).resize((630, 794), Image.Resampling.LANCZOS)
    rows, sure = [], 0
    for service in SKIN:
        result = analyse(asker, service, drawn)
        set_ = [] if isinstance(result, str) else [
            sign for sign in WRINKLES if result[sign]["value"] and result[sign]["confidence"] > 0.5]
        sure += len(set_)
        rows.append((service, result if isinstance(result, str) else "answered", " ".join(set_) or "none"))
    harness.table(("service", "cartoon", "wrinkles with more than .5"), rows)
    return [harness.verdict("wrinkles of a cartoon", not sure, f"{sure}")]


def signs(asker, few):
    """Signs of the skin."""
    return [met for part in (cartoons, coarse, monotone, yes_shares) for met in part(asker, few)]


# Faces found

def answered(asker, picture):
    """How many faces are answered (turned too), whether one was called drawn, what is cut out."""
    plain, code = asker.boxes(picture, 0)
    turned, code_turned = asker.boxes(picture, 1)
    advanced = asker.post(ADVANCED, made.encoded(picture))
    count = (advanced.json.get("data") or {}).get("face_count", 0) if advanced.succeeded else 0
    cut = {name: asker.post(path, made.encoded(picture)).succeeded for name, path in CUTOUTS.items()}
    return len(plain), len(turned), DRAWN in (code, code_turned, advanced.code), count, cut


def false_faces(asker, few):
    """Table and verdicts of pictures without people."""
    rows, faces, cuts = [], 0, 0
    control = answered(asker, made.around("astronaut.png", 200)[0])
    asked = [("control: a portrait", [control])]
    for kind, pictures in things(few):
        found = []
        for number, picture in enumerate(pictures):
            found.append(answered(asker, picture))
            if max(found[-1][0], found[-1][1], found[-1][3], *found[-1][4].values()):
                asker.show(f"false {kind} {number}", picture)
        asked.append((kind, found))
        faces += sum(max(each[0], each[1], each[3]) for each in found)
        cuts += sum(any(each[4].values()) for each in found)
    for kind, found in asked:
        rows.append((kind, len(found), *(sum(each[place] for each in found) for place in (0, 1, 3, 2)),
                     *(sum(each[4][name] for each in found) for name in CUTOUTS)))
    harness.table(("picture", "asked", "faces", "faces, any way up", "advanced", "called drawn",
                   *(f"cut: {name}" for name in CUTOUTS)), rows)
    return [harness.verdict("false faces answered", faces == 0, f"{faces}"),
            harness.verdict("pictures without people that are cut out", cuts == 0, f"{cuts}"),
            harness.verdict("control, a portrait is answered and cut out",
                            control[0] == 1 and all(control[4].values()), f"{control}")]


def has(boxes, face):
    """Whether one of the boxes is this face's."""
    x, y, radius = face
    return any(left < x < right and top < y < bottom and 0.8 * radius < (bottom - top) / 2 < 3 * radius
               for left, top, right, bottom in boxes)


def true_faces(asker, few):
    """Table and verdicts of faces that must be found."""
    kept, close, missed = [], [], []
    for scene in made.scenes(few):
        large = [face for face in scene.faces if face[2] >= 0.36 * 40]
        if scene.group in ("upright", "grid") and large:
            boxes = asker.boxes(scene.picture, 0)[0]
            found = [has(boxes, face) for face in large]
            kept += found
            missed += [scene.name] * found.count(False)
    for name in list(made.POINTS)[:1 if few else None]:
        for size in (160, 320, 600):
            for reach in (1.0, 0.9, 0.8):
                picture, [face] = made.around(name, size, reach)
                box_width = round(picture.height * made.BOXES[name][2] / made.BOXES[name][3])
                shift = (picture.width - box_width) // 2
                picture = picture.crop((shift, 0, shift + box_width, picture.height))
                found = bool(asker.boxes(picture, 0)[0])
                close.append(found)
                if not found:
                    missed.append(f"{name} {size} px, cut at {reach} of its box")
    print("\n".join(f"  not found: {line}" for line in missed))
    return [harness.verdict("true faces kept", sum(kept) >= 0.93 * len(kept), share(sum(kept), len(kept))),
            harness.verdict("faces that fill the frame found", all(close), share(sum(close), len(close)))]


def finding(asker, few):
    """What is taken for a face."""
    return false_faces(asker, few) + true_faces(asker, few)


PARTS = {"hidden": hiding, "skin": signs, "found": finding}


def main():
    """Measures the parts that are asked for."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--few", action="store_true", help="few pictures, to try the benchmark")
    parser.add_argument("--save", help="a folder for pictures to look at")
    options = parser.parse_args()
    print(harness.machine())
    met = []
    with harness.Server(options.binary, options.set, credits=10_000_000) as server:
        asker = Asker(server, options.save)
        for part in options.parts:
            print(f"\n{part}: {PARTS[part].__doc__}", flush=True)
            met += PARTS[part](asker, options.few)
        print(f"\n{asker.count} requests")
    raise SystemExit(not all(met))


if __name__ == "__main__":
    main()

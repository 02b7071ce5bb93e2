"""Faces over HTTP, at one client: stage timings for one face and for 50, against decode + raw model runs.

The example `raw_runs` of the crate safelight-services writes down which models a request runs and on
what numbers, and runs them again with nothing between; requests and that process take turns on the
same pictures. What `face-analyzer` adds to that for a portrait of 1 MP is the claim.
"""

import io
import itertools
import json
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

import api
import harness
import photos

ANALYZER = "/api/portrait/analysis/face-analyzer"
EVERYTHING = ("Age,Beauty,Emotion,Eye,Eyebrow,Gender,Hair,Hat,Headpose,Mask,Mouth,Moustache,Nose,Shape,"
              "Skin,Smile")
CROWD = (10, 5)
TARGET = 1.2


def crowd(side=200):
    """A mosaic of the portrait: 50 faces of about 35 x 43 pixels in 2000 x 1000."""
    with Image.open(io.BytesIO(photos.photo())) as source:
        portrait = source.resize((side, side), Image.Resampling.LANCZOS)
    columns, rows = CROWD
    mosaic = Image.new("RGB", (columns * side, rows * side))
    for index in range(columns * rows):
        mosaic.paste(portrait, (index % columns * side, index // columns * side))
    return photos.jpeg(mosaic, quality=92)


def cases():
    """What is asked: name, path, fields, picture, how many requests for each that `--requests` says."""
    portrait, many = photos.photo(), crowd()
    yield "1 face, all attributes", ANALYZER, {"face_attributes_type": EVERYTHING}, portrait, 1
    yield ("1 face, all attributes, quality HIGH", ANALYZER,
           {"face_attributes_type": EVERYTHING, "quality_control": "HIGH"}, portrait, 1)
    yield "50 faces, boxes", ANALYZER, {"max_face_num": 120}, many, 1
    yield ("50 faces, 5 with all attributes", ANALYZER,
           {"max_face_num": 120, "face_attributes_type": EVERYTHING}, many, 0.5)
    yield ("50 faces, quality of each", ANALYZER,
           {"max_face_num": 120, "quality_control": "LOW"}, many, 0.2)


def measure_floors(example, path, fields, file, count):
    """Milliseconds of decoding and of all raw runs, and how often each model runs."""
    words = [word for name, value in fields.items() for word in ("--field", f"{name}={value}")]
    command = [example, "--count", str(count), *words, path, file]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    records = {record["floor"]: record for record in map(json.loads, text.splitlines())}
    return records["decode"]["ms"], records["engine"]["ms"], records["engine"]["runs"]


def measure_requests(client, path, form, count):
    """Milliseconds of so many requests, and of their stages."""
    whole, stages = [], {}
    for _ in range(count):
        answer = client.post(path, form)
        if not answer.succeeded:
            raise SystemExit(f"{path} answers {answer.status} {answer.body[:300]}")
        whole.append(1000 * answer.seconds)
        for stage, took in answer.stages().items():
            stages.setdefault(stage, []).append(took)
    return whole, stages


def measure(server, example, case, options):
    """Floors and requests of a case in turns; prints its medians and answers their ratio."""
    name, path, fields, picture, share = case
    count = max(2, round(options.requests * share))
    form = api.form(picture, **fields)
    decode, engine, whole, stages = [], [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picture.jpg"
        file.write_bytes(picture)
        for _ in range(options.rounds):
            client = server.client()  # the server closes a connection that is idle for so long
            measure_requests(client, path, form, 2)
            times, parts = measure_requests(client, path, form, count)
            whole += times
            for stage, took in parts.items():
                stages.setdefault(stage, []).extend(took)
            times, runs, models = measure_floors(example, path, fields, file, count)
            decode += times
            engine += runs
    floor = harness.median(decode) + harness.median(engine)
    ratio = harness.median(whole) / floor
    print(f"\n{name} ({', '.join(f'{model} x {count}' for model, count in models.items())}), ms")
    parts = {"decode": decode, "raw runs": engine, "end to end": whole,
             **{f"stage {stage}": took for stage, took in stages.items()}}
    rows = [(part, f"{harness.median(took):.1f}", f"{min(took):.1f}") for part, took in parts.items()]
    harness.table(("", "median", "least"), [*rows, ("end to end / floors", f"{ratio:.2f}", "")])
    return ratio


def main():
    """Measures all cases and judges the first."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--requests", type=int, default=15, help="requests a case and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", type=int, help="how many of the cases, from the first; else all")
    parser.add_argument("--profile", default="release", choices=("release", "dev"))
    options = parser.parse_args()
    example = harness.build_example("raw_runs", options.profile)
    print(harness.machine())
    with harness.Server(options.binary, options.set) as server:
        asked = itertools.islice(cases(), options.cases)
        ratios = [measure(server, example, case, options) for case in asked]
    raise SystemExit(not harness.verdict(
        "face-analyzer, all attributes of a 1 MP portrait / floors", ratios[0] <= TARGET,
        f"{ratios[0]:.2f} (target {TARGET})"))


if __name__ == "__main__":
    main()

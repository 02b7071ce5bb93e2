"""Each service end to end over HTTP, at one client, against the sum of its floors.

Floors are what no server can leave out: decoding the photo, the raw runs of the model, encoding the
result. The example `stages` of the crate safelight-services measures them in one process; requests
and that process take turns, on the same 1 MP photos, and medians are compared photo by photo.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import api
import harness
import photos

FLOORS = ("decode", "engine", "encode")
SERVICES = (api.CUTOUT, api.CONTRAST)
TARGET = 1.15


def measure_floors(example, files, count, samples):
    """Runs the example on the photos and adds its samples, in milliseconds.

    It prints a JSON object a line: service, photo, floor, and the times of all its runs.
    """
    command = [example, "--count", str(count), *files]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        record = json.loads(line)
        key = record["service"], Path(record["photo"]).name, record["floor"]
        samples.setdefault(key, []).extend(record["ms"])


def measure_requests(client, path, name, form, count, samples):
    """Sends requests one after the other and adds their times and stages, in milliseconds."""
    for _ in range(count):
        answer = client.post(path, form)
        if not answer.succeeded:
            raise SystemExit(f"{path} answers {answer.status} {answer.body[:300]}")
        samples.setdefault((path, name, "end to end"), []).append(1000 * answer.seconds)
        for stage, took in answer.stages().items():
            samples.setdefault((path, name, f"stage {stage}"), []).append(took)


def main():
    """Measures in turns and judges the cut-out."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--requests", type=int, default=12, help="requests a photo and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", default="release", choices=("release", "dev"))
    options = parser.parse_args()
    example = harness.build_example("stages", options.profile)
    print(harness.machine())
    contents = dict(zip(photos.NAMES, photos.photos()))
    forms = {name: api.form(content) for name, content in contents.items()}
    samples = {}
    with (harness.Server(options.binary, options.set) as server,
          tempfile.TemporaryDirectory() as folder):
        files = [Path(folder) / name for name in contents]
        for file in files:
            file.write_bytes(contents[file.name])
        for _ in range(options.rounds):
            measure_floors(example, files, options.requests, samples)
            client = server.client()  # the server closes a connection that is idle for so long
            for path in SERVICES:
                measure_requests(client, path, photos.NAMES[0], forms[photos.NAMES[0]], 3, {})
                for name, form in forms.items():
                    measure_requests(client, path, name, form, options.requests, samples)
    ratios = [report(path, samples) for path in SERVICES]
    raise SystemExit(not harness.verdict(
        "cut-out end to end / floors", ratios[0] <= TARGET, f"{ratios[0]:.2f} (target {TARGET})"))


def report(path, samples):
    """Prints the medians of a service; answers the median ratio of end to end to floors."""
    print(f"\n{path}, ms")
    stages = sorted({key[2] for key in samples if key[0] == path and key[2].startswith("stage ")})
    rows, ratios = [], []
    for name in photos.NAMES:
        middle = {part: harness.median(samples.get((path, name, part), []))
                  for part in (*FLOORS, "end to end", *stages)}
        # A service without model has no such floor.
        floor = sum(middle[part] for part in FLOORS if middle[part] == middle[part])
        ratios.append(middle["end to end"] / floor)
        shown = {part: f"{took:.1f}" if took == took else "-" for part, took in middle.items()}
        rows.append((name, *(shown[part] for part in FLOORS), f"{floor:.1f}", shown["end to end"],
                     f"{ratios[-1]:.2f}", *(shown[stage] for stage in stages)))
    harness.table(("photo", *FLOORS, "floors", "end to end", "ratio", *stages), rows)
    return harness.median(ratios)


if __name__ == "__main__":
    main()

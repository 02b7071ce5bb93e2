"""Records the answers to a fixed set of requests, and compares two records.

    bench/run answers --binary OLD --output old.json
    bench/run answers --binary NEW --output new.json --compare old.json

Every service is asked once with its required parameters and once with further ones; then come
requests that must be refused. Identifiers and the names of result files are left out of the
record; of each file its digest is kept. Exits with 1 where two records differ.
"""

import hashlib
import json
import re
import sys
import time
from pathlib import Path

import api
import harness
import photos
import services

# Further parameters that a service is asked with, by the last segment of its path.
FURTHER = {
    "universal-background-removal": {"return_form": "mask"},
    "commodity-background-removal": {"return_form": "whiteBK"},
    "food-background-removal": {"return_form": "mask"},
    "portrait-background-removal": {"return_form": "crop"},
    "avatar-extraction": {"return_form": "mask"},
    "apparel-background-removal": {"cloth_class": "tops,pants,hat", "out_mode": 1},
    "intelligent-composition": {"num_boxes": 3},
    "image-style-conversion": {"option": "color_pencil"},
    "image-lossless-enlargement": {"upscale_factor": 2, "output_format": "jpg"},
    "image-color-enhancement": {"output_format": "jpg", "mode": "Rec709"},
    "face-analyzer": {"face_attributes_type": "Age,Emotion,Smile,Hair", "max_face_num": 3,
                      "need_rotate_detection": 1},
    "face-key-points": {"face_field": "age,gender,landmark72,landmark150"},
    "skin-analysis-advanced": {"return_maps": "red_area", "return_rect_confidence": 1},
    "skin-analysis-pro": {"return_maps": "brown_area", "return_marks": "wrinkle_mark,melanin_mark"},
    "ai-face-rating": {"quality_control": "LOW"},
    "blurred-faces": {"quality_control": "LOW"},
}
PIXELS = 400_000


def requests(catalogue):
    """Name, path and form of each request."""
    cutout = api.CUTOUT
    for service in catalogue:
        name = service["path"].rsplit("/", 1)[1]
        # The analyses of skin need a large face.
        pixels = 1_440_000 if "skin" in name else PIXELS
        for kind, given in [("plain", {}), ("further", FURTHER.get(name))]:
            if given is not None:
                yield f"{name} {kind}", service["path"], services.request(service, pixels, given)[0]
    photo = photos.photo("astronaut.png", 40_000)
    yield "no image", cutout, api.form(return_form="mask")
    yield "empty image", cutout, api.form(image=b"")
    yield "no picture", cutout, api.form(image=b"plain text, no picture")
    yield "half a picture", cutout, api.form(image=photo[:len(photo) // 2])
    yield "wrong word", cutout, api.form(image=photo, return_form="gif")
    yield "too large", cutout, api.form(image=photos.jpeg_header(3000, 3000))
    yield "no number", "/api/image/editing/image-cropping", api.form(image=photo, width="x", height=9)
    yield "out of range", "/api/image/editing/image-cropping", api.form(image=photo, width=9, height=0)
    yield "no such service", "/api/image/no-such-service", api.form(image=photo)


def outcome(client, path, form):
    """What a request is answered with, without what differs from one time to the next."""
    answer = client.post(path, form)
    task = answer.json.get("task_id")
    while task and answer.json.get("task_status") != 2 and answer.status == 200:
        time.sleep(0.05)
        answer = client.get(f"{api.TASK}?task_id={task}")
    kept = {key: value for key, value in answer.json.items() if key not in ("request_id", "log_id")}
    return {"status": answer.status, "body": normalised(client, kept)}


def normalised(client, value):
    """Result URLs as digests of their files, long texts as their digests."""
    if isinstance(value, dict):
        return {key: normalised(client, each) for key, each in value.items()}
    if isinstance(value, list):
        return [normalised(client, each) for each in value]
    if isinstance(value, str) and re.match(r"https?://[^/]+/results/", value):
        return "file " + hashlib.sha256(client.download(value).body).hexdigest()
    if isinstance(value, str) and len(value) > 1000:
        return "text " + hashlib.sha256(value.encode()).hexdigest()
    return value


def differences(old, new, path=""):
    """A line for each place where two records differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), f"{path}/{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new)):
            yield from differences(one, other, f"{path}[{index}]")
    elif old != new:
        yield f"{path}: {json.dumps(old)[:200]} -> {json.dumps(new)[:200]}"


def main():
    parser = harness.arguments(__doc__)
    parser.add_argument("--output", required=True, help="the file to record into")
    parser.add_argument("--compare", help="a record to compare with")
    options = parser.parse_args()
    record = {}
    with harness.Server(options.binary, options.set) as server:
        catalogue = server.cli("services")
        client = server.client()
        for name, path, form in requests(catalogue):
            record[name] = outcome(client, path, form)
    Path(options.output).write_text(json.dumps(record, indent=1, sort_keys=True))
    succeeded = sum(each["status"] == 200 for each in record.values())
    print(f"{len(record)} requests, {succeeded} successes")
    if options.compare:
        found = list(differences(json.loads(Path(options.compare).read_text()), record))
        print("\n".join(found) or "no difference")
        sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

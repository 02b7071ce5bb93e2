"""What Schemathesis cannot know of the API: pictures, tasks that exist, the status of each code."""

import atexit
import base64
import functools
import io
import json
import os
import zlib
from collections import Counter
from pathlib import Path

import requests
import schemathesis
from PIL import Image

PHOTOS = Path(__file__).resolve().parents[2] / "photos"
TASK_QUERIES = {
    "/api/common/query-async-task-result": "task_id",
    "/api/image/asyn-task-results": "job_id",
}


def encoded(picture, kind):
    """A picture as a file of that kind."""
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


photo = Image.open(PHOTOS / "astronaut.png").convert("RGB")
coffee = Image.open(PHOTOS / "coffee.png").convert("RGB")
head = photo.crop((110, 0, 340, 240))
GOOD = [encoded(head, "JPEG"), encoded(head, "PNG"), encoded(photo.resize((96, 96)), "JPEG"),
        encoded(photo.resize((64, 80)), "BMP")]
# What some services need instead, by the start of their path: a large face, food.
SUITED = {"/api/portrait/analysis/skin-analysis": [encoded(head.resize((880, 918)), "JPEG")],
          "/api/cutout/general/food": [encoded(coffee.resize((300, 200)), "JPEG")]}
BAD = [b"", GOOD[0][:len(GOOD[0]) // 2], encoded(Image.new("L", (1, 1)), "PNG"),
       encoded(Image.new("RGBA", (50, 50)), "PNG"), encoded(head, "GIF")]

ACTION = "/api/portrait/liveness/action-verify"

tasks = []
answers = Counter()


def picture(path, choice):
    """A file for a service: half of the times one that suits it, else a bad one or none."""
    kind, choice = choice % 8, choice // 8
    if kind == 0:
        return None
    good = next((files for start, files in SUITED.items() if path.startswith(start)), GOOD)
    if path == ACTION:
        good = [clip()]
    files = BAD if kind < 4 else good
    return files[choice % len(files)]


@functools.cache
def clip():
    """A video of a head that moves."""
    made = post("/api/portrait/effects/live-photo", files={"image_target": GOOD[1]})
    return base64.b64decode(made["video"])


def session():
    """The identifier of a fresh session of actions."""
    return post("/api/portrait/liveness/action-session", data={"type": "action"})["session_id"]


def file_fields(operation):
    """The names of the operation's pictures."""
    for body in operation.body:
        for name, field in body.definition.get("schema", {}).get("properties", {}).items():
            if field.get("format") == "binary":
                yield name


def post(path, **arguments):
    """A request beside those that are counted; answers its `data`."""
    headers = {"ailabapi-api-key": os.environ["SAFELIGHT_KEY"]}
    url = os.environ["SAFELIGHT_BASE"] + path
    return requests.post(url, headers=headers, timeout=600, **arguments).json()["data"]


def upload():
    """The identifier of a fresh upload."""
    return post("/api/common/upload-file", files={"file": GOOD[1]})["file_id"]


def submit():
    """The identifier of a fresh task."""
    item = {"path": "/api/cutout/general/hd-universal-background-removal",
            "image_base64": base64.b64encode(GOOD[0]).decode()}
    return post("/api/common/submit-batch-tasks", json={"items": [item]})["tasks"][0]["task_id"]


# What takes the identifier of a thing that it may end.
FRESH = {ACTION: ("session_id", session),
         "/api/common/query-file": ("file_id", upload),
         "/api/common/delete-file": ("file_id", upload),
         "/api/common/revoke-async-task": ("task_id", submit),
         "/api/common/stop-async-task": ("task_id", submit)}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts pictures in the place of most random bytes, and tasks in that of most random ids."""
    choice = zlib.crc32(repr((case.body, case.query)).encode())
    if isinstance(case.body, dict):
        for name in file_fields(case.operation):
            if isinstance(case.body.get(name), (str, bytes)):
                case.body[name] = picture(case.path, choice) or case.body[name]
    name = TASK_QUERIES.get(case.path)
    if name in (case.query or {}) and tasks and choice % 4:
        case.query[name] = tasks[choice // 4 % len(tasks)]
    name, make = FRESH.get(case.path, (None, None))
    for part in (case.query, case.body):
        if isinstance(part, dict) and name in part and choice % 4:
            part[name] = make()
    if case.path == ACTION and isinstance(case.body, dict) and choice % 4:
        # What the head does is not what a random session asks for.
        case.body["strict"] = "false"


@schemathesis.hook
def after_call(context, case, response):
    """Remembers tasks, and counts the answers."""
    answers[f"{case.operation.label} {response.status_code}"] += 1
    if response.status_code == 200 and response.content and "task_id" in response.json():
        tasks.append(response.json()["task_id"])


@schemathesis.check
def status_is_that_of_the_code(ctx, response, case):
    """A failure has the status that the document gives for its code, in the head and in the body."""
    if response.status_code == 200:
        return
    answer = response.json()
    documented = case.operation.schema.raw_schema["x-error-codes"][answer["error_detail"]["code"]]
    found = (response.status_code, answer["error_code"], answer["error_detail"]["status_code"])
    assert found == (documented["status"],) * 3, f"{found}, documented is {documented['status']}"
    assert answer["error_code_str"] == documented["coarse"], answer


@atexit.register
def tell():
    """Writes how often each operation answered with each status."""
    Path(os.environ["SAFELIGHT_ANSWERS"]).write_text(json.dumps(answers))

"""The requests that provoke the error codes: a table of code, words for the request, and function.

A function takes the `World` and returns the answer that carries the code. Codes are those of the 2026
edition; `STANDS_FOR` says what the 2025 edition answers where it has none of its own.
"""

import io
import itertools
import json
import socket
import threading
import time

from PIL import Image, ImageFilter

import api
import photos

STYLE = "/api/image/effects/image-style-migration"
ANALYZER = "/api/portrait/analysis/face-analyzer"
ADVANCED = "/api/portrait/analysis/face-analyzer-advanced"
SKIN = "/api/portrait/analysis/skin-analysis"
BEAUTY = "/api/portrait/effects/face-beauty-advanced"
SMOOTH = "/api/portrait/effects/smart-skin"
LIPS = "/api/portrait/effects/lips-color-changer"
OBJECTS = "/api/image/editing/remove-objects"
DEFOGGING = "/api/image/enhance/image-defogging"
COLOR = "/api/image/enhance/image-color-enhancement"
SLOW = "/api/image/editing/image-composition-aesthetics-scoring"
TASKS = "/api/common"

STANDS_FOR = {"ERROR_INVALID_URL": "ERROR_INVALID_PARAMETER",
              "ERROR_FACE_COUNT_INVALID": "FILE_CONTENT_NON_COMPLIANCE",
              "ERROR_POSE_NOT_ENOUGH_KEYPOINTS": "ERROR_NO_RECOGNITION_TARGET_DETECTED"}


class Remote:
    """A loopback HTTP server that misbehaves by path: /missing, /silent, /trickle, else a photo."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def url(self, path):
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(self):
        """Answers connections until the listener is closed."""
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(stream,), daemon=True).start()

    def answer(self, stream):
        """Answers one request by its path."""
        path = stream.recv(65_536).split(b" ")[1:2]
        if path == [b"/missing"]:
            stream.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        elif path in ([b"/silent"], [b"/trickle"]):
            self.open.append(stream)
            if path == [b"/trickle"]:
                stream.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n\xff\xd8")
            return
        else:
            body = photos.file("astronaut.png")
            stream.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: "
                           + str(len(body)).encode() + b"\r\n\r\n" + body)
        stream.close()

    def close(self):
        """Ends the listener and what is still open."""
        self.listener.close()
        for stream in self.open:
            stream.close()


class World:
    """A server, its key, and the pictures that the requests are made of."""

    def __init__(self, server, remote, engine):
        self.server = server
        self.remote = remote
        self.engine = engine
        self.client = server.client()
        with Image.open(photos.ROOT / "photos/astronaut.png") as source:
            self.portrait = source.convert("RGB").crop((96, 2, 352, 258)).resize((768, 768))
        self.cup = photos.photo("coffee.png", 200_000)
        self.serial = itertools.count()

    def post(self, path, **fields):
        """Posts a form: bytes and pictures become files, other values texts."""
        files = {name: encoded(value) for name, value in fields.items()
                 if isinstance(value, (bytes, Image.Image))}
        texts = {name: value for name, value in fields.items() if name not in files}
        return self.client.post(path, api.form(files=files or None, **texts))

    def analysed(self, picture, control="NORMAL"):
        """The answer of the analysis with quality control to a portrait."""
        return self.post(ADVANCED, image=picture, quality_control=control)

    def application(self, *limits):
        """A client of an application of its own."""
        name = f"app{next(self.serial)}"
        self.server.cli("user", "add", f"user-{name}")
        made = self.server.cli("app", "add", name, "--user", f"user-{name}")
        if limits:
            self.server.cli("app", "limits", name, *limits)
        return name, api.Client(self.server.port, made["key"])

    def task(self, picture=None):
        """The identifier of a task that was just submitted."""
        picture = picture or photos.photo("astronaut.png", 4_000_000)
        return self.post(api.HD_CUTOUT, image=picture).json["task_id"]


def encoded(value):
    """A picture as a PNG; bytes as they are."""
    if isinstance(value, bytes):
        return value
    out = io.BytesIO()
    value.save(out, "PNG")
    return out.getvalue()


def patched(world, centre, size, color=(0, 0, 0)):
    """The portrait with a patch over a place, in shares of its side."""
    picture = world.portrait.copy()
    side = picture.width
    left, top = (round((each - size / 2) * side) for each in centre)
    picture.paste(color, (left, top, left + round(size * side), top + round(size * side)))
    return picture


def blocked(folder, ask):
    """What `ask` answers while a folder of the data is a plain file."""
    def run(world):
        place = world.server.data / folder
        aside = place.with_name(place.name + "-aside")
        place.mkdir(parents=True, exist_ok=True)
        place.rename(aside)
        place.write_bytes(b"")
        try:
            return ask(world)
        finally:
            place.unlink()
            aside.rename(place)
    return run


def busy(world, then):
    """What `then` answers while the only worker has a task; that task is stopped afterwards."""
    first = world.task()
    wait_for(world, first, "processing")
    try:
        return then()
    finally:
        world.post(f"{TASKS}/stop-async-task", task_id=first)


def wait_for(world, task, state, patience=60):
    """Waits until a task is in a state, as the list of tasks names it."""
    path = f"{TASKS}/list-async-tasks?state={state}"
    end = time.monotonic() + patience
    while time.monotonic() < end:
        listed = json.dumps(world.client.get(path).json)
        if task in listed:
            return
        time.sleep(0.02)
    raise SystemExit(f"task {task} is not {state} after {patience} s")


def ended(world, task, patience=120):
    """The answer to polling a task that has ended."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        answer = world.client.get(f"{api.TASK}?task_id={task}")
        if not answer.succeeded or answer.json.get("task_status") == 2:
            return answer
        time.sleep(0.05)
    raise SystemExit(f"task {task} has not ended after {patience} s")

"""The requests that provoke the error codes of generative engines, and an engine that fails on request."""

import base64
import json
import re
import socket
import struct
import threading
import zlib

from PIL import Image, ImageDraw

REPLACER = "/api/image/editing/ai-object-replacer"


class Engine:
    """A loopback server of the OpenAI images API that answers as `mode` says."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.mode = "right"
        threading.Thread(target=self.serve, daemon=True).start()

    def settings(self):
        """The configuration that attaches it."""
        return [f'engine=[{{name="e", kind="openai-images", url="http://127.0.0.1:{self.port}", '
                f'model="m", timeout_seconds=3, serves=["*"]}}]', 'effects.mode="engine"']

    def serve(self):
        """Answers connections until the listener is closed."""
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(stream,), daemon=True).start()

    def answer(self, stream):
        """Reads one request and answers it."""
        with stream:
            request = received(stream)
            if b" /v1/images/" not in request[:200]:
                send(stream, 200, json.dumps({"data": []}).encode())
            elif self.mode == "html":
                send(stream, 200, b"<html>", "text/html")
            elif self.mode == "shape":
                send(stream, 200, pictures(other_shape()))
            elif self.mode.isdigit():
                send(stream, int(self.mode), b'{"error": {"message": "no"}}')
            elif self.mode == "policy":
                send(stream, 400, b'{"error": {"code": "content_policy_violation", "message": "no"}}')
            else:
                send(stream, 200, pictures(first_picture(request)))

    def close(self):
        """Ends the listener."""
        self.listener.close()


def received(stream):
    """A whole HTTP request with its length."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = stream.recv(65_536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"content-length:\s*(\d+)", head, re.I)
    while length and len(body) < int(length[1]):
        part = stream.recv(1 << 20)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


def send(stream, status, body, kind="application/json"):
    """Sends an answer and closes."""
    stream.sendall(f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nconnection: close\r\n"
                   f"content-length: {len(body)}\r\n\r\n".encode() + body)


def pictures(content):
    """An answer of one picture."""
    return json.dumps({"data": [{"b64_json": base64.b64encode(content).decode()}]}).encode()


def first_picture(request):
    """The first PNG in a form, to its end."""
    start = request.index(b"\x89PNG")
    return request[start:request.index(b"IEND", start) + 8]


def other_shape():
    """A PNG of 2 x 6 px."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(6) for _ in range(6))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 6, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def replaced(world):
    """A request that only an engine can do."""
    mask = Image.new("L", world.portrait.size)
    ImageDraw.Draw(mask).ellipse((250, 250, 450, 450), fill=255)
    return world.post(REPLACER, image=world.portrait, mask=mask, custom_prompt="a red ball")


def engine(mode):
    """The answer while the engine is in a mode; a success before resets its count of failures."""
    def ask(world):
        world.engine.mode = "right"
        replaced(world)
        world.engine.mode = mode
        return replaced(world)
    return ask


def given_up(world):
    """The answer after five failures in a row."""
    world.engine.mode = "500"
    for _ in range(8):
        answer = replaced(world)
        if answer.code == "ERROR_RESOURCE_UNAVAILABLE":
            break
    return answer


CASES = [
    ("AI_SERVICE_UNAUTHORIZED", "an engine that answers 401", engine("401")),
    ("AI_SERVICE_NOT_FOUND", "an engine that answers 404", engine("404")),
    ("AI_SERVICE_ERROR", "an engine that answers 500 with a message", engine("500")),
    ("AI_SERVICE_INTERNAL_ERROR", "an engine whose picture has another shape", engine("shape")),
    ("ERROR_GATEWAY", "an engine that answers HTML", engine("html")),
    ("UNKNOWN_ERROR", "an engine that answers 418", engine("418")),
    ("ERROR_CONTENT_NON_COMPLIANCE", "an engine that refuses the words", engine("policy")),
    ("ERROR_RESOURCE_UNAVAILABLE", "a sixth call to an engine that failed five times", given_up),
]

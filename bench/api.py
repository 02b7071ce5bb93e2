"""Requests to the API over loopback: paths, connections, answers, forms."""

import http.client
import json
import re
import secrets
import time
from dataclasses import dataclass

CUTOUT = "/api/cutout/general/universal-background-removal"
HD_CUTOUT = "/api/cutout/general/hd-universal-background-removal"
CONTRAST = "/api/image/enhance/image-contrast-enhancement"
PORTRAIT = "/api/cutout/portrait/portrait-background-removal"
ENLARGE = "/api/image/enhance/image-lossless-enlargement"
FACES = "/api/portrait/analysis/face-analyzer"
CREDITS = "/api/common/query-credits"
TASK = "/api/common/query-async-task-result"
KEY_HEADER = "ailabapi-api-key"


@dataclass
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: dict
    body: bytes
    seconds: float

    @property
    def json(self):
        """The body as JSON; an empty object where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def code(self):
        """The fine code of a failure, empty on success."""
        return (self.json.get("error_detail") or {}).get("code") or ""

    @property
    def succeeded(self):
        """Whether this is a success in the contract's terms."""
        return self.status == 200 and self.json.get("error_code") == 0

    def stages(self):
        """Milliseconds by stage, from the header `Server-Timing`."""
        found = re.findall(r"([\w.-]+);dur=([\d.]+)", self.headers.get("server-timing", ""))
        return {name: float(took) for name, took in found}


class Client:
    """One keep-alive connection, opened anew where the server closed it."""

    def __init__(self, port, key=None, timeout=120):
        self.port = port
        self.key = key
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        """Sends one request and reads the whole answer. OSError where there is none."""
        headers = dict(headers or {})
        if self.key:
            headers[KEY_HEADER] = self.key
        begin = time.perf_counter()
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            content = response.read()
        except http.client.HTTPException as error:
            self.connection.close()
            raise ConnectionError(f"no answer: {error!r}") from error
        except OSError:
            self.connection.close()
            raise
        seconds = time.perf_counter() - begin
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, content, seconds)

    def get(self, path):
        """Sends a GET request."""
        return self.request("GET", path)

    def post(self, path, form):
        """Posts a prepared form."""
        return self.request("POST", path, form.body, {"Content-Type": form.content_type})

    def download(self, url):
        """Fetches a result file by its URL, from this server whatever the URL's host."""
        return self.get("/" + url.split("/", 3)[3])


@dataclass
class Form:
    """A multipart form, encoded once and sent often."""

    body: bytes
    content_type: str


def form(image=None, name="image", files=None, **fields):
    """Encodes a form with text fields, and with one picture or several by their names."""
    boundary = secrets.token_hex(12)
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
             .encode() for field, value in fields.items()]
    for field, content in (files or ({name: image} if image is not None else {})).items():
        head = (f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; '
                f'filename="photo"\r\nContent-Type: application/octet-stream\r\n\r\n')
        parts.append(head.encode() + content + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return Form(b"".join(parts), f"multipart/form-data; boundary={boundary}")

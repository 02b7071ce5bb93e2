#!/usr/bin/env python3
"""The same requests with models in process and at a Triton on this machine: answers compared, milliseconds of each.

    python3 bench/cluster/kserve.py --binary target/release/safelight --library FILE --python VENV/bin/python

VENV is an environment of Debian's Python 3.11 with nvidia-pytriton==0.7.0 and onnxruntime (a Python of pyenv
lacks what pytriton needs).
"""

import argparse
import base64
import http.client
import json
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CASES = [("/api/portrait/analysis/face-key-points", "yunet", "grace_hopper.jpg"),
         ("/api/cutout/general/universal-background-removal", "u2net", "grace_hopper.jpg")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def request(port, method, path, key="", body=None, kind=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"ailabapi-api-key": key} | ({"Content-Type": kind} if kind else {})
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


class Server:
    def __init__(self, binary, library, folder, *flags):
        self.port, self.folder = free_port(), Path(folder)
        self.log = self.folder / "log"
        command = [binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", folder,
                   f"--set=models.library={library}", *flags]
        self.process = subprocess.Popen(command, stdout=open(self.log, "wb"), stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"ailabapi-api-key: (\S+)'", self.log.read_text())
            if found and "is ready" in self.log.read_text():
                self.key = found[1]
                return
            time.sleep(0.2)
        sys.exit(f"the server does not start:\n{self.log.read_text()[-3000:]}")

    def ask(self, path, photo):
        boundary = uuid.uuid4().hex
        data = (ROOT / "photos" / photo).read_bytes()
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'.encode()
                + data + f"\r\n--{boundary}--\r\n".encode())
        begun = time.monotonic()
        status, content = request(self.port, "POST", path, self.key, body, f"multipart/form-data; boundary={boundary}")
        took = time.monotonic() - begun
        if status != 200:
            sys.exit(f"{path} answered {status}: {content[:400]}")
        return json.loads(content), took


def numbers(value):
    """All numbers of an answer, in order."""
    if isinstance(value, dict):
        return [n for key in sorted(value) if key not in ("log_id", "request_id") for n in numbers(value[key])]
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def pixels(server, answer):
    """The bytes of the picture that an answer names."""
    url = re.search(r'"(https?://[^"]+/results/[^"]+)"', json.dumps(answer))
    return request(server.port, "GET", "/" + url[1].split("/", 3)[3])[1] if url else b""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/safelight")
    parser.add_argument("--library", required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("--requests", type=int, default=7)
    args = parser.parse_args()
    http_port, grpc = free_port(), free_port()
    models = [model for _, model, _ in CASES]
    triton = subprocess.Popen([args.python, ROOT / "bench/cluster/triton_server.py", ROOT / "models", str(http_port),
                               str(grpc), *models], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    servers = []
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                if all(request(http_port, "GET", f"/v2/models/{model}/ready")[0] == 200 for model in models):
                    break
            except OSError:
                pass
            if time.monotonic() > deadline or triton.poll() is not None:
                sys.exit("Triton does not start")
            time.sleep(0.5)
        remote = f'models.remote=[{{url="http://127.0.0.1:{grpc}", models={json.dumps(models)}}}]'
        with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
            servers.append(Server(args.binary, args.library, here))
            servers.append(Server(args.binary, args.library, there, f"--set={remote}"))
            local, remote = servers
            for path, model, photo in CASES:
                times = {server: [] for server in servers}
                for _ in range(args.requests):
                    answers = []
                    for server in servers:
                        answer, took = server.ask(path, photo)
                        times[server].append(took * 1000)
                        answers.append(answer)
                differences = [abs(a - b) for a, b in zip(*map(numbers, answers))]
                a, b = pixels(local, answers[0]), pixels(remote, answers[1])
                picture = "" if not a else f", pictures {'alike' if a == b else 'not alike'}"
                print(f"{path} ({model}): {statistics.median(times[local]):.0f} ms here, "
                      f"{statistics.median(times[remote]):.0f} ms at Triton; {len(differences)} numbers differ by "
                      f"at most {max(differences, default=0):.4f}{picture}", flush=True)
            fell_back = remote.log.read_text().count("in place of its server")
            print(f"{fell_back} runs fell back")
    finally:
        for process in [*(server.process for server in servers), triton]:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


main()

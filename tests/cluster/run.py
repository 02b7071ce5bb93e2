#!/usr/bin/env python3
"""Two nodes and a worker on one PostgreSQL, told as a story: what one makes the others serve, a node
that is killed in the middle loses nothing, one that is frozen charges nothing, limits hold over both.

    tests/postgres/run tests/cluster/run.py --binary target/debug/safelight

Files lie in a shared folder, or in the bucket of SAFELIGHT_TEST_S3 (tests/s3/run). Everything listens on
127.0.0.1, no model is needed, and only processes that were started here are ended.
"""

import argparse
import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MARK = "/api/image/editing/image-invisible-text-watermarking"
BATCH = "/api/common/submit-batch-tasks"
TASK = "/api/common/query-async-task-result"
CREDITS = "/api/common/query-credits"
# A node is dead, and a lease over, after 30 s.
PATIENCE = 180


def check(name, holds, found=""):
    print(f"{'ok' if holds else 'WRONG'}: {name} {found}", flush=True)
    if not holds:
        sys.exit(1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """A process of the installation."""

    def __init__(self, story, kind, name, secrets=None, settings=()):
        self.story, self.port = story, free_port()
        self.data = story.folder / name
        self.data.mkdir()
        for secret in ("secret.key", "library.key"):
            if secrets:
                shutil.copy(secrets / secret, self.data / secret)
        self.log = story.folder / f"{name}.log"
        self.command = [story.binary, kind, "--listen", f"127.0.0.1:{self.port}",
                        "--without-engine", "--data", str(self.data), *story.flags,
                        *(f"--set={each}" for each in settings)]
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.story.environment)

    def wait(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.get("/health/ready")[0] in (200, 503):
                    return self
            except OSError:
                time.sleep(0.1)
        sys.exit(f"a node is not ready:\n{self.log.read_text()}")

    def request(self, method, path, body=None, headers=None, key=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"ailabapi-api-key": key or self.story.key or "", **(headers or {})}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, content, dict(response.getheaders())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, value, key=None):
        headers = {"Content-Type": "application/json"}
        status, content, _ = self.request("POST", path, json.dumps(value), headers, key)
        return status, json.loads(content)

    def submit(self, count, image):
        """Submits tasks; answers their ids."""
        items = [{"path": MARK, **self.story.fields(image)} for _ in range(count)]
        status, answer = self.post(BATCH, {"items": items})
        tasks = [item.get("task_id") for item in answer.get("data", {}).get("tasks", [])]
        check("tasks are accepted", status == 200 and all(tasks) and len(tasks) == count, answer if not tasks else "")
        return tasks

    def end(self, how):
        if self.process.poll() is None:
            self.process.send_signal(how)
            if how == signal.SIGTERM:
                self.process.wait(60)

    def cli(self, *words, code=0):
        done = subprocess.run([self.story.binary, *words, "--data", str(self.data),
                               *self.story.flags, "--json"], capture_output=True, text=True,
                              env=self.story.environment, stdin=subprocess.DEVNULL, timeout=120)
        if done.returncode != code:
            sys.exit(f"safelight {words} answered {done.returncode}: {done.stderr}{done.stdout}")
        return json.loads(done.stdout) if done.stdout.strip() else None


class Story:
    def __init__(self, binary, url, folder):
        self.binary, self.folder, self.key = str(Path(binary).resolve()), folder, None
        self.nodes = []
        name = f"story{uuid.uuid4().hex[:12]}"
        psql = subprocess.run([Path(os.environ["SAFELIGHT_TEST_POSTGRES_BIN"]) / "psql", url,
                               "-c", f"CREATE DATABASE {name}"], capture_output=True, text=True)
        check("a database of its own", psql.returncode == 0, psql.stderr)
        bucket = os.environ.get("SAFELIGHT_TEST_S3")
        # What begins so is read as a setting.
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("SAFELIGHT_")}
        if bucket:
            blobs = [f"blobs.url=s3://safelight/{name}", f"blobs.endpoint={bucket}"]
            self.environment |= {"AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER"}
        else:
            (folder / "files").mkdir()
            blobs = [f"blobs.url=file://{folder / 'files'}"]
        settings = [f"store.url={url.rsplit('/', 1)[0]}/{name}", *blobs, "store.connections=4",
                    "public_url=http://images.example", "log.level=error"]
        self.flags = [f"--set={each}" for each in settings]

    def node(self, *words, **options):
        node = Node(self, *words, **options)
        self.nodes.append(node)
        return node

    @staticmethod
    def fields(image):
        """What the service is asked for."""
        return {"origin_image_base64": image, "function_type": "encode_text", "text": "cluster"}

    def ended(self, node, tasks):
        """Waits for tasks; answers those that are done."""
        answers, deadline = {}, time.monotonic() + PATIENCE
        while len(answers) < len(tasks) and time.monotonic() < deadline:
            for task in set(tasks) - set(answers):
                status, content, _ = node.get(f"{TASK}?task_id={task}")
                answer = json.loads(content)
                if status != 200 or answer.get("task_status") == 2:
                    answers[task] = answer
            time.sleep(0.2)
        return {task: answer for task, answer in answers.items() if answer.get("task_status") == 2}


def balance(node):
    status, content, _ = node.get(CREDITS)
    check("credits are told", status == 200)
    return json.loads(content)["data"]


def tell(story, args):
    image = base64.b64encode((ROOT / "photos/grace_hopper.jpg").read_bytes()).decode()
    first = story.node("serve", "first", settings=["tasks.workers=1"]).wait()
    key = re.search(r"ailabapi-api-key: (\S+)'", first.log.read_text())
    check("the first start prints a key", key)
    story.key = key[1]
    second = story.node("serve", "second", secrets=first.data, settings=["tasks.workers=1"]).wait()
    check("the second prints none", "ailabapi-api-key" not in second.log.read_text())

    stranger = story.node("serve", "stranger")
    check("another secret is refused", stranger.process.wait(60) != 0)
    check("and said so", "copy theirs" in stranger.log.read_text(), "")

    # What one makes, the others serve.
    status, answer = first.post(MARK, story.fields(image))
    url = answer.get("data", {}).get("watermark_image_url", "")
    check("a request is answered", status == 200 and url.startswith("http://images.example/"), str(answer)[:400])
    path = "/" + url.split("/", 3)[3]
    whole, part = second.get(path), second.get(path, headers={"Range": "bytes=1-9"})
    check("its result is served by the other", whole[0] == 200 and part[0] == 206)
    check("and its parts", part[1] == whole[1][1:10])
    added = first.cli("key", "add", "default")
    status, _, _ = second.get(CREDITS, key=added["key"])
    check("a key made on one works on the other", status == 200)

    # Limits count over both.
    first.cli("app", "limits", "default", "--requests-per-second", "5")
    statuses = [node.get(CREDITS)[0] for _ in range(6) for node in (first, second)]
    check("a limit counts over both", 5 <= statuses.count(200) <= 8, statuses)
    first.cli("app", "limits", "default")

    # A node is killed in the middle.
    before = first.cli("credits", "audit")["charges"]
    tasks = first.submit(10, image) + second.submit(10, image)
    worker = story.node("worker", "worker", secrets=first.data, settings=["tasks.workers=1"]).wait()
    time.sleep(0.3)
    first.end(signal.SIGKILL)
    done = story.ended(second, tasks)
    check("a killed node loses no task", len(done) == len(tasks), f"{len(done)} of {len(tasks)}")
    books = second.cli("credits", "audit")
    check("each is charged once", books["charges"] - before == len(tasks), books["charges"] - before)
    check("nothing is held", books["open_holds"] == 0 and not books["errors"], books)
    for answer in list(done.values())[:3]:
        path = "/" + answer["data"]["watermark_image_url"].split("/", 3)[3]
        check("a result is there", second.get(path)[0] == 200)

    # It starts again while the others work, and takes nothing of theirs.
    tasks = second.submit(10, image)
    first.start()
    first.wait()
    # A worker that is frozen past its lease charges nothing when it goes on.
    worker.process.send_signal(signal.SIGSTOP)
    done = story.ended(second, tasks)
    worker.process.send_signal(signal.SIGCONT)
    check("a frozen worker keeps no task", len(done) == len(tasks), f"{len(done)} of {len(tasks)}")
    time.sleep(2)
    books = second.cli("credits", "audit")
    check("each is charged once", books["charges"] - before == 30, books["charges"] - before)
    check("the books are right", not books["errors"] and books["open_holds"] == 0, books)

    # They leave in order.
    for node in (worker, first, second):
        node.end(signal.SIGTERM)
        check("a node ends in order", node.process.returncode == 0, node.log.read_text()[-300:] if node.process.returncode else "")
    print("the story of the cluster holds")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "target/debug/safelight"))
    args = parser.parse_args()
    url = os.environ.get("SAFELIGHT_TEST_POSTGRES")
    if not url:
        print("skipped: SAFELIGHT_TEST_POSTGRES names no server (tests/postgres/run starts one)")
        return
    with tempfile.TemporaryDirectory(prefix="safelight-cluster-") as folder:
        story = Story(args.binary, url, Path(folder))
        try:
            tell(story, args)
        finally:
            for node in story.nodes:
                if node.process.poll() is None:
                    node.process.kill()
                    node.process.wait()


main()

"""An installation of several processes on loopback: a database of its own in the PostgreSQL of
SAFELIGHT_TEST_POSTGRES, files in the bucket of SAFELIGHT_TEST_S3 or in a shared folder."""

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
from urllib.parse import urlsplit

from taps import Tap

ROOT = Path(__file__).resolve().parent.parent.parent
MARK = "/api/image/editing/image-invisible-text-watermarking"
BATCH = "/api/common/submit-batch-tasks"
TASK = "/api/common/query-async-task-result"
CREDITS = "/api/common/query-credits"
# A process is dead, and a lease over, after 30 s.
PATIENCE = 180
IMAGE = base64.b64encode((ROOT / "photos/grace_hopper.jpg").read_bytes()).decode()


def check(name, holds, found=""):
    print(f"{'ok' if holds else 'WRONG'}: {name} {found}".rstrip(), flush=True)
    if not holds:
        sys.exit(1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, holds, patience=PATIENCE):
    """Waits until something holds; answers what it answered."""
    deadline = time.monotonic() + patience
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > deadline:
            check(what, False, "(waited in vain)")
        time.sleep(0.1)


def fields(text="cluster"):
    """What the service is asked for."""
    return {"origin_image_base64": IMAGE, "function_type": "encode_text", "text": text}


class Postgres:
    """The server, which tests may end and start."""

    def __init__(self, url):
        self.url, self.bin = url, Path(os.environ["SAFELIGHT_TEST_POSTGRES_BIN"])
        self.data = os.environ["SAFELIGHT_TEST_POSTGRES_DATA"]
        parts = urlsplit(url)
        self.host, self.port = parts.hostname, parts.port

    def sql(self, database, statement):
        """Runs a statement; answers its rows as lists of texts."""
        done = subprocess.run([self.bin / "psql", "-X", "-A", "-t", "-F", "\t",
                               f"{self.url.rsplit('/', 1)[0]}/{database}?sslmode=disable", "-c", statement],
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{statement}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def control(self, *words):
        user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*user, self.bin / "pg_ctl", "-D", self.data, "-w", *words], cwd="/",
                       check=True, stdout=subprocess.DEVNULL)

    def crash(self):
        self.control("stop", "-m", "immediate")

    def start(self):
        self.control("-l", str(Path(self.data).parent / "log"), "start")


class Node:
    """A process of the installation. With `tapped`, its database and bucket are reached through
    `rows` and `files`, proxies of its own; `before` is called with it before it starts; `engine` are the
    flags in place of `--without-engine`."""

    def __init__(self, cluster, kind, name, settings=(), tapped=False, clock=None, strange=False, before=None, engine=()):
        self.cluster, self.name, self.port = cluster, name, free_port()
        self.data = cluster.folder / name
        self.data.mkdir()
        for secret in ("secret.key", "library.key"):
            if cluster.nodes and not strange:
                shutil.copy(cluster.nodes[0].data / secret, self.data / secret)
        self.log = cluster.folder / f"{name}.log"
        postgres, bucket, self.rows, self.files = cluster.postgres, cluster.bucket, None, None
        address, endpoint = f"{postgres.host}:{postgres.port}", bucket
        if tapped:
            self.rows = Tap(postgres.host, postgres.port)
            address = f"127.0.0.1:{self.rows.port}"
            if bucket:
                parts = urlsplit(bucket)
                self.files = Tap(parts.hostname, parts.port)
                endpoint = f"http://127.0.0.1:{self.files.port}"
        user = urlsplit(postgres.url).username
        flags = [f"store.url=postgres://{user}@{address}/{cluster.name}?sslmode=disable", "store.connections=4",
                 "public_url=http://images.example", "log.level=warn", *settings]
        if bucket:
            flags += [f"blobs.url=s3://safelight/{cluster.name}", f"blobs.endpoint={endpoint}"]
        else:
            flags += [f"blobs.url=file://{cluster.folder / 'files'}"]
        self.flags = [f"--set={flag}" for flag in flags]
        self.command = [cluster.binary, kind, "--listen", f"127.0.0.1:{self.port}",
                        *(engine or ["--without-engine"]), "--data", str(self.data), *self.flags]
        self.environment = cluster.environment | (wrong_clock(clock) if clock else {})
        if before:
            before(self)
        self.start()
        cluster.nodes.append(self)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment)

    def wait(self):
        """Until it is ready."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.get("/health/ready")[0] in (200, 503):
                    return self
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{self.name} is not ready:\n{self.log.read_text()}")

    def request(self, method, path, body=None, headers=None, key=None, timeout=120):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"ailabapi-api-key": key or self.cluster.key or "", **(headers or {})}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, value, headers=None, **options):
        headers = {"Content-Type": "application/json", **(headers or {})}
        status, content, _ = self.request("POST", path, json.dumps(value), headers, **options)
        return status, json.loads(content)

    def mark(self, **options):
        """A synchronous request; answers status and answer."""
        return self.post(MARK, fields(), **options)

    def submit(self, count=1):
        """Submits tasks; answers their ids."""
        items = [{"path": MARK, **fields()} for _ in range(count)]
        status, answer = self.post(BATCH, {"items": items})
        tasks = [item.get("task_id") for item in (answer.get("data") or {}).get("tasks", [])]
        accepted = status == 200 and all(tasks) and len(tasks) == count
        check(f"{count} tasks are accepted", accepted, "" if accepted else answer)
        return tasks

    def kill(self):
        self.process.kill()
        self.process.wait()

    def leave(self):
        """Ends it in order."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(90)
        except subprocess.TimeoutExpired:
            code = "none"
        check(f"{self.name} ends in order", code == 0, "" if code == 0 else self.log.read_text()[-2000:])

    def cli(self, *words):
        done = subprocess.run([self.cluster.binary, *words, "--data", str(self.data), *self.flags,
                               "--json"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env=self.cluster.environment, timeout=120)
        if done.returncode:
            sys.exit(f"safelight {words} answered {done.returncode}: {done.stderr}{done.stdout}")
        return json.loads(done.stdout) if done.stdout.strip() else None


def wrong_clock(offset):
    """The environment of a process whose clock is off (Debian: libfaketime)."""
    library = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
    return {"LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class Cluster:
    """The installation; its first node makes the first key."""

    def __init__(self, binary, url):
        self.binary, self.key, self.nodes = str(Path(binary).resolve()), None, []
        self.temporary = tempfile.TemporaryDirectory(prefix="safelight-cluster-")
        self.folder = Path(self.temporary.name)
        (self.folder / "files").mkdir()
        self.postgres = Postgres(url)
        self.name = f"story{uuid.uuid4().hex[:12]}"
        self.postgres.sql("postgres", f"CREATE DATABASE {self.name}")
        self.bucket = os.environ.get("SAFELIGHT_TEST_S3")
        # What begins so is read as a setting.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
        self.environment = kept | {"AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            if node.process.poll() is None:
                node.process.kill()
                node.process.wait()
            for tap in (node.rows, node.files):
                if tap:
                    tap.close()
        self.temporary.cleanup()

    def node(self, kind, name, **options):
        return Node(self, kind, name, **options)

    def first(self, settings=("tasks.workers=1",), **options):
        node = self.node("serve", "first", settings=settings, **options).wait()
        key = re.search(r"ailabapi-api-key: (\S+)'", node.log.read_text())
        check("the first start prints a key", key)
        self.key = key[1]
        return node

    def sql(self, statement):
        return self.postgres.sql(self.name, statement)

    def number(self, statement):
        return int(self.sql(statement)[0][0])

    def ended(self, node, tasks):
        """Waits for tasks; answers the answers of those that are done."""
        answers = {}

        def all_ended():
            for task in set(tasks) - set(answers):
                try:
                    status, content, _ = node.get(f"{TASK}?task_id={task}")
                except OSError:
                    continue
                answer = json.loads(content)
                if status == 200 and answer.get("task_status") == 2:
                    answers[task] = answer
                elif status not in (200, 429, 500, 502, 503):
                    check("a task is done", False, answer)
            return len(answers) == len(tasks)

        until("tasks end", all_ended)
        return answers

    def books(self, node, charges, since=0):
        """The books are exact: so many charges, nothing held, and no file that nobody was told of."""
        audit = until("nothing is held", lambda: (a := node.cli("credits", "audit"))["open_holds"] == 0 and a)
        check("the books are right", not audit["errors"], audit["errors"] or "")
        check("each is charged once", audit["charges"] - since == charges,
              f"{audit['charges'] - since} charges")

    def expire(self, path):
        """Ends the time of the result at this path."""
        self.sql("UPDATE files SET expires_at = CAST(extract(epoch FROM now()) * 1000 AS BIGINT) - 1000 "
                 f"WHERE key = '{path.removeprefix('/results/')}'")

    def charges(self):
        return self.number("SELECT count(*) FROM holds WHERE state = 'settled' AND amount > 0")

    def objects(self):
        """Keys of the result files that are there."""
        if not self.bucket:
            return {path.name for path in (self.folder / "files" / "results").rglob("*.png")}
        root = Path(os.environ["SAFELIGHT_TEST_S3_FOLDER"]) / "safelight" / self.name / "results"
        return {path.name.removesuffix("._S3rver_object") for path in root.rglob("*._S3rver_object")}

"""What the benchmarks share: a server on a folder of its own, load, memory samples, statistics.

Everything talks to 127.0.0.1 only, and only processes started here are ever ended.
"""

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import api

ROOT = Path(__file__).resolve().parent.parent


def arguments(description, **defaults):
    """An argument parser with the options that every benchmark has; add more to the result.

    From here on a request to end unwinds like an exception, so that servers are ended too.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by request"))
    parser = argparse.ArgumentParser(
        description=description.strip().splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--binary", default=str(ROOT / "target/release/safelight"),
                        help="the safelight binary")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="a configuration key for the server; may be repeated")
    parser.set_defaults(**defaults)
    return parser


def build_example(name, profile):
    """Builds an example by one of cargo's profiles and answers its path."""
    # The features of the whole workspace, so that what the tests have built is used again.
    subprocess.run(["cargo", "build", "--quiet", "--profile", profile, "--workspace", "--example", name],
                   cwd=ROOT, check=True)
    return ROOT / "target" / {"dev": "debug"}.get(profile, profile) / "examples" / name


def environment(folder, requirements):
    """Makes a Python environment under target/ with these requirements, where it is not there yet."""
    wanted, stamp = (ROOT / "bench" / requirements).read_bytes(), folder / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == wanted:
        return
    print(f"installing {requirements} ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip(folder, "install", "-r", ROOT / "bench" / requirements)
    stamp.write_bytes(wanted)


def pip(folder, *words):
    """Runs the pip of an environment."""
    subprocess.run([folder / "bin/pip", "--quiet", "--disable-pip-version-check", *words], check=True)


def free_port():
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A `safelight serve` of its own: temporary data folder, free port, credits to burn.

    Use as a context manager. `start` after `kill` keeps folder, port and key. `prefix` is a
    command that runs the server, such as one that sets limits.
    """

    def __init__(self, binary, settings=(), credits=1_000_000, prefix=()):
        self.prefix = list(prefix)
        self.binary = str(Path(binary).resolve())
        self.settings = list(settings)
        self.credits = credits
        self.port = 0  # the system chooses one at the first start
        self.key = None
        self.process = None
        self._folder = tempfile.TemporaryDirectory(prefix="safelight-bench-")
        self.data = Path(self._folder.name) / "data"
        self.log = Path(self._folder.name) / "server.log"

    def __enter__(self):
        try:
            self.start()
            if self.credits:
                self.cli("credits", "add", "default", str(self.credits))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        self._folder.cleanup()

    @property
    def pid(self):
        """Process number of the server."""
        return self.process.pid

    def start(self):
        """Starts the server and waits until it is ready; answers the seconds that took."""
        begin = time.monotonic()
        self.launch()
        self.wait()
        return time.monotonic() - begin

    def launch(self):
        """Starts the server and waits for nothing."""
        command = [*self.prefix, self.binary, "serve", "--listen", f"127.0.0.1:{self.port}",
                   *self.flags()]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self, patience=300):
        """Waits until the server is ready; reads the port and key that a first start prints."""
        deadline = time.monotonic() + patience
        while not self.ready():
            self.port = self.port or self.printed_port()
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise SystemExit(f"the server is not ready after {patience} s:\n{self.tail()}")
            time.sleep(0.02)
        if self.key is None:
            self.key = self.printed_key()

    def flags(self):
        """The flags that every command on this installation takes."""
        return ["--data", str(self.data), *(f"--set={each}" for each in self.settings)]

    def ready(self):
        """Whether the server answers that it is ready."""
        if not self.port:
            return False
        try:
            return api.Client(self.port, timeout=60).get("/health/ready").status == 200
        except OSError:
            return False

    def printed_port(self):
        """The port of the line that says the server is ready; 0 before it is."""
        found = re.search(r"Safelight is ready at \S+:(\d+) ", self.log.read_text(errors="replace"))
        return int(found[1]) if found else 0

    def printed_key(self):
        """The key that the first start printed, from the `curl` line beside it."""
        found = re.search(rf"{api.KEY_HEADER}:\s*([^\s'\"]+)", self.log.read_text(errors="replace"))
        if not found:
            raise SystemExit(f"the first start printed no API key:\n{self.tail()}")
        return found[1]

    def tail(self, lines=30):
        """The last lines that the server printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self):
        """Ends the server as `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks the server to end, and answers its exit code; kills it after a minute."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def cli(self, *words):
        """Runs a command of the binary on this installation and answers its JSON."""
        done = subprocess.run([self.binary, *words, *self.flags(), "--json"],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise SystemExit(f"safelight {' '.join(words)} failed: {done.stderr or done.stdout}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def client(self, timeout=120):
        """A connection with the installation's key."""
        return api.Client(self.port, self.key, timeout)


@dataclass
class Tally:
    """What a load saw: latencies of successes, and how often each code came instead."""

    latencies: list = field(default_factory=list)
    codes: dict = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def success(self, seconds):
        """Counts a success."""
        with self.lock:
            self.latencies.append(seconds)

    def other(self, code):
        """Counts what came instead."""
        with self.lock:
            self.codes[code] = self.codes.get(code, 0) + 1


def load(clients, seconds, once):
    """Lets so many threads call `once(tally, number)` again and again for so long.

    Answers the tally and the seconds until the last call had ended.
    """
    tally, stop = Tally(), threading.Event()
    begin = time.perf_counter()

    def work(number):
        while not stop.is_set() and time.perf_counter() - begin < seconds:
            once(tally, number)

    with ThreadPoolExecutor(clients) as pool:
        try:
            for end in [pool.submit(work, number) for number in range(clients)]:
                end.result()
        except BaseException:
            stop.set()
            raise
    return tally, time.perf_counter() - begin


def memory(pid):
    """Resident memory and its peak (VmRSS, VmHWM) of a process, in MiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.search(rf"{name}:\s+(\d+)", text)[1]) / 1024 for name in ("VmRSS", "VmHWM"))


def reset_peak(pid):
    """Lets the peak of a process (VmHWM) start again from its present memory."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def median(values):
    """The median; NaN of nothing."""
    return statistics.median(values) if values else float("nan")


def percentile(values, share):
    """The value that this share of the values does not exceed; NaN of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def table(head, rows):
    """Prints rows under a head as a Markdown table, aligned for reading as it is."""
    cells = [head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print("\n".join(lines), flush=True)


def verdict(name, holds, text):
    """Prints whether a target was met, and answers it."""
    print(f"{'met   ' if holds else 'MISSED'} {name}: {text}", flush=True)
    return holds


def machine():
    """One line that names the machine."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    total = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
    return (f"{os.cpu_count()} cores {model[1] if model else '?'}, {total:.0f} GiB, "
            f"{os.uname().sysname}; load {os.getloadavg()[0]:.1f}")

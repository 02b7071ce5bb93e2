"""A server that lacks a file, disk or memory: what it tells, and whether it recovers.

Three parts. `files`: a model's file cannot be opened when the server starts (a link that leads to
itself), and can be a while later; what does readiness say, and does the model come back? `disk`: less
is free than the reserve; is the server ready, and what do requests get? `memory`: starts with smaller
and smaller limits of the address space (ulimit -v); how does each end? Loopback only; each part ends by
itself.
"""

import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import api
import harness

PHOTO = (harness.ROOT / "photos/flower.jpg").read_bytes()
# What the cut-out needs.
MODEL = "u2net"
# More than the longest pause between two tries.
PATIENCE = 75
LIMITS_MIB = (600, 900, 1200, 1600, 2000, 2400, 2800, 3200, 3600, 4000)


def start(server):
    """Starts an installation again and waits until it answers at all."""
    server.launch()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if api.Client(server.port, timeout=5).get("/health/live").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"the server does not answer:\n{server.tail()}")


def ask(server):
    """The status and parts of readiness, and the status and code of a cut-out."""
    ready = server.client().get("/health/ready")
    answer = server.client().post(api.CUTOUT, api.form(PHOTO))
    return ready.status, ready.json.get("parts"), (answer.status, answer.code)


def files(options, judge):
    """A model whose file cannot be opened for a while."""
    with harness.Server(options.binary, options.set) as server:
        # The models are compiled now; the next start loads them beside its first requests.
        server.stop()
        own = server.data.parent / "own"
        own.mkdir()
        blocks = (server.data / "models/manifest.toml").read_text().split("[[model]]")
        block = next(each for each in blocks if f'name = "{MODEL}"' in each)
        (own / "manifest.toml").write_text("[[model]]" + block)
        name = re.search(r'^file = "(.*)"', block, re.M)[1]
        (own / name).symlink_to(own / name)
        server.settings.append(f'models.extra=["{own}"]')
        start(server)
        # The model has been tried by then.
        time.sleep(5)
        ready, parts, answer = ask(server)
        print(f"  the file does not open: readiness {ready} {parts}; a cut-out {answer}")
        judge("readiness tells of a model that is off", ready == 503)
        (own / name).unlink()
        shutil.copy(server.data / "models" / name, own / name)
        begin = time.monotonic()
        while time.monotonic() < begin + PATIENCE:
            ready, _, answer = ask(server)
            if (ready, answer[0]) == (200, 200):
                break
            time.sleep(0.5)
        waited = time.monotonic() - begin
        print(f"  the file opens: readiness {ready}, a cut-out {answer} after {waited:.1f} s")
        judge("the model comes back without a restart", (ready, answer[0]) == (200, 200))


def disk(options, judge):
    """Less free than the reserve."""
    with harness.Server(options.binary, options.set) as server:
        before = server.cli("credits", "show", "default")
        server.stop()
        server.settings.append(f"results.disk_reserve={1 << 60}")
        start(server)
        ready, parts, answer = ask(server)
        print(f"  readiness {ready} {parts}; a cut-out {answer}")
        judge("a full disk is not ready", ready == 503)
        judge("nothing is begun", answer[1] == "ERROR_INSUFFICIENT_RESOURCES")
        judge("nothing is charged", server.cli("credits", "show", "default") == before)


def memory(options, judge):
    """How a start under each limit of the address space ends."""
    for mib in LIMITS_MIB:
        with tempfile.TemporaryDirectory() as folder:
            how, words = start_under(options, mib << 20, Path(folder))
        print(f"  {mib:5} MiB: {how}; {words[:150]}")
        judge(f"under {mib} MiB it starts, or refuses with a sentence and exit code 1",
              how == "ready" or (how == "exit code 1" and words.startswith("error: ")))


def start_under(options, limit, folder):
    """Starts a server with this address space; answers how it ended and its last line."""
    sets = [f"--set={each}" for each in options.set]
    command = [options.binary, "serve", "--data", folder / "data", "--listen", "127.0.0.1:0", *sets]
    restrict = lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with open(folder / "out", "w+") as out, open(folder / "err", "w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, preexec_fn=restrict)
        end, how = time.monotonic() + 60, "hangs"
        while time.monotonic() < end:
            if process.poll() is not None:
                code = process.returncode
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                break
            if "is ready at" in (folder / "out").read_text():
                # It must stay, too.
                time.sleep(3)
                how = "ready" if process.poll() is None else f"ready, then {process.returncode}"
                break
            time.sleep(0.1)
        if process.poll() is None:
            process.kill()
            process.wait()
    lines = (folder / "err").read_text(errors="replace").strip().splitlines()
    return how, lines[-1] if lines else ""


PARTS = {"files": files, "disk": disk, "memory": memory}


def main():
    parser = harness.arguments(__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    missed = []

    def judge(claim, kept):
        print(f"  {'met' if kept else 'MISSED'}: {claim}")
        if not kept:
            missed.append(claim)

    for name in options.parts:
        print(name)
        PARTS[name](options, judge)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

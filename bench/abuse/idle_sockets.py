"""Idle connections beyond the limit of open files: are honest clients served, and accepted work done?

The server runs under a limit of open files; more idle connections than that are opened, in part
without a byte, in part with half a header, and opened again where the server closes them. Meanwhile
honest clients connect anew for each request. Loopback only; ends after --seconds.
"""

import collections
import resource
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import api
import harness
import photos


def flood(port, count, stop, opened):
    """Keeps so many idle connections open, as far as the server lets it."""
    idle = []
    while not stop.is_set():
        idle = [each for each in idle if still_open(each)]
        while len(idle) < count and not stop.is_set():
            try:
                each = socket.create_connection(("127.0.0.1", port), timeout=1)
                if len(idle) % 2:
                    each.sendall(b"GET /health/live HTTP/1.1\r\nhost: lo")
                each.setblocking(False)
            except OSError:
                break
            idle.append(each)
            opened.append(1)
        stop.wait(0.05)
    for each in idle:
        each.close()


def still_open(each):
    """Whether the server has not closed a connection."""
    try:
        closed = each.recv(64) == b""
    except BlockingIOError:
        return True
    except OSError:
        closed = True
    if closed:
        each.close()
    return not closed


def honest(server, form):
    """One request on a connection of its own; answers how it ended and the seconds it took."""
    begin = time.perf_counter()
    client = server.client(timeout=30)
    try:
        answer = client.post(api.CONTRAST, form)
        ended = "200" if answer.succeeded else f"{answer.status} {answer.code}"
    except OSError as error:
        ended = type(error).__name__
    client.connection.close()
    return ended, time.perf_counter() - begin


def main():
    """Measures honest requests alone, then under the flood, and judges."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--idle", type=int, default=1500, help="idle connections")
    parser.add_argument("--open-files", type=int, default=1024, help="the server's hard limit")
    parser.add_argument("--soft", type=int, default=512, help="the server's soft limit at its start")
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    print(harness.machine())
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    limit = ["prlimit", f"--nofile={options.soft}:{options.open_files}"]
    form = api.form(photos.photo(pixels=50_000))
    settings = ["without_engine=true", *options.set]
    with harness.Server(options.binary, settings, prefix=limit) as server:
        alone = [honest(server, form) for _ in range(20)]
        stop, opened = threading.Event(), []
        attack = threading.Thread(target=flood, args=(server.port, options.idle, stop, opened))
        attack.start()
        time.sleep(2)
        under, begin = [], time.monotonic()
        while time.monotonic() - begin < options.seconds:
            under.append(honest(server, form))
            time.sleep(0.1)
        files = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
        stop.set()
        attack.join()
    rows = [(name, len(runs), dict(collections.Counter(ended for ended, _ in runs)),
             f"{1000 * harness.median([took for _, took in runs]):.0f}",
             f"{1000 * max(took for _, took in runs):.0f}")
            for name, runs in (("alone", alone), ("under the flood", under))]
    harness.table(("honest requests", "number", "ended", "median ms", "longest ms"), rows)
    print(f"{len(opened)} idle connections were opened; the server had {files} files open at the end")
    met = [
        harness.verdict("accepted work is done", all(ended == "200" for ended, _ in under),
                        f"{sum(ended == '200' for ended, _ in under)} of {len(under)}"),
        harness.verdict("a reserve of files is left", files <= 0.75 * options.open_files,
                        f"{files} of {options.open_files} open"),
        harness.verdict("honest clients are served at once", max(took for _, took in under) < 2,
                        f"within {max(took for _, took in under):.2f} s"),
    ]
    raise SystemExit(not all(met))


if __name__ == "__main__":
    main()

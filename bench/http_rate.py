"""Requests per second of answers that need no picture work, at 64 connections.

Loads `query-credits` and a refused form (a cut-out without its picture) with wrk, and reads wrk's
own rate and percentiles. wrk and server share the machine.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import api
import harness

POST = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "{content_type}"
wrk.body = {body}
"""


def wrk(server, path, connections, seconds, script=None):
    """Runs wrk on a path; answers its requests per second, p50 and p99 in ms, socket errors."""
    command = ["wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}s",
               "-H", f"{api.KEY_HEADER}: {server.key}"]
    if script:
        command += ["-s", script]
    text = subprocess.run([*command, f"http://127.0.0.1:{server.port}{path}"],
                          check=True, capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    p50, p99 = (milliseconds(re.search(rf"{share}%\s+(\S+)", text)[1]) for share in (50, 99))
    errors = re.search(r"Socket errors: (.*)", text)
    return rate, p50, p99, errors[1] if errors else "none"


def milliseconds(text):
    """wrk's `1.23ms`, `456.00us`, `1.2s` in milliseconds."""
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def lua(form):
    """A wrk script that posts a form."""
    body = '"' + "".join(f"\\{byte:03d}" for byte in form.body) + '"'
    return POST.format(content_type=form.content_type, body=body)


def main():
    """Runs both loads and judges them."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=10, help="time of each load")
    parser.add_argument("--rounds", type=int, default=3, help="loads of each kind; the best counts")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing; install it, on Debian with `apt-get install wrk`")
    print(harness.machine())
    refused = api.form(return_form="mask")
    with (harness.Server(options.binary, options.set) as server,
          tempfile.TemporaryDirectory() as folder):
        script = Path(folder) / "post.lua"
        script.write_text(lua(refused))
        check(server, refused)
        kinds = [("query-credits", api.CREDITS, None),
                 ("refused: no picture", api.CUTOUT, str(script))]
        runs = {kind[0]: [] for kind in kinds}
        for _ in range(options.rounds):
            for name, path, lua_file in kinds:
                runs[name].append(wrk(server, path, options.connections, options.seconds, lua_file))
        resident, peak = harness.memory(server.pid)
    harness.table(("answer", "requests/s", "p50 ms", "p99 ms", "socket errors"), [
        (name, f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}", errors)
        for name, results in runs.items() for rate, p50, p99, errors in results])
    print(f"memory of the server: {resident:.0f} MiB, peak {peak:.0f} MiB")
    met = []
    for name, results in runs.items():
        rate, _, p99, errors = max(results)
        met.append(harness.verdict(
            name, rate >= 10_000 and p99 < 20 and errors == "none",
            f"{rate:,.0f} requests/s (target 10,000), p99 {p99:.2f} ms (target below 20)"))
    raise SystemExit(not all(met))


def check(server, refused):
    """Makes sure that the answers are the ones meant, before anything is measured."""
    client = server.client()
    credits = client.get(api.CREDITS)
    if not credits.succeeded:
        raise SystemExit(f"query-credits answers {credits.status} {credits.body[:300]}")
    answer = client.post(api.CUTOUT, refused)
    if answer.code != "MISSING_PARAMETERS":
        raise SystemExit(f"a form without picture answers {answer.status} {answer.body[:300]}")


if __name__ == "__main__":
    main()

"""Schemathesis against a Safelight server of its own: no 5xx, and every answer as documented.

Sends at least CASES requests made from `/openapi.json`, the same in every run; each operation must
succeed at least once. Exits non-zero on a failure.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "bench"))

import harness

CASES = 1_000
# On a slow machine no request waits too long; at the end nobody waits for tasks.
SETTINGS = ["limits.queue_wait_seconds=600", "limits.work_timeout_seconds=600",
            "tasks.max_queued=100000", "shutdown_grace_seconds=0"]


def run(server, folder, examples):
    """Runs Schemathesis; answers its exit code and the counts of answers by operation and status."""
    answers = folder / "answers.json"
    environment = dict(os.environ, SAFELIGHT_KEY=server.key, SAFELIGHT_ANSWERS=str(answers),
                       SAFELIGHT_BASE=f"http://127.0.0.1:{server.port}",
                       SAFELIGHT_HOOKS=str(HERE / "hooks.py"))
    command = [Path(sys.executable).parent / "schemathesis",
               "--config-file", HERE / "schemathesis.toml",
               "run", *(["--max-examples", str(examples)] if examples else []),
               f"http://127.0.0.1:{server.port}/openapi.json"]
    code = subprocess.run(command, cwd=folder, env=environment).returncode
    counts = defaultdict(dict)
    for name, count in json.loads(answers.read_text()).items():
        operation, status = name.rsplit(" ", 1)
        counts[operation][int(status)] = count
    return code, counts


def main():
    """Starts the server, runs the cases, counts."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--examples", type=int, help="of each operation and phase, in place of the configured number")
    options = parser.parse_args()
    with (harness.Server(options.binary, [*SETTINGS, *options.set]) as server,
          tempfile.TemporaryDirectory(prefix="safelight-schemathesis-") as folder):
        code, counts = run(server, Path(folder), options.examples)
        if code:
            print(f"the server's last lines:\n{server.tail()}")
    rows = [(operation, " ".join(f"{status}:{count}" for status, count in sorted(found.items())))
            for operation, found in sorted(counts.items())]
    harness.table(("operation", "answers by status"), rows)
    total = sum(sum(found.values()) for found in counts.values())
    met = [harness.verdict("cases", total >= CASES, f"{total} of at least {CASES}"),
           harness.verdict("success of each operation", all(200 in found for found in counts.values()),
                           " ".join(each for each, found in counts.items() if 200 not in found))]
    raise SystemExit(code or not all(met))


if __name__ == "__main__":
    main()

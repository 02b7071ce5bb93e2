#!/usr/bin/env python3
"""What an installation of several processes costs and yields: round trips and flushes of a request and of a
task, cut-outs a second of one to three workers, each with the same share of a core, so that three do not
compete on a machine of two cores. Everything on loopback, all on this machine.

    tests/postgres/run python3 bench/cluster/figures.py --binary target/release/safelight --library FILE

Shares are set by control groups, which takes root. Without it: --workers 2 --share 0.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tests/cluster"))
from cluster import BATCH, IMAGE, MARK, Cluster, check, fields, until  # noqa: E402

CUTOUT = "/api/cutout/general/universal-background-removal"


def counters(cluster):
    commits = cluster.number(
        "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    return commits, cluster.number("SELECT wal_sync FROM pg_stat_wal")


def costs(cluster, requests):
    """What the database sees of a request and of a task."""
    node = cluster.first(tapped=True)
    node.mark()
    for what in ("request", "task"):
        time.sleep(2)
        # What it does by itself in so long is taken off.
        quiet, begun = (node.rows.pieces, *counters(cluster)), time.monotonic()
        time.sleep(5)
        idle = [(now - before) / 5 for now, before in
                zip((node.rows.pieces, *counters(cluster)), quiet)]
        before, begun = (node.rows.pieces, *counters(cluster)), time.monotonic()
        for _ in range(requests):
            if what == "request":
                assert node.mark()[0] == 200
            else:
                cluster.ended(node, node.submit(1))
        took = time.monotonic() - begun
        # Statistics of a session are told a moment later.
        time.sleep(2)
        after = (node.rows.pieces, *counters(cluster))
        each = [(now - then - rate * (took + 2)) / requests for now, then, rate in zip(after, before, idle)]
        print(f"a {what}: {each[0]:.1f} messages to the database, {each[1]:.1f} transactions, "
              f"{each[2]:.1f} flushes (with the polling of its client, {took / requests * 1000:.0f} ms each)"
              if what == "task" else
              f"a {what}: {each[0]:.1f} messages to the database, {each[1]:.1f} transactions, "
              f"{each[2]:.1f} flushes ({took / requests * 1000:.0f} ms each)", flush=True)
    node.leave()


class Share:
    """A control group of this machine whose process gets so much of a core (versions 1 and 2)."""

    PERIOD = 20_000  # microseconds

    def __init__(self, name, share):
        first = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").exists()
        self.folder = Path("/sys/fs/cgroup/cpu" if first else "/sys/fs/cgroup") / name
        self.folder.mkdir()
        quota = round(share * self.PERIOD)
        if first:
            (self.folder / "cpu.cfs_period_us").write_text(str(self.PERIOD))
            (self.folder / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.folder / "cpu.max").write_text(f"{quota} {self.PERIOD}")

    def take(self, pid):
        (self.folder / "cgroup.procs").write_text(str(pid))

    def end(self):
        """Once its process has ended."""
        until("the control group is empty", lambda: not (self.folder / "cgroup.procs").read_text())
        self.folder.rmdir()


def yields(cluster, library, seconds, workers, shares):
    """Cut-outs a second of workers with one thread each."""
    engine = [f"--set=models.library={library}", "--set=models.threads=1", "--set=models.streams=1",
              "--set=tasks.workers=1", "--set=limits.workers=1"]
    # The server is the first of them.
    node = server = cluster.first(settings=(), engine=engine)
    server.cli("credits", "add", "default", "1000000")
    for count in range(1, workers + 1):
        if count > 1:
            node = cluster.node("worker", f"worker{count}", engine=engine).wait()
        if shares:
            shares[count - 1].take(node.process.pid)
        items = [{"path": CUTOUT, "image_base64": IMAGE}] * 10
        done = "SELECT count(*) FROM tasks WHERE state = 'done'"
        open_tasks = "SELECT count(*) FROM tasks WHERE ended_at IS NULL"

        def feed():
            while cluster.number(open_tasks) < 20:
                status, answer = server.post(BATCH, {"items": items})
                tasks = (answer.get("data") or {}).get("tasks", [{}])
                if status != 200 or not all(task.get("task_id") for task in tasks):
                    sys.exit(f"tasks are not accepted: {answer}")

        feed()
        before = cluster.number(done)
        until("the first ends", lambda: cluster.number(done) > before + count)
        begun, before = time.monotonic(), cluster.number(done)
        while time.monotonic() - begun < seconds:
            feed()
            time.sleep(0.5)
        rate = (cluster.number(done) - before) / (time.monotonic() - begun)
        print(f"{count} workers of one thread: {rate:.2f} cut-outs a second", flush=True)
        until("all tasks end", lambda: cluster.number(open_tasks) == 0)
    failed = cluster.number("SELECT count(*) FROM tasks WHERE state NOT IN ('done')")
    check("none failed", failed == 0, cluster.sql("SELECT fault_message FROM tasks WHERE state = 'failed' LIMIT 1"))
    cluster.books(server, cluster.number(done))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/safelight")
    parser.add_argument("--library", help="libopenvino_c; without it, no cut-outs are made")
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.5, help="of a core, for each worker; 0 limits none")
    args = parser.parse_args()
    url = os.environ.get("SAFELIGHT_TEST_POSTGRES")
    if not url:
        sys.exit("SAFELIGHT_TEST_POSTGRES names no server (tests/postgres/run starts one)")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if args.requests:
        with Cluster(args.binary, url) as cluster:
            costs(cluster, args.requests)
    if args.library:
        names = [f"safelight-{os.getpid()}-{number}" for number in range(args.workers)]
        shares = [Share(name, args.share) for name in names if args.share]
        try:
            with Cluster(args.binary, url) as cluster:
                yields(cluster, args.library, args.seconds, args.workers, shares)
        finally:
            for share in shares:
                share.end()


main()

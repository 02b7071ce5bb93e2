"""Kills the server again and again under load, and checks the books against what clients saw.

Clients post sync and async requests while the process is killed with SIGKILL every few seconds and
started again at once on the same data folder. Each attempt ends acknowledged, refused, or without
an answer. Afterwards every accepted task must have ended once and for good, the audit must find
nothing, and no hold may be open. The hold of each request is looked up by the `request_id` that its
client got: acknowledged successes are charged, refusals and failed tasks are not, and no more is
charged beside them than there were attempts without an answer.
"""

import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

import api
import harness
import photos

DONE = 2


@dataclass
class Record:
    """What the clients of some paths saw: the answers, and how many attempts got none."""

    acknowledged: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    unanswered: int = 0

    @classmethod
    def sum(cls, records):
        """All records in one."""
        total = cls()
        for record in records:
            total.acknowledged += record.acknowledged
            total.refused += record.refused
            total.unanswered += record.unanswered
        return total

    def show(self, name):
        """Prints the numbers."""
        codes = dict(Counter(f"{answer.status} {answer.code}" for answer in self.refused))
        print(f"{name}: {len(self.acknowledged)} acknowledged, {self.unanswered} without answer, "
              f"refused {codes}")


def attempt(server, path, form, record):
    """Posts once on a new connection and records how it ended."""
    try:
        answer = server.client(timeout=60).post(path, form)
    except ConnectionRefusedError:
        time.sleep(0.02)  # nobody listens, so nothing was attempted
    except OSError:
        record.unanswered += 1
    else:
        kind = record.acknowledged if answer.succeeded else record.refused
        kind.append(answer)
        if not answer.succeeded:
            time.sleep(0.05)


def worker(server, path, form, record, stop, pause):
    """Posts until it is told to stop."""
    while not stop.is_set():
        attempt(server, path, form, record)
        stop.wait(pause)


def rampage(server, seconds, interval, jitter):
    """Kills and restarts the server for so long; answers the number of kills."""
    dice, kills, deadline = random.Random(1), 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(interval + dice.uniform(-jitter, jitter))
        if server.process.poll() is not None:
            raise SystemExit(f"the server ended by itself:\n{server.tail()}")
        server.kill()
        server.launch()
        kills += 1
    return kills


def query(server, sql):
    """Rows of the installation's database, which may be in use."""
    path = f"file:{server.data / 'safelight.db'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True, timeout=30)) as database:
        return database.execute(sql).fetchall()


def follow(server, tasks, patience):
    """Waits until no task is open, known to a client or not; answers the ends of those known."""
    client, ends, deadline = server.client(), {}, time.monotonic() + patience
    open_tasks = "SELECT count(*) FROM tasks WHERE ended_at IS NULL"
    while time.monotonic() < deadline:
        for task in tasks:
            if task not in ends:
                answer = client.get(f"{api.TASK}?task_id={task}")
                if answer.status != 200 or answer.json.get("task_status") == DONE:
                    ends[task] = answer
        if len(ends) == len(tasks) and query(server, open_tasks) == [(0,)]:
            break
        time.sleep(0.2)
    return ends


def judge_tasks(server, tasks, ends):
    """Checks that every accepted task ended, stays as it ended, and that results are there."""
    client = server.client()
    done = [task for task, end in ends.items() if end.succeeded]
    failed = dict(Counter(end.code for end in ends.values() if not end.succeeded))
    lost = sum(client.download(ends[task].json["data"]["image_url"]).status != 200
               for task in done)
    changed = sum(client.get(f"{api.TASK}?task_id={task}").json.get("data")
                  != ends[task].json.get("data") for task in done)
    return [
        harness.verdict("accepted tasks", len(ends) == len(tasks) == len(set(tasks)),
                        f"{len(ends)} of {len(tasks)} ended: {len(done)} done, failed {failed}"),
        harness.verdict("results of tasks", lost == changed == 0,
                        f"{lost} results missing, {changed} answers changed after the end"),
    ]


def judge_books(server, shown):
    """Checks audit, sums and the balance shown to clients."""
    books = server.cli("credits", "audit")
    return [
        harness.verdict("audit", not books["errors"],
                        f"{books['errors'] or 'nothing found'} in {books['transfers']} transfers"),
        harness.verdict("no open hold", books["open_holds"] == 0 and books["held"] == 0,
                        f"{books['open_holds']} open, {books['held']} credits held"),
        harness.verdict("sum", books["issued"] == books["balances"] + books["spent"],
                        f"issued {books['issued']:,.10g} = balances {books['balances']:,.10g} "
                        f"+ spent {books['spent']:,.10g}"),
        harness.verdict("balance shown", shown == books["balances"], f"{shown:,.10g} to clients"),
    ]


def judge_charges(server, name, for_task, record, successes):
    """Checks the hold of every request of one kind against how it ended."""
    holds = dict(query(server, f"SELECT request_id, state FROM holds WHERE for_task = {for_task}"))
    charged = {request for request, state in holds.items() if state == "settled"}
    known = {answer.json["request_id"] for answer in record.acknowledged + record.refused}
    lost, doubled, unknown = successes - charged, charged & known - successes, charged - known
    return harness.verdict(
        f"{name} charges", not lost and not doubled and len(unknown) <= record.unanswered,
        f"{len(successes)} successes, {len(lost)} of them not charged; {len(charged)} charges, "
        f"{len(doubled)} of them for failures, {len(unknown)} for the {record.unanswered} "
        f"attempts without answer")


def main():
    """Runs load and kills, then judges."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="time of the kills")
    parser.add_argument("--interval", type=float, default=2, help="seconds from kill to kill")
    parser.add_argument("--jitter", type=float, default=0.5, help="spread of the interval")
    parser.add_argument("--patience", type=float, default=300,
                        help="seconds that tasks may take to end after the last start")
    options = parser.parse_args()
    print(harness.machine())
    # A task may be hit by any number of kills here, and must still end well.
    settings = ["tasks.max_attempts=100", *options.set]
    stop = threading.Event()
    small = api.form(photos.photo(pixels=250_000))
    load = [(api.CONTRAST, Record(), 0), (api.CONTRAST, Record(), 0), (api.CUTOUT, Record(), 0),
            (api.HD_CUTOUT, Record(), 0.4)]
    with harness.Server(options.binary, settings) as server:
        threads = [threading.Thread(target=worker, args=(server, path, small, record, stop, pause))
                   for path, record, pause in load]
        for thread in threads:
            thread.start()
        try:
            kills = rampage(server, options.seconds, options.interval, options.jitter)
            server.wait()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        sync = Record.sum(record for path, record, _ in load if path != api.HD_CUTOUT)
        submits = Record.sum(record for path, record, _ in load if path == api.HD_CUTOUT)
        sync.show("sync")
        submits.show("async")
        tasks = {answer.json["task_id"]: answer.json["request_id"]
                 for answer in submits.acknowledged}
        ends = follow(server, list(tasks), options.patience)
        met = judge_tasks(server, list(tasks), ends)
        pools = server.client().get(api.CREDITS).json["data"]
        stopped = server.stop()
        met += judge_books(server, sum(pool["balance"] for pool in pools))
        done = {tasks[task] for task, end in ends.items() if end.succeeded}
        answered = {answer.json["request_id"] for answer in sync.acknowledged}
        met += [
            judge_charges(server, "sync", 0, sync, answered),
            judge_charges(server, "async", 1, submits, done),
            harness.verdict("load", bool(kills and answered and done), f"{kills} kills"),
            harness.verdict("last stop", stopped == 0, f"exit code {stopped}"),
        ]
    raise SystemExit(not all(met))


if __name__ == "__main__":
    main()

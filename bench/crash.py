"""Kills the server again and again under load, and checks the books against what clients saw.

Clients post sync and async requests while the process is killed with SIGKILL every few seconds and
started again at once on the same data folder. Each attempt ends acknowledged, refused, or without
an answer. Afterwards every accepted task must end exactly once, the audit must find nothing, no
hold may stay open, and the charges must lie between the acknowledged successes and those plus the
attempts without an answer, for sync and async requests each.
"""

import random
import threading
import time
from dataclasses import dataclass, field

import api
import harness
import photos

DONE = 2


@dataclass
class Record:
    """What the clients of one path saw."""

    acknowledged: list = field(default_factory=list)
    refused: dict = field(default_factory=dict)
    unanswered: int = 0

    @classmethod
    def sum(cls, records):
        """All records in one."""
        total = cls()
        for record in records:
            total.acknowledged += record.acknowledged
            total.unanswered += record.unanswered
            for code, count in record.refused.items():
                total.refused[code] = total.refused.get(code, 0) + count
        return total


def attempt(server, path, form, record):
    """Posts once on a new connection and records how it ended."""
    try:
        answer = server.client(timeout=60).post(path, form)
    except ConnectionRefusedError:
        time.sleep(0.02)  # nobody listens, so nothing was attempted
        return
    except OSError:
        record.unanswered += 1
        return
    if answer.succeeded:
        record.acknowledged.append(answer.json)
        return
    code = f"{answer.status} {answer.code}"
    record.refused[code] = record.refused.get(code, 0) + 1
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


def follow(server, tasks, patience):
    """Waits for the end of every task; answers state and answer by task."""
    client, ends, deadline = server.client(), {}, time.monotonic() + patience
    while len(ends) < len(tasks) and time.monotonic() < deadline:
        for task in tasks:
            if task in ends:
                continue
            answer = client.get(f"{api.TASK}?task_id={task}")
            if answer.status != 200 or answer.json.get("task_status") == DONE:
                ends[task] = answer
        time.sleep(0.2)
    return ends


def judge_tasks(server, tasks, ends):
    """Checks that every accepted task ended, stays as it ended, and that results can be fetched."""
    client = server.client()
    done = {task: end for task, end in ends.items() if end.succeeded}
    failed = {}
    for task, end in ends.items():
        if not end.succeeded:
            failed[end.code] = failed.get(end.code, 0) + 1
    lost = sum(client.download(end.json["data"]["image_url"]).status != 200
               for end in done.values())
    changed = sum(
        client.get(f"{api.TASK}?task_id={task}").json.get("data") != end.json.get("data")
        for task, end in done.items())
    met = [
        harness.verdict("accepted tasks", len(ends) == len(tasks) == len(set(tasks)),
                        f"{len(ends)} of {len(tasks)} ended: {len(done)} done, failed {failed}"),
        harness.verdict("results of tasks", lost == changed == 0,
                        f"{lost} results missing, {changed} answers changed after the end"),
    ]
    return len(done), all(met)


def judge_books(books, balance, sync, accepted, done):
    """Checks audit and balance against the records."""
    # Both prices are known, so spent credits and number of charges say which were which.
    price = api.PRICES[api.HD_CUTOUT]
    async_charges = (books["spent"] - books["charges"]) / (price - 1)
    sync_charges = books["charges"] - async_charges
    known = len(sync.acknowledged)
    return all([
        harness.verdict("audit", not books["errors"], f"{books['errors'] or 'nothing found'} in "
                        f"{books['transfers']} transfers"),
        harness.verdict("no open hold", books["open_holds"] == 0 and books["held"] == 0,
                        f"{books['open_holds']} open, {books['held']} credits held"),
        harness.verdict("sum", books["issued"] == books["balances"] + books["spent"],
                        f"issued {books['issued']} = balances {books['balances']} "
                        f"+ spent {books['spent']}"),
        harness.verdict("balance shown", balance == books["balances"],
                        f"query-credits says {balance}"),
        harness.verdict("sync charges", known <= sync_charges <= known + sync.unanswered,
                        f"{known} acknowledged <= {sync_charges:g} charged <= "
                        f"{known + sync.unanswered} possible"),
        harness.verdict("async charges", done <= async_charges <= done + accepted.unanswered,
                        f"{done} done <= {async_charges:g} charged <= "
                        f"{done + accepted.unanswered} possible"),
    ])


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
        accepted = Record.sum(record for path, record, _ in load if path == api.HD_CUTOUT)
        for name, record in (("sync", sync), ("async", accepted)):
            print(f"{name}: {len(record.acknowledged)} acknowledged, {record.unanswered} without "
                  f"answer, refused {record.refused}")
        tasks = [answer["task_id"] for answer in accepted.acknowledged]
        ends = follow(server, tasks, options.patience)
        done, tasks_met = judge_tasks(server, tasks, ends)
        pools = server.client().get(api.CREDITS).json["data"]
        balance = sum(pool["balance"] for pool in pools)
        stopped = server.stop()
        books = server.cli("credits", "audit")
        met = [tasks_met, judge_books(books, balance, sync, accepted, done),
               harness.verdict("load", bool(kills and sync.acknowledged and tasks),
                               f"{kills} kills"),
               harness.verdict("last stop", stopped == 0, f"exit code {stopped}")]
    raise SystemExit(not all(met))


if __name__ == "__main__":
    main()

"""Two applications on one server, of which one takes all that it can get: is the other served?

Four parts: `slow` uploads that declare 40 MB and send a byte every five seconds; `hoard`, which
sends 37 MiB at once and then hardly more than the least rate; a `flood` of connections that send
requests without a pause; and `tasks`, more than may wait. Meanwhile the other application sends one
request after the other. Loopback only; each part ends after --seconds.
"""

import http.client
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import api
import harness

PHOTO = harness.ROOT / "photos/flower.jpg"
# Takes files of up to 40 MB.
UPLOAD = "/api/cutout/portrait/hd-portrait-background-removal"
DECLARED = 40_000_000
HOARDED = 37 << 20
UPLOADS = 45
WAITING = 30


def head(path, key, length):
    """The start of a request with one file of a multipart form."""
    lines = (f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"{api.KEY_HEADER}: {key}",
             "Content-Type: multipart/form-data; boundary=xx", f"Content-Length: {length}", "",
             '--xx', 'Content-Disposition: form-data; name="image"; filename="a"', "", "")
    return "\r\n".join(lines).encode()


def trickle(port, key, first, piece, pause, end):
    """Uploads again and again: `first` bytes at once, then a piece after each pause."""
    begin, filler = head(UPLOAD, key, DECLARED), b"\xff" * (1 << 20)
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as upload:
                upload.sendall(begin)
                for _ in range(first // len(filler)):
                    upload.sendall(filler)
                upload.settimeout(pause)
                while time.monotonic() < end:
                    try:
                        upload.recv(4096)
                        break
                    except TimeoutError:
                        upload.sendall(b"\xff" * piece)
        except OSError:
            pass
        time.sleep(0.3)


def hammer(port, key, form, end):
    """Sends requests on one connection as fast as they are answered."""
    client = api.Client(port, key, timeout=30)
    while time.monotonic() < end:
        try:
            answer = client.post(api.CONTRAST, form)
        except OSError:
            time.sleep(0.1)
            continue
        if not answer.succeeded:
            time.sleep(0.05)


def one_by_one(port, key, form, end, most):
    """The other application: one request after the other; answers latencies and other outcomes."""
    latencies, others = [], {}
    client = api.Client(port, key, timeout=30)
    for _ in range(most):
        if time.monotonic() > end:
            break
        try:
            answer = client.post(api.CONTRAST, form)
            outcome = "success" if answer.succeeded else f"{answer.status} {answer.code}"
        except (OSError, http.client.HTTPException) as error:
            outcome = type(error).__name__
        if outcome == "success":
            latencies.append(answer.seconds)
        else:
            others[outcome] = others.get(outcome, 0) + 1
        time.sleep(0.05)
    return latencies, others


def against(name, port, keys, form, attackers, args, requests):
    """Runs attackers beside the other application; answers whether it was served, and fast."""
    greedy, modest = keys
    alone, _ = one_by_one(port, modest, form, time.monotonic() + args.seconds, requests)
    end = time.monotonic() + args.seconds
    with ThreadPoolExecutor(len(attackers)) as pool:
        for attack, *rest in attackers:
            pool.submit(attack, port, greedy, *rest, end)
        time.sleep(4)
        served, others = one_by_one(port, modest, form, end - 1, requests)
        sent = len(served) + sum(others.values())
    slow, fast = harness.percentile(served, 0.95), harness.percentile(alone, 0.95)
    detail = (f"{len(served)} of {sent} served {others or ''}; median {median(served)} ms and p95 "
              f"{1000 * slow:.0f} ms, alone {median(alone)} and {1000 * fast:.0f} ms "
              f"({slow / fast:.2f} x)")
    return harness.verdict(name, served and not others and slow <= 3 * fast, detail)


def median(values):
    """The median in whole milliseconds."""
    return f"{1000 * harness.median(values):.0f}"


def tasks(port, keys, form, args):
    """One application submits more tasks than may wait; answers whether another's still is next."""
    greedy, modest = keys

    def submit(key):
        return api.Client(port, key).post(api.HD_CUTOUT, form)

    with ThreadPoolExecutor(2 * WAITING) as pool:
        answers = list(pool.map(submit, [greedy] * 2 * WAITING))
    accepted = [answer.json["task_id"] for answer in answers if answer.succeeded]
    other = submit(modest)
    if not other.succeeded:
        detail = f"{len(accepted)} accepted of {2 * WAITING}, the other's refused: {other.code}"
        return harness.verdict("tasks", False, detail)
    end, status = time.monotonic() + args.seconds, 0
    while status not in (2, 3) and time.monotonic() < end:
        time.sleep(0.05)
        status = poll(port, modest, other.json["task_id"])
    before = sum(poll(port, greedy, task) in (2, 3) for task in accepted)
    # Besides those that wait, one is at work.
    holds = len(accepted) <= WAITING + 1 and status in (2, 3) and before <= 3
    return harness.verdict("tasks", holds, f"{len(accepted)} accepted of {2 * WAITING} at a limit "
                           f"of {WAITING}; the other's ended after {before} of them")


def poll(port, key, task):
    """The state of a task: 2 or 3 when it ended."""
    answer = api.Client(port, key).get(f"{api.TASK}?task_id={task}")
    return answer.json.get("task_status", 3)


def main():
    """Runs the parts that were asked for."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=40, help="length of each part")
    parser.add_argument("--connections", type=int, default=100, help="connections of the flood")
    parser.add_argument("--parts", default="slow,hoard,flood,tasks", help="which parts to run")
    args = parser.parse_args()
    print(harness.machine())
    photo = PHOTO.read_bytes()
    form = api.form(photo)
    # The part of tasks has one worker, so that the order of tasks can be seen.
    settings = [*args.set, f"tasks.max_queued={WAITING}", "tasks.workers=1"]
    held = []
    with harness.Server(args.binary, settings) as server:
        modest = server.cli("app", "add", "modest", "--credits", "100000")
        keys = (server.key, modest["key"])
        port = server.port
        parts = {
            "slow": lambda: against("slow uploads", port, keys, form,
                                    UPLOADS * [(trickle, 0, 1, 5)], args, 13),
            "hoard": lambda: against("hoarded uploads", port, keys, form,
                                     UPLOADS * [(trickle, HOARDED, 4096, 1.5)], args, 13),
            "flood": lambda: against("flood", port, keys, form,
                                     args.connections * [(hammer, form)], args, 58),
            "tasks": lambda: tasks(port, keys, form, args),
        }
        for part in args.parts.split(","):
            held.append(parts[part]())
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

"""What calls of a generative engine hold meanwhile: no worker slot, and no memory while they wait.

An engine on loopback holds its answers back. With --calls requests waiting for it, the gauge of jobs at work
must show 0, and a service that needs a worker must answer. Then --tasks tasks are queued while the engine
holds back: the process's memory may grow by --most MiB from the first twenty to the last, and its peak
while they are done by as much beyond that of the first twenty.
"""

import re
import sys
import threading
import time

from PIL import Image

import api
import code_engines
import harness
import photos
from code_requests import encoded

GLOSS = "/api/portrait/effects/ai-red-lip-gloss"
PATIENCE = 600


class Engine(code_engines.Engine):
    """Answers like the engine of `codes`, once its gate is open."""

    def __init__(self):
        self.gate = threading.Event()
        self.count = 0
        self.lock = threading.Lock()
        super().__init__()

    def answer(self, stream):
        """Waits for the gate before it answers a request for a picture."""
        with stream:
            request = code_engines.received(stream)
            if b" /v1/images/" not in request[:200]:
                code_engines.send(stream, 200, b'{"data": []}')
                return
            with self.lock:
                self.count += 1
            self.gate.wait(PATIENCE)
            picture = code_engines.first_picture(request)
            code_engines.send(stream, 200, code_engines.pictures(picture))

    def settings(self):
        """The configuration that attaches it, for many calls at once."""
        return [f'engine=[{{name="e", kind="openai-images", url="http://127.0.0.1:{self.port}", '
                f'timeout_seconds=900, max_parallel=64, long_side=256, serves=["*"]}}]',
                'effects.mode="engine"']


def until(holds, what):
    """Waits until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"it never happened: {what}")
        time.sleep(0.05)


def gauge(client, name):
    """A gauge of the metrics."""
    found = re.search(rf"^{name} (\d+)$", client.get("/metrics").body.decode(), re.M)
    return int(found[1])


def calls(server, engine, count):
    """So many calls at once; what they hold meanwhile, and whether another service answers."""
    portrait = Image.open(photos.ROOT / "photos/astronaut.png").convert("RGB").resize((256, 256))
    mask = Image.new("L", portrait.size)
    mask.paste(255, (90, 90, 150, 150))
    form = api.form(files={"image": encoded(portrait), "mask": encoded(mask)}, custom_prompt="a ball")
    answers = []
    ask = lambda: answers.append(server.client(PATIENCE).post(code_engines.REPLACER, form))
    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    until(lambda: engine.count + len(answers) >= count, f"{count} calls at the engine")
    if answers:
        raise SystemExit(f"{len(answers)} calls were answered before the engine did: {answers[0].body[:300]}")
    client = server.client()
    at_work = gauge(client, "safelight_jobs_at_work")
    other = client.post(api.CONTRAST, api.form(photos.photo()))
    engine.gate.set()
    for thread in threads:
        thread.join()
    done = sum(answer.succeeded for answer in answers)
    met = harness.verdict("worker slots", at_work == 0,
                          f"{at_work} of them taken by {count} calls at an engine")
    met &= harness.verdict("other work", other.succeeded, f"a service answers in {other.seconds * 1e3:.0f} ms")
    return met & harness.verdict("calls", done == count, f"{done} of {count} succeeded")


def tasks(server, engine, count, most):
    """So many tasks in the queue; the memory that they take, waiting and done."""
    client, photo = server.client(), photos.photo("astronaut.png", 300_000)
    form = api.form(photo)
    waiting = lambda: gauge(client, "safelight_tasks_queued") + gauge(client, "safelight_tasks_processing")

    def batch(size):
        """Queues tasks while the engine holds back, then lets them be done; memory of each."""
        engine.gate.clear()
        for _ in range(size):
            answer = client.post(GLOSS, form)
            if not answer.succeeded:
                raise SystemExit(f"{answer.status} {answer.body[:300]}")
        time.sleep(1)
        queued = harness.memory(server.pid)[0]
        harness.reset_peak(server.pid)
        engine.gate.set()
        until(lambda: waiting() == 0, "an empty queue")
        return queued, harness.memory(server.pid)[1]

    few, many = min(20, count), count
    batch(few)
    (queued_few, peak_few), (queued_many, peak_many) = batch(few), batch(many)
    harness.table(("tasks", "memory while they wait, MiB", "peak while they are done, MiB"),
                  [(few, f"{queued_few:.0f}", f"{peak_few:.0f}"), (many, f"{queued_many:.0f}", f"{peak_many:.0f}")])
    met = harness.verdict("waiting", queued_many - queued_few <= most, f"{queued_many - queued_few:+.0f} MiB")
    return met & harness.verdict("done", peak_many - peak_few <= most, f"{peak_many - peak_few:+.0f} MiB")


def main():
    """Runs both parts on servers of their own."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--most", type=float, default=32.0, help="MiB that memory may grow")
    options = parser.parse_args()
    met = True
    print(harness.machine())
    # The budget counts what calls might take at most, and all of them come at once.
    settings = ["limits.memory_budget=12000000000", "limits.work_timeout_seconds=900", "limits.queue=200",
                "limits.queue_wait_seconds=600", *options.set]
    for part in (lambda s, e: calls(s, e, options.calls), lambda s, e: tasks(s, e, options.tasks, options.most)):
        engine = Engine()
        with harness.Server(options.binary, [*settings, *engine.settings()]) as server:
            met &= part(server, engine)
        engine.close()
    sys.exit(not met)


if __name__ == "__main__":
    main()

"""Memory of the server under hostile and heavy use, against its configured budget.

Four parts: bombs (small files that announce or unfold hundreds of megapixels), real pictures of
100 megapixels, 400 connections (idle, slow, all active at once), and minutes of mixed load. Peaks
are the kernel's (VmHWM, reset before each step); the mixed load is also sampled every second.
"""

import asyncio
import random
import threading
import time
from dataclasses import dataclass

import api
import harness
import photos

ENDED = (2, 3)
GROUPS = "Age,Beauty,Emotion,Eye,Eyebrow,Gender,Hair,Hat,Headpose,Mask,Mouth,Moustache,Nose,Shape,Skin"
NOTHING = "422 ERROR_NO_RECOGNITION_TARGET_DETECTED"


def attempt(client, path, form):
    """Posts a form, follows a task to its end; answers how it ended and the seconds until then."""
    begin = time.perf_counter()
    try:
        answer = client.post(path, form)
        task = answer.json.get("task_id")
        while task:
            answer = client.get(f"{api.TASK}?task_id={task}")
            if answer.status != 200 or answer.json.get("task_status") in ENDED:
                break
            time.sleep(0.2)
    except OSError as error:
        # A body that is over the limit may be refused before all of it was sent.
        return f"connection ended: {error}", time.perf_counter() - begin
    return outcome(answer), time.perf_counter() - begin


def outcome(answer):
    """An answer in two words."""
    return f"{answer.status} {answer.code or 'success'}"


def measured(server, name, step, rows):
    """Runs a step and notes its result with the memory it took at most."""
    harness.reset_peak(server.pid)
    before, _ = harness.memory(server.pid)
    ended, seconds = step()
    after, peak = harness.memory(server.pid)
    rows.append((name, ended, f"{1000 * seconds:.0f}", f"{before:.0f}", f"{peak:.0f}",
                 f"{after:.0f}"))
    return Step(ended, seconds, before, peak)


@dataclass
class Step:
    """How one step ended, the seconds it took, memory before it and its peak in MiB."""

    ended: str
    seconds: float
    before: float
    peak: float


def pictures(server, files, services):
    """Sends each file to each service, one after the other; answers the steps."""
    rows, steps = [], []
    client = server.client(timeout=400)
    for name, content in files:
        form = api.form(content)
        for path in services:
            label = f"{name} ({len(content) / 1000:,.0f} kB) to {path.rsplit('/', 1)[1]}"
            step = lambda path=path, form=form: attempt(client, path, form)
            steps.append(measured(server, label, step, rows))
    harness.table(("file", "ended", "ms", "MiB before", "peak", "after"), rows)
    return steps


def disarmed(steps):
    """Judges bombs: none may be the server's fault, and a refusal is quick and small."""
    faults = sum(step.ended.startswith("5") or step.ended.startswith("conn") for step in steps)
    # A small black picture inside is looked at in earnest, and nothing is found on it.
    refused = [step for step in steps if step.ended.startswith("4") and step.ended != NOTHING]
    slowest = 1000 * max((step.seconds for step in refused), default=0)
    grown = max((step.peak - step.before for step in refused), default=0)
    return harness.verdict(
        "bombs", refused and not faults and slowest < 250 and grown < 64,
        f"{len(refused)} of {len(steps)} refused, {faults} server faults; the slowest refusal took "
        f"{slowest:.0f} ms (target below 250), the largest {grown:.0f} MiB (target below 64)")


async def idle(port, key, deadline):
    """A connection that sends nothing."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(max(0, deadline - time.monotonic()))
    writer.close()
    return "held"


async def slow(port, key, deadline):
    """A connection that sends a form in drips."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(api.CUTOUT, key, 1_000_000, "multipart/form-data; boundary=x"))
    writer.write(b'--x\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n')
    while time.monotonic() < deadline and not reader.at_eof():
        writer.write(b"\xff\xd8\xff" * 40)
        await writer.drain()
        await asyncio.sleep(0.5)
    writer.close()
    return "held"


def active(form):
    """A connection that posts a form again and again, with all others at once."""
    async def run(port, key, deadline):
        counts = {}
        while time.monotonic() < deadline:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head(api.CONTRAST, key, len(form.body), form.content_type, "close"))
            writer.write(form.body)
            await writer.drain()
            status = (await reader.readline())[9:12].decode()
            while await reader.read(65_536):
                pass
            writer.close()
            counts[status] = counts.get(status, 0) + 1
        return ", ".join(sorted(counts))
    return run


def head(path, key, length, content_type, connection="keep-alive"):
    """The head of a POST request."""
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{api.KEY_HEADER}: {key}\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {length}\r\n"
            f"Connection: {connection}\r\n\r\n").encode()


async def crowd(server, kind, count, seconds):
    """Opens so many connections of one kind; answers how they ended."""
    deadline = time.monotonic() + seconds
    jobs = [kind(server.port, server.key, deadline) for _ in range(count)]
    ends = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), seconds + 120)
    # Its name and no more: the text of an exception may hold addresses that differ.
    kinds = sorted({end if isinstance(end, str) else type(end).__name__ for end in ends})
    return "; ".join(kind for kind in kinds if kind)


def connections(server, count, seconds):
    """Holds the connections of each kind while a client asks for its credits; answers the steps."""
    rows, steps = [], []
    form = api.form(photos.photo())
    for name, kind in (("idle", idle), ("slow", slow), ("active", active(form))):
        waits = []

        def step(kind=kind, waits=waits):
            begin = time.perf_counter()
            stop = threading.Event()
            probe = threading.Thread(target=ask, args=(server, stop, waits))
            probe.start()
            ended = asyncio.run(crowd(server, kind, count, seconds))
            stop.set()
            probe.join()
            took = time.perf_counter() - begin
            return f"{ended}; credits within {1000 * max(waits):.0f} ms", took

        steps.append(measured(server, f"{count} {name}", step, rows))
    harness.table(("connections", "ended", "ms", "MiB before", "peak", "after"), rows)
    return steps


def ask(server, stop, waits):
    """Asks for the credits on a new connection ten times a second and notes the waits."""
    while not stop.wait(0.1):
        begin = time.perf_counter()
        try:
            answered = server.client(timeout=30).get(api.CREDITS).succeeded
        except OSError:
            answered = False
        waits.append(time.perf_counter() - begin if answered else float("inf"))


def mixed(server, minutes, clients):
    """Mixed load with samples every second; answers samples (MiB), peak and what was answered."""
    ordinary = [api.form(content) for content in photos.photos()]
    large = [api.form(photos.photo(name, 12_000_000)) for name in photos.NAMES[:2]]
    hostile = [api.form(content) for _, content in photos.bombs()]
    giants = [api.form(content) for _, content in photos.huge()]
    small = [api.form(content) for content in photos.photos(100_000)]
    portraits = [api.form(photos.photo(name)) for name in ("astronaut.png", "grace_hopper.jpg")]
    analyses = [api.form(photos.photo(), face_attributes_type=GROUPS)]
    kinds = [(25, api.CUTOUT, ordinary), (20, api.CONTRAST, ordinary + large),
             (15, api.HD_CUTOUT, ordinary + large), (10, api.PORTRAIT, portraits),
             (10, api.FACES, analyses), (5, api.ENLARGE, small), (5, api.CUTOUT, [api.form()]),
             (8, api.HD_CUTOUT, hostile), (2, api.HD_CUTOUT, giants)]
    weights = [weight for weight, _, _ in kinds]
    pools = [server.client(timeout=400) for _ in range(clients)]
    dice = [random.Random(number) for number in range(clients)]
    samples, stop = [], threading.Event()

    def once(tally, number):
        _, path, forms = dice[number].choices(kinds, weights)[0]
        ended, _ = attempt(pools[number], path, dice[number].choice(forms))
        tally.other(ended)

    def sample():
        while not stop.wait(1):
            samples.append(harness.memory(server.pid)[0])

    harness.reset_peak(server.pid)
    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        tally, _ = harness.load(clients, 60 * minutes, once)
    finally:
        stop.set()
        sampler.join()
    return samples, harness.memory(server.pid)[1], tally.codes


def slope(samples):
    """Least-squares slope of samples taken every second, in MiB a minute."""
    middle, mean = (len(samples) - 1) / 2, sum(samples) / len(samples)
    above = sum((x - middle) * (y - mean) for x, y in enumerate(samples))
    return 60 * above / max(1, sum((x - middle) ** 2 for x in range(len(samples))))


def flat(samples):
    """Judges the samples: the last quarter against the second, the first being warm-up."""
    quarter = max(1, len(samples) // 4)
    parts = [samples[start:start + quarter] for start in range(0, 4 * quarter, quarter)]
    medians = [harness.median(part) for part in parts]
    settled = samples[quarter:]
    text = (f"medians of the quarters {', '.join(f'{each:.0f}' for each in medians)} MiB, "
            f"slope after the first {slope(settled):+.1f} MiB/min")
    return harness.verdict("flat", medians[3] <= 1.1 * medians[1] + 16, text)


def main():
    """Runs the parts and judges the peaks."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--budget-mib", type=int, default=3072, help="limits.memory_budget")
    parser.add_argument("--parts", nargs="+", default=["bombs", "huge", "connections", "mixed"])
    parser.add_argument("--connections", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=20, help="time of each kind of connection")
    parser.add_argument("--minutes", type=float, default=10, help="time of the mixed load")
    parser.add_argument("--clients", type=int, default=8, help="clients of the mixed load")
    options = parser.parse_args()
    settings = [f"limits.memory_budget={options.budget_mib << 20}", *options.set]
    print(harness.machine())
    services = [api.CUTOUT, api.HD_CUTOUT, api.CONTRAST]
    with harness.Server(options.binary, settings) as server:
        warm = api.form(photos.photo())
        for path in services:
            attempt(server.client(), path, warm)
        print(f"budget {options.budget_mib} MiB; after one request each "
              f"{harness.memory(server.pid)[0]:.0f} MiB")
        steps, met = {}, []
        if "bombs" in options.parts:
            steps["bombs"] = pictures(server, photos.bombs(), services)
            met.append(disarmed(steps["bombs"]))
        if "huge" in options.parts:
            steps["huge"] = pictures(server, photos.huge(), services[1:2])
        if "connections" in options.parts:
            steps["connections"] = connections(server, options.connections, options.seconds)
        peaks = {part: max(step.peak for step in taken) for part, taken in steps.items()}
        if "mixed" in options.parts:
            samples, peaks["mixed"], codes = mixed(server, options.minutes, options.clients)
            harness.table(("mixed load ended", "times"), sorted(codes.items()))
            met.append(flat(samples))
            time.sleep(5)
            print(f"five seconds after the load: {harness.memory(server.pid)[0]:.0f} MiB")
        for part, peak in peaks.items():
            met.append(harness.verdict(f"peak of {part}", peak <= options.budget_mib,
                                       f"{peak:.0f} of {options.budget_mib} MiB"))
    raise SystemExit(not all(met))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Several processes on one PostgreSQL, told as stories: what one makes the others serve; what is killed,
frozen, cut off or slow loses no task and charges nothing twice; limits and clocks are those of all.

    tests/postgres/run tests/s3/run tests/cluster/run.py --binary target/debug/safelight --quick

Files lie in the bucket of SAFELIGHT_TEST_S3 (tests/s3/run); without one, in a shared folder, and the
stories of the bucket are left out. Everything listens on 127.0.0.1, no model is needed, and only processes
that were started here are ended.
"""

import argparse
import http.client
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from cluster import BATCH, CREDITS, MARK, ROOT, Cluster, check, fields, until

ONE = ("tasks.workers=1",)
SLOW = {"x-safelight-simulate": "task=slow; delay=45s"}


def path_of(answer):
    return "/" + answer["data"]["watermark_image_url"].split("/", 3)[3]


def shared(cluster):
    """What one process makes the others serve: keys, results, limits. Another secret is refused."""
    first = cluster.first()
    second = cluster.node("serve", "second", settings=ONE).wait()
    check("the second prints no key", "ailabapi-api-key" not in second.log.read_text())
    stranger = cluster.node("serve", "stranger", strange=True)
    check("another secret is refused", stranger.process.wait(60) != 0)
    check("and said so", "copy theirs" in stranger.log.read_text())

    status, answer = first.mark()
    check("a request is answered", status == 200, "" if status == 200 else answer)
    path = path_of(answer)
    whole, part = second.get(path), second.get(path, headers={"Range": "bytes=1-9"})
    check("its result is served by the other", whole[0] == 200)
    check("and its parts", part[0] == 206 and part[1] == whole[1][1:10])
    tags = {node.get(path)[2].get("etag") for node in (first, second)}
    check("under one ETag", len(tags) == 1 and None not in tags, tags)
    cluster.expire(path)
    gone = [node.get(path)[0] for node in (first, second)]
    check("and by neither when its time is over", gone == [410, 410], gone)

    added = first.cli("key", "add", "default")
    check("a key made on one works on the other", second.get(CREDITS, key=added["key"])[0] == 200)
    keys = first.cli("key", "list", "default")
    number = max(key["id"] for key in keys)
    first.cli("key", "revoke", str(number))
    until("a key revoked on one fails on the other",
          lambda: second.get(CREDITS, key=added["key"])[0] == 401, 5)
    cluster.books(first, 1)


def refused(status, answer):
    return status == 429 or answer.get("error_code_str") == "EXCEEDING_LIMITS"


def limits(cluster):
    """Limits count over all processes, and what a killed one had at work is forgotten."""
    first = cluster.first()
    second = cluster.node("serve", "second", settings=ONE, tapped=True).wait()
    first.cli("app", "limits", "default", "--requests-per-second", "5")
    started = time.monotonic()
    # A form without fields is counted and refused at once.
    answers = [node.post(MARK, {}) for _ in range(12) for node in (first, second)]
    took = time.monotonic() - started
    entered = sum(not refused(*answer) for answer in answers)
    check("a rate counts over both", 5 <= entered <= 5 + 5 * took + 1, f"{entered} of 24 in {took:.2f} s")
    check("and refuses some", entered < 24)

    first.cli("app", "limits", "default")
    first.cli("app", "limits", "default", "--concurrency", "1")
    second.files.stop_before = b"PUT /safelight/%s/results" % cluster.name.encode()
    thread = threading.Thread(target=lambda: quietly(second.mark), daemon=True)
    thread.start()
    check("a request is held up", second.files.caught.wait(60), cluster.sql("SELECT * FROM at_work"))
    check("its place is taken on the other", refused(*first.post(MARK, {})))
    second.kill()
    started = time.monotonic()
    until("a killed process has nothing at work", lambda: not refused(*first.post(MARK, {})))
    print(f"    after {time.monotonic() - started:.0f} s")
    first.cli("app", "limits", "default")
    cluster.books(first, 0)


def quietly(call):
    """Of a process that is about to be killed."""
    try:
        print("    answered:", call(), flush=True)
    except (OSError, http.client.HTTPException):
        pass


def killed(cluster):
    """Workers that are killed at every step of a task, and one that is frozen past its lease: each
    task ends once and is charged once."""
    first = cluster.first()
    name = cluster.name.encode()
    workers = {}
    for step in ("input", "blob", "finish", "charged", "frozen"):
        worker = cluster.node("worker", step, settings=ONE, tapped=True).wait()
        if step == "input":
            worker.files.stop_before = b"GET /safelight/%s/inputs" % name
        elif step in ("blob", "frozen"):
            worker.files.stop_before = b"PUT /safelight/%s/results" % name
        elif step == "finish":
            worker.rows.lose = b"watermark_image_url"
        else:
            worker.rows.stop_after = (b"watermark_image_url", b"COMMIT")
        workers[step] = worker
    tasks = []

    def all_caught():
        tasks.extend(first.submit(4))
        time.sleep(1)
        return all((worker.rows.caught if step in ("finish", "charged") else worker.files.caught).is_set()
                   for step, worker in workers.items())

    until("every worker is at its step", all_caught)
    workers["frozen"].process.send_signal(signal.SIGSTOP)
    for step in ("input", "blob", "finish", "charged"):
        workers[step].kill()
    started = time.monotonic()
    healer = cluster.node("worker", "healer", settings=ONE).wait()
    answers = cluster.ended(first, tasks)
    print(f"    {len(tasks)} tasks ended {time.monotonic() - started:.0f} s after the kills")
    for task in list(answers)[-3:]:
        check("a result is there", first.get(path_of(answers[task]))[0] == 200)
    attempts = cluster.number("SELECT count(*) FROM tasks WHERE attempt - parked = 2")
    check("four were done twice", attempts == 4, attempts)
    cluster.books(first, len(tasks))

    def files():
        return cluster.number("SELECT count(*) FROM files WHERE reclaimed = 0")

    # The rows of `blob`, `finish` and `frozen` are of results that nobody was told of.
    check("three results are left over", files() == len(tasks) + 3, f"{files()} of {len(tasks)}")
    workers["frozen"].process.send_signal(signal.SIGCONT)
    workers["frozen"].files.release()
    until("what was frozen withdraws its result", lambda: files() == len(tasks) + 2)
    check("and leaves no object", len(cluster.objects()) == len(tasks) + 1, len(cluster.objects()))
    cluster.books(first, len(tasks))
    late = first.submit(2)
    cluster.ended(first, late)
    cluster.books(first, len(tasks) + 2)
    for node in (workers["frozen"], healer, first):
        node.leave()


def started(cluster):
    """A process that starts, or starts again, takes nothing of those that work."""
    first = cluster.first()
    key = first.cli("key", "add", "default", "--sandbox")["key"]
    task = slow_task(first, key)
    row = f"SELECT state, attempt FROM tasks WHERE id = '{task}'"
    until("the task is at work", lambda: cluster.sql(row) == [["processing", "1"]], 30)
    second = cluster.node("serve", "second", settings=ONE).wait()
    second.kill()
    second.start()
    second.wait()
    third = cluster.node("worker", "third", settings=ONE).wait()
    check("a start takes no task", cluster.sql(row) == [["processing", "1"]], cluster.sql(row))
    until("the task ends", lambda: cluster.sql(row)[0][0] != "processing")
    check("at its first attempt", cluster.sql(row) == [["done", "1"]], cluster.sql(row))
    for node in (third, second, first):
        node.leave()


def slow_task(node, key):
    """A task that takes 45 s, and no worker meanwhile; answers its id."""
    item = {"path": MARK, **fields()}
    status, answer = node.post(BATCH, {"items": [item]}, SLOW, key=key)
    tasks = (answer.get("data") or {}).get("tasks", [{}])
    check("a slow task is accepted", tasks[0].get("task_id"), "" if tasks[0].get("task_id") else answer)
    return tasks[0]["task_id"]


def crashed(cluster):
    """PostgreSQL crashes under load: what was acknowledged is there, what was not converges on retry,
    and nothing is charged that failed."""
    first, second = cluster.first(), cluster.node("serve", "second", settings=ONE).wait()
    first.cli("credits", "add", "default", "100000")
    tasks, done, failed, unsure, stuck = {}, [], [], [], []
    stop = threading.Event()

    def load(node, number, is_task):
        count = 0
        while not stop.is_set() and count < 400:
            count += 1
            key = f"{node.name}-{number}-{count}-{is_task}"
            while True:
                try:
                    if is_task:
                        body = {"items": [{"path": MARK, **fields()}]}
                        status, answer = node.post(BATCH, body,
                                                   {"idempotency-key": key})
                        good = status == 200 and answer["data"]["tasks"][0].get("task_id")
                        if good:
                            tasks[key] = good
                        elif status == 200:
                            # What became of the item is the answer of its key.
                            break
                    else:
                        status, answer = node.mark(headers={"idempotency-key": key})
                        good = status == 200
                        if good:
                            done.append(answer["request_id"])
                except OSError as error:
                    unsure.append(f"{key}: {error}")
                    good, answer = False, {}
                if good:
                    break
                if answer.get("request_id"):
                    failed.append((answer["request_id"], answer.get("error_code_str")
                                   or answer.get("error_detail", {}).get("code")))
                if stop.is_set() and time.monotonic() > deadline:
                    stuck.append((key, answer))
                    break
                time.sleep(0.3)

    deadline = time.monotonic() + 120
    threads = [threading.Thread(target=load, args=(node, number, number == 0))
               for node in (first, second) for number in range(3)]
    for thread in threads:
        thread.start()
    for pause in (1, 8):
        time.sleep(6)
        cluster.postgres.crash()
        time.sleep(pause)
        cluster.postgres.start()
    time.sleep(8)
    stop.set()
    for thread in threads:
        thread.join()
    check("every repetition is answered in the end", not stuck, stuck[:3] or "")
    codes = {}
    for _, code in failed:
        codes[code] = codes.get(code, 0) + 1
    print(f"    {len(tasks)} tasks and {len(done)} requests acknowledged, {len(failed)} failed {codes}, "
          f"{len(unsure)} unsure")
    cluster.ended(first, list(tasks.values()))
    known = {row[0] for row in cluster.sql("SELECT id FROM tasks")}
    check("every task that was acknowledged is there", known >= set(tasks.values()))
    extra = len(known) - len(set(tasks.values()))
    until("all tasks end", lambda: cluster.number("SELECT count(*) FROM tasks WHERE ended_at IS NULL") == 0)
    settled = {row[0] for row in cluster.sql("SELECT request_id FROM holds WHERE state = 'settled'")}
    check("every request that succeeded is charged", settled >= set(done))
    wrong = [failure for failure in failed if failure[0] in settled]
    check("none that failed is charged", not wrong, wrong or "")
    print(f"    {extra} tasks of submissions whose answer was lost; {len(unsure)} connections broke")
    check("nothing else is charged", len(settled) <= len(known) + len(done) + len(unsure))
    audit = until("nothing is held", lambda: (a := first.cli("credits", "audit"))["open_holds"] == 0 and a)
    check("the books are right", not audit["errors"], audit["errors"] or "")
    for node in (second, first):
        node.leave()


def bucket(cluster):
    """The bucket is down, busy or slow: requests fail in time and cost nothing, tasks wait."""
    first = cluster.first(tapped=True)
    status, answer = first.mark()
    check("the bucket works", status == 200, "" if status == 200 else answer)
    charged = cluster.charges()
    for how, change in (("down", {"down": True}), ("busy", {"busy": True}), ("slow", {"delay": 30.0})):
        set_all(first.files, change)
        first.files.cut()
        begun = time.monotonic()
        status, answer = first.mark()
        print(f"    {how}: {status} after {time.monotonic() - begun:.1f} s")
        code = answer.get("error_code_str") or answer.get("error_detail", {}).get("code")
        check(f"a bucket that is {how} is told", code == "FILE_SERVICE_ERROR", code)
        status, answer = first.post(BATCH, {"items": [{"path": MARK, **fields()}]})
        item = (answer.get("data") or {}).get("tasks", [{}])[0]
        check("and no task accepted", not item.get("task_id"), "" if not item.get("task_id") else answer)
        set_all(first.files, {"down": False, "busy": False, "delay": 0.0})
    check("nothing is charged", cluster.charges() == charged)
    check("nothing is held", cluster.number("SELECT count(*) FROM holds WHERE state = 'open'") == 0)
    # A worker whose bucket is gone leaves its tasks to others, and does them when it is back.
    first.files.stop_before = b"GET /safelight/%s/inputs" % cluster.name.encode()
    tasks = first.submit(1)
    check("a task is begun", first.files.caught.wait(60))
    first.files.down = True
    first.files.cut()
    first.files.release()
    row = f"SELECT state, parked FROM tasks WHERE id = '{tasks[0]}'"
    until("it is put back", lambda: int(cluster.sql(row)[0][1]) > 0)
    first.files.down = False
    cluster.ended(first, tasks)
    cluster.books(first, charged + 1)
    status, answer = first.mark()
    path = path_of(answer)
    first.files.down = True
    first.files.cut()
    cluster.expire(path)
    failures = first.log.read_text().count("could not be deleted")
    until("a sweep cannot delete", lambda: first.log.read_text().count("could not be deleted") > failures)
    first.files.down = False
    until("the next one does", lambda: cluster.number(
        f"SELECT count(*) FROM files WHERE reclaimed = 1 AND key = '{path.removeprefix('/results/')}'"))
    check("the object is gone", Path(path).name not in cluster.objects())
    first.leave()


def set_all(tap, values):
    for name, value in values.items():
        setattr(tap, name, value)


def unheard(cluster):
    """No announcement is heard: a worker finds tasks by looking."""
    first = cluster.first(tapped=True)

    def deafen(node):
        node.rows.deaf = b"LISTEN"

    worker = cluster.node("worker", "deaf", settings=ONE, tapped=True, before=deafen).wait()
    mine = f"SELECT count(*) FROM tasks WHERE instance = (SELECT id FROM instances WHERE kind = 'worker')"
    for hears in (False, True):
        if hears:
            worker.rows.release()
            worker.rows.cut()
            worker.rows.deaf = None
            time.sleep(3)
        # The server's own worker is kept at a task, so that the next is the other's.
        first.files.released.clear()
        first.files.caught.clear()
        first.files.stop_before = b"GET /safelight/%s/inputs" % cluster.name.encode()
        until("the server is busy", lambda: first.submit(1) and first.files.caught.wait(1))
        until("the worker has nothing", lambda: cluster.number(
            "SELECT count(*) FROM tasks WHERE ended_at IS NULL") <= 1)
        begun = time.monotonic()
        task = first.submit(1)
        cluster.ended(first, task)
        took = time.monotonic() - begun
        print(f"    {'announced' if hears else 'unannounced'}: done after {took:.1f} s")
        check("by the worker", cluster.number(mine) > 0)
        first.files.release()
    until("all tasks end", lambda: cluster.number("SELECT count(*) FROM tasks WHERE ended_at IS NULL") == 0)
    for node in (worker, first):
        node.leave()


def skewed(cluster):
    """Clocks that are ten minutes wrong take nothing over early, and end nothing early."""
    if not Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1").exists():
        return print("skipped: no libfaketime here (Debian: apt-get install libfaketime)")
    first = cluster.first()
    early = cluster.node("serve", "early", settings=ONE, clock="+600").wait()
    late = cluster.node("serve", "late", settings=ONE, clock="-600").wait()
    for node in (early, late):
        until(f"{node.name} says that its clock is wrong", lambda: "clock is wrong" in node.log.read_text(), 30)
    key = first.cli("key", "add", "default", "--sandbox")["key"]
    tasks = [slow_task(node, key) for node in (first, early, late)]
    for node in (early, late):
        status, answer = node.mark()
        check(f"{node.name} serves", status == 200, "" if status == 200 else answer)
        for other in (first, early, late):
            check("its result is served", other.get(path_of(answer))[0] == 200)
    life = cluster.sql("SELECT max(abs(expires_at - 86400000 - extract(epoch FROM now()) * 1000)) FROM files")
    check("and expires when it should", float(life[0][0]) < 60_000, f"{life[0][0]} ms off")
    first.cli("app", "limits", "default", "--requests-per-second", "5")
    begun = time.monotonic()
    answers = [node.post(MARK, {}) for _ in range(8) for node in (first, early, late)]
    took = time.monotonic() - begun
    entered = sum(not refused(*answer) for answer in answers)
    check("a rate counts alike", 5 <= entered <= 5 + 5 * took + 1, f"{entered} of 24 in {took:.2f} s")
    first.cli("app", "limits", "default")
    listed = ", ".join(f"'{task}'" for task in tasks)
    ends = f"SELECT count(*) FROM tasks WHERE id IN ({listed}) AND state = 'done'"
    until("the slow tasks end", lambda: cluster.number(ends) == len(tasks))
    attempts = cluster.sql(f"SELECT attempt FROM tasks WHERE id IN ({listed})")
    check("each at its first attempt", attempts == [["1"]] * 3, attempts)
    # Those of a sandbox key are charged nothing, and counted.
    cluster.books(first, 2 + len(tasks))
    for node in (early, late, first):
        node.leave()


def releases(cluster):
    """Processes that start together make the tables once; one of an older release starts on none of a
    newer one, and one that runs goes on."""
    nodes = [cluster.node("serve", name, settings=ONE, strange=True) for name in ("a", "b", "c")]
    ready, ended = [], []
    for node in nodes:
        # Without the secrets of the first they may refuse each other; the tables are whole all the same.
        try:
            node.wait()
            ready.append(node)
        except SystemExit:
            ended.append(node)
    check("one at least starts", ready)
    # The next takes the secrets of the first, which those that ended may not have.
    cluster.nodes.sort(key=ended.__contains__)
    check("the others want its secrets", all("copy theirs" in node.log.read_text() for node in ended))
    check("there is one user", cluster.number("SELECT count(*) FROM users") == 1)
    keys = [line for node in nodes for line in node.log.read_text().splitlines() if "ailabapi-api-key" in line]
    check("and one key is printed", cluster.number("SELECT count(*) FROM api_keys") == 1, len(keys))
    version = cluster.number("SELECT version FROM safelight")
    cluster.sql("UPDATE safelight SET version = version + 1")
    old = cluster.node("serve", "old", settings=ONE)
    check("an older release does not start", old.process.wait(60) != 0)
    check("and says why", f"format {version + 1}" in old.log.read_text(), old.log.read_text()[-300:])
    check("one that runs goes on", all(node.get("/health/ready")[0] in (200, 503) for node in ready))
    cluster.sql("UPDATE safelight SET version = version - 1")
    for node in ready:
        node.leave()


QUICK = [shared, killed]
# What stops a process at its bucket.
WITH_BUCKET = [limits, killed, bucket, unheard]
STORIES = [shared, limits, killed, started, crashed, bucket, unheard, skewed, releases]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "target/debug/safelight"))
    parser.add_argument("--quick", action="store_true", help="the stories for every change")
    parser.add_argument("--only", nargs="*", default=[], choices=[story.__name__ for story in STORIES])
    args = parser.parse_args()
    url = os.environ.get("SAFELIGHT_TEST_POSTGRES")
    if not url:
        print("skipped: SAFELIGHT_TEST_POSTGRES names no server (tests/postgres/run starts one)")
        return
    for story in QUICK if args.quick else STORIES:
        if args.only and story.__name__ not in args.only:
            continue
        if story in WITH_BUCKET and not os.environ.get("SAFELIGHT_TEST_S3"):
            print(f"skipped: {story.__name__}, since SAFELIGHT_TEST_S3 names no bucket (tests/s3/run)")
            continue
        begun = time.monotonic()
        print(f"== {story.__doc__.splitlines()[0]}", flush=True)
        with Cluster(args.binary, url) as cluster:
            try:
                story(cluster)
            except BaseException:
                for node in cluster.nodes:
                    lines = [line for line in node.log.read_text().splitlines()
                             if "not available" not in line and "not loaded" not in line]
                    print(f"-- the log of {node.name} ends:", *lines[-20:], sep="\n")
                raise
        print(f"== {story.__name__}: {time.monotonic() - begun:.0f} s", flush=True)
    print("the stories of the cluster hold")


if __name__ == "__main__":
    main()

"""Every service of the catalogue on one ordinary picture: time for each megapixel, peak memory.

The picture has 1 megapixel, or as many as asked for; services of faces get a head that fills it.
Required parameters get the first or a low value, others none, but for those given. Times run from the request
to its answer, or to the poll that finds a task done, one request after the other at one client.
Memory is the kernel's peak (VmHWM) above what the server held before, after a request of warm-up.
With `--against` the services that another binary has, too, are asked of both in turns instead, and the fastest
answers are compared: machines are shared.
"""

import io
import sys
import time

from PIL import Image

import api
import harness
import photos

TASK_POLL = 0.01
# Where the astronaut is not what a service is for.
PICTURES = {"food-background-removal": "coffee.png", "commodity-background-removal": "coffee.png",
            "image-defogging": "china.jpg", "stretch-image-recovery": "grace_hopper.jpg"}
# The most that a service may take of the other binary's time, but for those that do more by design.
SLOWEST = 1.2
HIGH_DEFINITION = ("hd-universal-background-removal", "hd-portrait-background-removal")
# What else a second picture shows.
STYLE = "flower.jpg"


def head(pixels):
    """The astronaut's head, as large as a portrait shows it."""
    with Image.open(harness.ROOT / "photos/astronaut.png") as source:
        picture = source.convert("RGB").crop((96, 2, 352, 258))
    side = round(pixels ** 0.5)
    return photos.jpeg(picture.resize((side, side), Image.Resampling.LANCZOS))


def request(service, pixels, given):
    """The form that a service gets, and the megapixels of its picture."""
    name = service["path"].rsplit("/", 1)[1]
    faces = "/portrait/analysis/" in service["path"]
    photo = head(pixels) if faces else photos.photo(PICTURES.get(name, "astronaut.png"), pixels)
    needed = [field["name"] for field in service["files"] if field["required"]]
    files = {field: photos.photo(STYLE, 500_000) if field == "style" else photo for field in needed}
    fields = {each["name"]: value(each["schema"]) for each in service["parameters"]
              if each["required"]} | given
    with Image.open(io.BytesIO(photo)) as picture:
        return api.form(files=files, **fields), picture.width * picture.height / 1e6


def value(schema):
    """A value that a parameter's schema allows; an eighth of the way up, where it is a scale."""
    if schema.get("enum"):
        return schema["enum"][0]
    low, high = schema.get("minimum", 0), schema.get("maximum", 0)
    return low + (high - low) // 8


def answered(client, path, form):
    """Sends one request and waits for its end; answers seconds and answer, or ends the benchmark."""
    begin = time.perf_counter()
    answer = client.post(path, form)
    task = answer.json.get("task_id")
    while task and answer.succeeded:
        answer = client.get(f"{api.TASK}?task_id={task}")
        if answer.json.get("task_status") == 2:
            break
        time.sleep(TASK_POLL)
    if not answer.succeeded:
        raise SystemExit(f"{path} answers {answer.status} {answer.body[:300]}")
    return time.perf_counter() - begin, answer


def chosen(server, options):
    """Name and declaration of each service that is measured."""
    for service in server.cli("services"):
        name = service["path"].rsplit("/", 1)[1]
        if service["available"] and (not options.only or name in options.only):
            yield name, service


def compare(options, given):
    """The services that both binaries have, in turns; answers whether none is slower."""
    met, rows = [], []
    with harness.Server(options.binary, options.set) as new, harness.Server(options.against) as old:
        known = {service["path"] for _, service in chosen(old, options)}
        for name, service in chosen(new, options):
            if service["path"] not in known:
                continue
            form, _ = request(service, options.megapixels * 1e6, given)
            clients = [server.client(timeout=400) for server in (new, old)]
            try:
                took = [[answered(client, service["path"], form)[0] for client in clients]
                        for _ in range(options.requests + 1)][1:]
            except SystemExit as refused:
                print(f"{name}: {str(refused)[:160]}")
                continue
            now, before = (1000 * min(times) for times in zip(*took))
            rows.append((name, f"{now:.0f}", f"{before:.0f}", f"{now / before:.2f}"))
            if name not in HIGH_DEFINITION:
                met.append((name, now / before))
    harness.table(("service", "ms", "ms, other binary", "ratio"), rows)
    return all([harness.verdict(name, ratio <= SLOWEST, f"{ratio:.2f} x") for name, ratio in met])


def main():
    """Measures one service after the other."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--requests", type=int, default=5, help="requests measured, after one")
    parser.add_argument("--only", nargs="+", help="last segments of the services' paths")
    parser.add_argument("--megapixels", type=float, default=1.0, help="of the picture")
    parser.add_argument("--fields", nargs="+", default=[], metavar="NAME=VALUE",
                        help="parameters of the services")
    parser.add_argument("--against", metavar="BINARY", help="another binary, asked in turns")
    options = parser.parse_args()
    given = dict(field.split("=", 1) for field in options.fields)
    print(harness.machine())
    if options.against:
        sys.exit(not compare(options, given))
    rows = []
    with harness.Server(options.binary, options.set) as server:
        for name, service in chosen(server, options):
            form, megapixels = request(service, options.megapixels * 1e6, given)
            client = server.client(timeout=400)
            answered(client, service["path"], form)
            before, _ = harness.memory(server.pid)
            harness.reset_peak(server.pid)
            seconds = [answered(client, service["path"], form)[0] for _ in range(options.requests)]
            peak = harness.memory(server.pid)[1]
            rows.append((name, service["mode"], f"{1000 * harness.median(seconds) / megapixels:.0f}",
                         f"{max(0, peak - before):.0f}"))
    harness.table(("service", "mode", "ms/megapixel", "MiB above before"), rows)


if __name__ == "__main__":
    main()

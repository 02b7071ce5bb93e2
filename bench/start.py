"""What a page of the console costs until a browser can paint it, and how soon a twin is ready.

Pages: the time until the whole page is there on a kept connection, and the bytes of page, script and style,
which a browser has in its cache from the second page on. Twin: from the start of the process to the line that
says it is ready, and its resident memory then. Exits with 1 where a median is above its target.
"""

import http.client
import re
import statistics
import sys
import time
import urllib.parse

import harness

PAGES = ("playground", "playground/universal-background-removal", "usage", "accounts", "tasks", "webhooks",
         "uploads", "server", "models", "engines", "configuration", "audit")


class Visitor:
    """A browser of the operator, without a cache."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        link = urllib.parse.urlparse(server.cli("console")["link"])
        form = urllib.parse.urlencode({"link": urllib.parse.parse_qs(link.query)["link"][0]})
        headers = {"Content-Type": "application/x-www-form-urlencoded",
                   "Origin": f"http://127.0.0.1:{server.port}"}
        self.connection.request("POST", "/console/enter", form, headers)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 303:
            raise SystemExit(f"signing in answered {answer.status}")
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]

    def get(self, path):
        """The text of a page or file and the milliseconds until it was there."""
        begin = time.perf_counter()
        self.connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}")
        return text, (time.perf_counter() - begin) * 1e3


def pages(options):
    """Prints what each page takes; answers the slowest median."""
    rows, slowest = [], 0.0
    with harness.Server(options.binary, ["without_engine=true", *options.set]) as server:
        visitor = Visitor(server)
        for name in PAGES:
            path = f"/console/{name}"
            page, _ = visitor.get(path)
            files = set(re.findall(rb'"(/assets/[^"]+)"', page))
            assets = sum(len(visitor.get(file.decode())[0]) for file in files)
            took = [visitor.get(path)[1] for _ in range(options.requests)]
            slowest = max(slowest, statistics.median(took))
            rows.append((name, f"{statistics.median(took):.2f}", f"{harness.percentile(took, .95):.2f}",
                         f"{len(page) / 1e3:.0f}", f"{assets / 1e3:.0f}"))
    harness.table(("page", "median ms", "p95 ms", "page kB", "files kB"), rows)
    return slowest


def twin(options):
    """Prints how twins start; answers the medians of milliseconds and MiB."""
    starts, sizes = [], []
    for _ in range(options.starts):
        server = harness.Server(options.binary, ["twin=true", *options.set], credits=0)
        server.key = "twin"
        with server:
            found = re.search(r"ready at \S+ \((\d+) ms\)", server.log.read_text())
            starts.append(int(found[1]))
            sizes.append(harness.memory(server.pid)[0])
    harness.table(("twin", "median", "worst"), [
        ("ready after ms", f"{statistics.median(starts):.0f}", max(starts)),
        ("resident MiB", f"{statistics.median(sizes):.0f}", f"{max(sizes):.0f}")])
    return statistics.median(starts), statistics.median(sizes)


def main():
    """Measures pages, then twins."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--requests", type=int, default=50, help="requests for each page")
    parser.add_argument("--starts", type=int, default=10, help="starts of a twin")
    parser.add_argument("--page-ms", type=float, default=100, help="the slowest page that is allowed")
    parser.add_argument("--twin-ms", type=float, default=1000, help="the longest start that is allowed")
    parser.add_argument("--twin-mib", type=float, default=150, help="the most memory that is allowed")
    options = parser.parse_args()
    print(harness.machine())
    slowest = pages(options)
    ready, size = twin(options)
    met = harness.verdict("console", slowest <= options.page_ms,
                          f"slowest page {slowest:.1f} ms, at most {options.page_ms:.0f}")
    met &= harness.verdict("twin ready", ready <= options.twin_ms,
                           f"{ready:.0f} ms, at most {options.twin_ms:.0f}")
    met &= harness.verdict("twin memory", size <= options.twin_mib,
                           f"{size:.0f} MiB, at most {options.twin_mib:.0f}")
    sys.exit(not met)


if __name__ == "__main__":
    main()

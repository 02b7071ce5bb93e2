"""What it costs that a picture comes as Base64 or by URL rather than as a file part.

The same photo of 1 megapixel goes to the same service in turns as a part of a form, as Base64 in JSON and by
a URL on loopback; times are from the first byte sent to the last received, bodies are made before. Exits
with 1 where the median of a source is more than --most milliseconds above that of the file part.
"""

import base64
import http.server
import json
import sys
import threading

import api
import harness
import photos

SERVICE = "/api/image/rating/image-exposure-score"


def remote(body):
    """A loopback server of this file, kept open between requests."""
    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers every path with the file."""

        protocol_version = "HTTP/1.1"

        def do_GET(self):
            """Sends the file."""
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main():
    """Runs the sources in turns and compares their medians."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--requests", type=int, default=120, help="requests for each source")
    parser.add_argument("--most", type=float, default=3.0, help="milliseconds more that are allowed")
    options = parser.parse_args()
    photo = photos.photo("coffee.png", 1_000_000)
    files = remote(photo)
    port = files.server_address[1]
    form = api.form(photo)
    packed = json.dumps({"image_base64": base64.b64encode(photo).decode()}).encode()
    named = json.dumps({"image_url": f"http://127.0.0.1:{port}/photo.jpg"}).encode()
    kind = {"Content-Type": "application/json"}
    settings = [f"fetch.ports=[80, 443, {port}]", f'fetch.allow=["127.0.0.1:{port}"]', *options.set]
    print(harness.machine())
    with harness.Server(options.binary, settings) as server:
        client = server.client()
        asks = {"file part": lambda: client.post(SERVICE, form),
                "Base64": lambda: client.request("POST", SERVICE, packed, kind),
                "URL": lambda: client.request("POST", SERVICE, named, kind)}
        took = {name: [] for name in asks}
        for number in range(options.requests + 10):
            for name, ask in asks.items():
                answer = ask()
                if not answer.succeeded:
                    raise SystemExit(f"{name}: {answer.status} {answer.body[:300]}")
                if number >= 10:
                    took[name].append(answer.seconds * 1e3)
    files.shutdown()
    usual = harness.median(took["file part"])
    harness.table(("source", "bytes sent", "median ms", "p95 ms", "more than a file part"), [
        (name, size, f"{harness.median(times):.2f}", f"{harness.percentile(times, .95):.2f}",
         f"{harness.median(times) - usual:+.2f}")
        for (name, times), size in zip(took.items(), (len(form.body), len(packed), len(named)))])
    met = True
    for name in ("Base64", "URL"):
        more = harness.median(took[name]) - usual
        met &= harness.verdict(name, more <= options.most, f"{more:+.2f} ms, at most {options.most:+.1f}")
    sys.exit(not met)


if __name__ == "__main__":
    main()

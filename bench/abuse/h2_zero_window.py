"""HTTP/2 answers that the client never takes: memory, and how many of them are given up.

Each connection announces a window of 0 bytes, asks for the OpenAPI document on every stream that it
may open, reads what comes, and grants nothing. No API key is sent. Ends after --seconds.
"""

import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import harness

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS, PING = 1, 3, 4, 6
ACK, END_STREAM, END_HEADERS = 1, 1, 4
INITIAL_WINDOW_SIZE = 4


def frame(kind, flags=0, stream=0, payload=b""):
    """A frame of HTTP/2 (RFC 9113, section 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(index, text):
    """A header field whose name is in HPACK's static table (RFC 7541, section 6.2.2)."""
    return bytes([index, len(text)]) + text.encode()


def get(stream, path):
    """A GET request: method and scheme are entries of the static table, path and authority literals."""
    fields = b"\x82\x86" + literal(4, path) + literal(1, "localhost")
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, fields)


class Connection:
    """A client that asks and takes nothing."""

    def __init__(self, port, streams):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.open, self.unread = True, b""
        settings = frame(SETTINGS, payload=struct.pack(">HI", INITIAL_WINDOW_SIZE, 0))
        requests = b"".join(get(2 * at + 1, "/openapi.json") for at in range(streams))
        self.socket.sendall(PREFACE + settings + requests)
        self.socket.setblocking(False)

    def pump(self):
        """Reads what is there, acknowledges what must be; answers how many streams were reset."""
        reset = 0
        try:
            while data := self.socket.recv(65536):
                self.unread += data
            self.open = False
        except BlockingIOError:
            pass
        except OSError:
            self.open = False
        while len(self.unread) >= 9:
            length = int.from_bytes(self.unread[:3], "big")
            if len(self.unread) < 9 + length:
                break
            kind, flags = self.unread[3], self.unread[4]
            payload, self.unread = self.unread[9:9 + length], self.unread[9 + length:]
            reset += kind == RST_STREAM
            if kind in (SETTINGS, PING) and not flags & ACK:
                self.answer(frame(kind, ACK, payload=payload if kind == PING else b""))
        return reset

    def answer(self, data):
        """Sends a small frame."""
        try:
            self.socket.sendall(data)
        except OSError:
            self.open = False


def main():
    """Opens the connections, watches the server's memory, judges."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--connections", type=int, default=60)
    parser.add_argument("--streams", type=int, default=32, help="requests on each connection")
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--most-mib", type=float, default=64, help="growth that is allowed")
    options = parser.parse_args()
    print(harness.machine())
    settings = ["without_engine=true", *options.set]
    with harness.Server(options.binary, settings) as server:
        server.client().get("/openapi.json")
        before = harness.memory(server.pid)[0]
        connections = [Connection(server.port, options.streams) for _ in range(options.connections)]
        reset, peak, begin = 0, before, time.monotonic()
        while time.monotonic() - begin < options.seconds:
            reset += sum(connection.pump() for connection in connections if connection.open)
            peak = max(peak, harness.memory(server.pid)[0])
            time.sleep(0.1)
        after = harness.memory(server.pid)[0]
        alive = sum(connection.open for connection in connections)
        served = server.client(timeout=10).get("/health/live").status
    asked = options.connections * options.streams
    harness.table(
        ("answers asked for", "given up", "connections alive", "MiB before", "peak", "after"),
        [(asked, reset, alive, f"{before:.0f}", f"{peak:.0f}", f"{after:.0f}")])
    met = [
        harness.verdict("memory is flat", peak - before <= options.most_mib,
                        f"{peak - before:.0f} of {options.most_mib:.0f} MiB more"),
        harness.verdict("answers are given up", reset == asked or not alive, f"{reset} of {asked}"),
        harness.verdict("others are served", served == 200, f"status {served}"),
    ]
    raise SystemExit(not all(met))


if __name__ == "__main__":
    main()

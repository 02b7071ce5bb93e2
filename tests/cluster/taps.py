"""Proxies between a node and what it depends on, which let a test stop, slow or cut what passes."""

import select
import socket
import threading
import time


class Tap:
    """A TCP proxy on a free port of 127.0.0.1. What the test sets holds for what passes from then on.

    - `stop_before`: bytes; the piece of a request that holds them, and all that follows on its connection, is
      kept back until `release` is called.
    - `lose`: bytes; the piece of a request that holds them ends the connection to the server, which so forgets
      what was begun; the client is told nothing.
    - `stop_after`: two patterns; where a connection has shown the first, the piece with the second
      is still passed on, the answer to it is not.
    - `deaf`: bytes; a connection whose requests showed them gets no answers any more.
    - `delay`: seconds before each piece of a request is passed on.
    - `down`: connections are closed and refused.
    - `busy`: requests are answered by HTTP 503 instead.
    """

    def __init__(self, host, port):
        self.target = (host, port)
        self.stop_before, self.lose, self.stop_after, self.deaf = None, None, None, None
        self.delay, self.down, self.busy = 0.0, False, False
        self.caught, self.released = threading.Event(), threading.Event()
        self.pieces = 0
        self.connections = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def release(self):
        """Lets pass what was kept back, and whatever comes."""
        self.stop_before, self.lose, self.stop_after, self.deaf = None, None, None, None
        self.released.set()

    def cut(self):
        """Closes every connection."""
        for connection in list(self.connections):
            for end in connection:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.close()
        self.released.set()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        if self.down:
            return client.close()
        try:
            server = socket.create_connection(self.target, timeout=10)
        except OSError:
            return client.close()
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        self.connections.add(pair)
        try:
            self._relay(client, server)
        except OSError:
            pass
        finally:
            self.connections.discard(pair)
            client.close()
            server.close()

    def _relay(self, client, server):
        shown, mute, deaf = False, False, False
        while True:
            ready, _, _ = select.select([client, server], [], [], 1)
            if self.down:
                return
            for end in ready:
                piece = end.recv(1 << 16)
                if not piece:
                    return
                if end is server:
                    if not (mute or deaf):
                        client.sendall(piece)
                    continue
                self.pieces += 1
                if self.busy:
                    client.sendall(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    return
                if self.delay:
                    time.sleep(self.delay)
                if self.stop_before and self.stop_before in piece:
                    self.caught.set()
                    self.released.wait()
                if self.lose and self.lose in piece:
                    server.close()
                    self.caught.set()
                    self.released.wait()
                    return
                if self.deaf and self.deaf in piece:
                    deaf = True
                if self.stop_after:
                    first, second = self.stop_after
                    shown = shown or first in piece
                    if shown and second in piece:
                        server.sendall(piece)
                        mute = True
                        # The server has done it when it has answered.
                        server.recv(1 << 16)
                        self.caught.set()
                        continue
                server.sendall(piece)

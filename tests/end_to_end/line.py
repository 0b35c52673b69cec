"""A line between an agent and its coordinator that can be slow, and be cut."""

import contextlib
import socket
import threading
import time


class Line:
    """A TCP proxy on a port of its own.

    rate     bytes a second that go each way, each connection; 0: as many as come
    cut()    nothing comes through any more and nobody is told, as when a cable is
             pulled; who connects meanwhile gets no further than TCP
    mend()   what had waited goes on; a connection of meanwhile is closed
    """

    def __init__(self, target, rate=0):
        self.target, self.rate = target, rate
        self.whole = threading.Event()
        self.whole.set()
        self.lines = []
        self.door = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def cut(self):
        self.whole.clear()

    def mend(self):
        self.whole.set()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.door.accept()
                self.lines.append(near)
                serve = self.serve if self.whole.is_set() else self.leave
                threading.Thread(target=serve, args=(near,), daemon=True).start()

    def serve(self, near):
        with contextlib.suppress(OSError), near, socket.create_connection(
                ("127.0.0.1", self.target)) as far:
            self.lines.append(far)
            back = threading.Thread(target=self.pump, args=(far, near), daemon=True)
            back.start()
            self.pump(near, far)
            back.join()

    def leave(self, near):
        with near:
            self.whole.wait()

    def pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(16384):
                while data:
                    self.whole.wait()
                    # A tenth of a second's worth at a time, or a byte.
                    size = max(1, self.rate // 10) if self.rate else len(data)
                    sink.sendall(data[:size])
                    if self.rate:
                        time.sleep(min(size, len(data)) / self.rate)
                    data = data[size:]
        self.whole.wait()
        for line in (source, sink):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.mend()
        for line in (self.door, *self.lines):
            line.close()

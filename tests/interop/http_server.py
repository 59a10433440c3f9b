"""The server of http_server.c, and a raw connection to it: for the tests of
this folder."""
import os
import socket
import subprocess
import time

BUILD = os.environ.get("TENON_BUILD", "build")
PROGRAM = os.path.join(BUILD, "tests", "interop", "http_server")


class Server:
    """Runs while the `with` lasts; ends well, or the test fails."""

    def __init__(self, folder="/", **limits):
        self.command = [PROGRAM, folder] + [
            f"{name}={value}" for name, value in limits.items()]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.address = self.process.stdout.readline().strip()
        assert self.address, "the server did not start"
        host, port = self.address.rsplit(":", 1)
        self.peer = (host, int(port))
        self.get("/hello")
        time.sleep(0.1)
        self.fds_idle = self.fds()
        return self

    def __exit__(self, kind, *rest):
        self.process.stdin.close()
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "none: it did not end"
        self.process.stdout.close()
        assert kind is not None or status == 0, f"exit status {status}"

    def connect(self, timeout=20):
        return socket.create_connection(self.peer, timeout)

    def ask(self, request):
        """Sends all of `request`; what comes until the end."""
        with self.connect() as s:
            s.sendall(request)
            return read_all(s)

    def get(self, path):
        """The body of a GET that must be answered with 200."""
        reply = self.ask(b"GET %b HTTP/1.1\r\nHost: h\r\n"
                         b"Connection: close\r\n\r\n" % path.encode())
        assert reply.startswith(b"HTTP/1.1 200 "), reply[:200]
        return reply.split(b"\r\n\r\n", 1)[1]

    def active(self):
        """Connections, without the one that asks."""
        return int(self.get("/state").split()[0]) - 1

    def fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def until(self, reached, seconds):
        end = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < end, \
                f"{self.active()} connections, {self.fds()} descriptors"
            time.sleep(0.05)

    def settles(self, seconds):
        """All connections end, and their descriptors with them."""
        self.until(lambda: self.active() == 0, seconds)
        self.until(lambda: self.fds() <= self.fds_idle, seconds)


def read_all(s):
    """Until the end; a reset is one."""
    got = b""
    try:
        while piece := s.recv(65536):
            got += piece
    except ConnectionError:
        pass
    return got


def status(reply):
    """404 of "HTTP/1.1 404 Not Found..."; 0 of nothing."""
    return int(reply.split(b" ", 2)[1]) if reply else 0


def run(tests):
    for test in tests:
        begin = time.monotonic()
        test()
        print(f"{test.__name__}: {time.monotonic() - begin:.2f} s",
              flush=True)

#!/usr/bin/env python3
"""tenon serve under attack: slowhttptest, floods, connections without end.
Whoever asks decently is served meanwhile, and no memory stays taken.

    http_flood.py 1000000        as many connections one after another
"""
import contextlib
import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

import http_peers
from http_server import read_all, run, status

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 50000
GET = b"GET /ten.txt HTTP/1.1\r\nHost: h\r\n\r\n"
BODY = b"0123456789"
# What a sanitizer keeps of freed memory is no leak of ours.
os.environ["ASAN_OPTIONS"] = ":".join(
    filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1"]))


class Served:
    """tenon serve with a file of ten bytes and a large one."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            root = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="tenon-flood-"))
            for name, content in ("ten.txt", BODY), ("big", bytes(8 << 20)):
                with open(os.path.join(root, name), "wb") as file:
                    file.write(content)
            self.place, self.child = stack.enter_context(
                http_peers.tenon(root, "--log", "off", "--loops", "2"))
            self.stack = stack.pop_all()
        self.url = "http://%s:%d" % self.place
        for _ in range(300):
            self.ask(GET.replace(b"Host", b"Connection: close\r\nHost"))
        # A large file stays open once it was asked for.
        self.ask(b"HEAD /big HTTP/1.0\r\n\r\n")
        self.fds_idle = self.fds()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def ask(self, request):
        with http_peers.connect(self.place) as s:
            s.sendall(request)
            return read_all(s)

    def fds(self):
        return len(os.listdir(f"/proc/{self.child.pid}/fd"))

    def memory(self):
        """Resident KiB."""
        with open(f"/proc/{self.child.pid}/statm") as file:
            return int(file.read().split()[1]) * 4

    def settles(self):
        """Attackers have gone, and nothing of them stays."""
        end = time.monotonic() + 20
        while self.fds() > self.fds_idle:
            assert time.monotonic() < end, f"{self.fds()} descriptors"
            time.sleep(0.05)


class Decent:
    """A client that asks again and again until the block ends; connections
    new and kept in turn."""

    def __init__(self, served):
        self.served = served
        self.stop = threading.Event()
        self.took, self.error = [], None

    def one(self, s, begin):
        s.sendall(GET)
        reply = b""
        while not reply.endswith(BODY):
            piece = s.recv(65536)
            assert piece, "hung up on"
            reply += piece
        assert status(reply) == 200, reply
        self.took.append(time.monotonic() - begin)

    def ask(self):
        try:
            while not self.stop.is_set():
                begin = time.monotonic()
                with http_peers.connect(self.served.place, 10) as s:
                    for _ in range(10):
                        self.one(s, begin)
                        self.stop.wait(0.01)
                        begin = time.monotonic()
        except (OSError, AssertionError) as error:
            self.error = error

    def __enter__(self):
        self.thread = threading.Thread(target=self.ask)
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stop.set()
        self.thread.join()
        assert self.error is None, f"a decent client: {self.error!r}"
        usual, worst = statistics.median(self.took), max(self.took)
        print(f"  {len(self.took)} requests meanwhile, {usual * 1000:.1f} ms, "
              f"the slowest {worst * 1000:.0f}")
        assert usual < 0.3 and worst < 5


def reset(s):
    """Without TIME_WAIT: there are more connections than ports."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


# ---- slowhttptest ----------------------------------------------------------

# 300 connections for five seconds; all of them may last so long, since the
# server's own limits are tried in http_hostile.py.
SLOW = {
    "slow heads": ["-H", "-i", "1", "-x", "24", "-t", "GET"],
    "slow bodies": ["-B", "-i", "1", "-s", "8192", "-x", "10", "-t", "POST"],
    "slow reading": ["-X", "-w", "1", "-y", "20", "-n", "1", "-z", "1",
                     "-k", "3", "-t", "GET"],
    "ranges": ["-R", "-a", "10", "-b", "3000", "-t", "GET"],
}


def slow(words):
    root = http_peers.fetch("slowhttptest")
    with Served() as served:
        before = served.memory()
        with Decent(served):
            done = subprocess.run(
                [os.path.join(root, "usr/bin/slowhttptest"), *words,
                 "-c", "300", "-r", "200", "-l", "5", "-p", "2",
                 "-u", served.url + "/big"],
                env=http_peers.environment(root), timeout=30,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            after = served.memory()
        said = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", done.stdout)
        assert done.returncode == 0 and "Exit status" in said, said[-1000:]
        assert re.findall(r"service available: *(\w+)", said)[-1] == "YES"
        print(f"  {before} KiB, {after} KiB meanwhile")
        assert after - before < 64 << 10
        served.settles()


def test_slow_heads():
    slow(SLOW["slow heads"])


def test_slow_bodies():
    slow(SLOW["slow bodies"])


def test_slow_reading():
    slow(SLOW["slow reading"])


def test_ranges():
    slow(SLOW["ranges"])


# ---- floods ----------------------------------------------------------------

def send_all(s, data):
    with contextlib.suppress(ConnectionError):
        s.sendall(data)


def test_pipelined():
    """10,000 requests in one burst."""
    with Served() as served:
        seen = []
        with Decent(served):
            for _ in range(20):
                with http_peers.connect(served.place) as s:
                    sender = threading.Thread(
                        target=send_all, args=(s, GET * 10000))
                    sender.start()
                    got, tail = 0, b""
                    while got < 10000:
                        piece = s.recv(1 << 20)
                        assert piece, f"ended after {got} replies"
                        tail += piece
                        got += tail.count(b"\r\n\r\n" + BODY)
                        tail = tail[tail.rfind(b"\r\n\r\n" + BODY) + 14:] \
                            if b"\r\n\r\n" + BODY in tail else tail
                    sender.join()
                seen.append(served.memory())
        print(f"  KiB after each 10,000: {seen}")
        assert seen[-1] - seen[0] < 4 << 10
        served.settles()


def test_header_flood():
    """Fields without end, and a line without one."""
    with Served() as served:
        seen = []
        with Decent(served):
            for _ in range(10):
                for i in range(100):
                    with http_peers.connect(served.place) as s:
                        data = (GET[:-2] + b"Field: value\r\n" * 100000
                                if i % 2 else b"GET /" + b"a" * 1000000)
                        send_all(s, data)
                        # Who does not stop may hear the answer or a reset.
                        assert status(read_all(s)) in (0, 414, 431)
                seen.append(served.memory())
        print(f"  KiB after each 100: {seen}")
        assert seen[-1] - seen[0] < 4 << 10
        served.settles()


def test_one_after_another():
    """Opened, asked, and left in different ways, so many times."""
    begin = time.monotonic()
    with Served() as served:
        seen = []
        for i in range(COUNT):
            s = http_peers.connect(served.place)
            if i % 4 != 3:
                s.sendall(GET)
            if i % 4 < 2:
                reply = s.recv(65536)
                while not reply.endswith(BODY):
                    piece = s.recv(65536)
                    assert piece, "hung up on"
                    reply += piece
            reset(s)
            if (i + 1) % (COUNT // 5) == 0:
                seen.append(served.memory())
        took = time.monotonic() - begin
        print(f"  {COUNT} in {took:.1f} s; KiB after each fifth: {seen}")
        assert seen[-1] - seen[0] < 4 << 10
        served.settles()


def main():
    if len(sys.argv) > 1:
        return run([test_one_after_another])
    tests = [test_pipelined, test_header_flood, test_one_after_another]
    try:
        http_peers.fetch("slowhttptest")
        tests += [test_slow_heads, test_slow_bodies, test_slow_reading,
                  test_ranges]
    except http_peers.Missing as missing:
        print("left out:", missing)
    run(tests)
    return 0 if len(tests) > 3 else 77


sys.exit(main())

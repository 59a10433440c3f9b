#!/usr/bin/env python3
"""What a server on the internet meets: clients that are slow, rude, or gone."""
import random
import resource
import socket
import struct
import threading
import time

from http_server import Server, read_all, run, status

HELLO = b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"


def trickle(s, data, pause):
    """A byte each `pause` seconds until the server has had enough."""
    try:
        for i in range(len(data)):
            s.sendall(data[i:i + 1])
            s.settimeout(pause)
            try:
                if (got := s.recv(65536)) is not None:
                    s.settimeout(20)
                    return got + read_all(s)
            except TimeoutError:
                pass
    except ConnectionError:
        pass
    return b""


def reset(s):
    """Closes so that the other end gets a reset."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def test_garbage():
    rng = random.Random(1)
    with Server() as server:
        for _ in range(200):
            data = rng.randbytes(rng.randrange(1, 300)) + b"\r\n\r\n"
            assert status(server.ask(data)) in (400, 505), data
        for _ in range(200):
            data = bytearray(HELLO)
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            with server.connect() as s:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                reply = read_all(s)
            assert status(reply) in (0, 200, 400, 404, 414, 505), data
        server.settles(10)
        assert server.get("/hello") == b"hello\n"


def test_slow_head():
    with Server(header_ms=600) as server:
        begin = time.monotonic()
        with server.connect() as s:
            reply = trickle(s, HELLO, 0.05)
        took = time.monotonic() - begin
        assert status(reply) == 408 and b"Connection: close" in reply, reply
        assert 0.55 < took < 8, took
        server.settles(5)


def test_idle():
    with Server(idle_ms=400) as server:
        begin = time.monotonic()
        with server.connect() as s:
            assert read_all(s) == b""
        with server.connect() as s:
            s.sendall(HELLO)
            assert read_all(s).endswith(b"\r\n\r\nhello\n")
        assert 0.7 < time.monotonic() - begin < 20


def test_slow_body():
    with Server(rate_min=1000, rate_grace_ms=500) as server:
        begin = time.monotonic()
        with server.connect() as s:
            s.sendall(POST % 1000)
            reply = trickle(s, b"x" * 1000, 0.05)
        assert status(reply) == 408, reply
        assert 0.4 < time.monotonic() - begin < 10


def test_huge_head():
    with Server() as server:
        assert status(server.ask(b"GET /" + b"a" * 20000)) == 414
        line = b"A: " + b"a" * 1000 + b"\r\n"
        head = HELLO[:-2] + line * 70
        assert status(server.ask(head)) == 431
        head = HELLO[:-2] + b"A: b\r\n" * 101
        assert status(server.ask(head)) == 431
        # One who does not stop sending may hear the answer or a reset.
        with server.connect() as s:
            try:
                for _ in range(1000):
                    s.sendall(b"GET /" + b"a" * 65536)
                reply = read_all(s)
            except ConnectionError:
                reply = b""
        assert status(reply) in (0, 414)
        assert server.get("/hello") == b"hello\n"


def test_wrong_lengths():
    with Server() as server:
        # What is too much is taken for the next request.
        reply = server.ask(POST % 3 + b"abcdefgh\r\n\r\n")
        assert reply.count(b"HTTP/1.1 200 OK") == 1, reply
        assert reply.count(b"HTTP/1.1 400 Bad Request") == 1, reply
        with server.connect() as s:
            s.sendall(POST % 1000 + b"abc")
            s.shutdown(socket.SHUT_WR)
            assert status(read_all(s)) == 400
        for _ in range(50):
            s = server.connect()
            s.sendall(POST % 1000 + b"abc")
            reset(s)
        server.settles(5)


def test_early_answer():
    """The answer comes while the body is on its way, and is delivered."""
    with Server(body_bytes_max=1000) as server:
        with server.connect() as s:
            s.sendall(POST % 50000)
            s.sendall(b"x" * 25000)
            time.sleep(0.1)
            s.sendall(b"x" * 25000)
            assert status(read_all(s)) == 413


def test_unread_reply():
    """Nobody reads: neither memory nor time is spent on it for long."""
    with Server(rate_min=1 << 20, rate_grace_ms=700) as server:
        server.get("/big?1000000")
        before = server.memory()
        sockets = []
        for path in ("/big", "/chunks") * 5:
            s = server.connect()
            s.sendall(b"GET %b?1000000000 HTTP/1.1\r\nHost: h\r\n\r\n" %
                      path.encode())
            sockets.append(s)
        begin = time.monotonic()
        time.sleep(0.5)
        grown = server.memory() - before
        assert grown < 16 << 20, f"{grown} bytes more"
        server.settles(20)
        assert time.monotonic() - begin < 20
        for s in sockets:
            s.close()


def test_unread_pipeline():
    """Requests without end, and nobody reads an answer."""
    with Server(idle_ms=500, rate_grace_ms=500) as server:
        before = server.memory()
        with server.connect() as s:
            s.settimeout(1)
            try:
                while True:
                    s.sendall(HELLO * 1000)
            except (TimeoutError, ConnectionError):
                pass
            grown = server.memory() - before
            assert grown < 16 << 20, f"{grown} bytes more"
            server.settles(20)


def test_slow_do_not_delay():
    with Server() as server:
        stop = threading.Event()

        def slow():
            with server.connect() as s:
                while not stop.wait(0.02):
                    s.sendall(b"X")

        threads = [threading.Thread(target=slow) for _ in range(10)]
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        worst = 0
        with server.connect() as s:
            for _ in range(200):
                one = time.monotonic()
                s.sendall(HELLO)
                assert s.recv(65536).endswith(b"hello\n")
                worst = max(worst, time.monotonic() - one)
        took = time.monotonic() - begin
        stop.set()
        for thread in threads:
            thread.join()
        assert took < 10 and worst < 2, (took, worst)


def test_crowd():
    """Thousands at once, half of which vanish in the middle of a request."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10000, hard - 200)
    pieces = (b"", HELLO[:9], HELLO[:-1], POST % 100 + b"abc", HELLO)
    with Server(header_ms=-1, idle_ms=-1, rate_min=-1) as server:
        sockets = []
        for i in range(count):
            s = server.connect(60)
            s.sendall(pieces[i % len(pieces)])
            sockets.append(s)
        server.until(lambda: server.active() == count, 30)
        between = server.memory()
        for s in sockets[::2]:
            reset(s)
        for s in sockets[1::2]:
            s.close()
        server.settles(60)
        after = server.memory()
        assert server.get("/hello") == b"hello\n"
        print(f"  {count} connections, {between >> 20} MiB, then "
              f"{after >> 20} MiB")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_drain():
    """Told to end: who is idle is let go, who is served gets the answer."""
    with Server() as server:
        idle, busy = server.connect(), server.connect()
        idle.sendall(HELLO)
        assert idle.recv(65536).endswith(b"hello\n")
        busy.sendall(b"GET /sleep HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.1)
        begin = time.monotonic()
        server.process.stdin.close()
        assert read_all(idle) == b""
        idle.close()
        reply = read_all(busy)
        assert status(reply) == 200 and b"Connection: close" in reply, reply
        busy.close()
        assert server.process.wait(20) == 0
        assert time.monotonic() - begin < 8


run([test_garbage, test_slow_head, test_idle, test_slow_body, test_huge_head,
     test_wrong_lengths, test_early_answer, test_unread_reply,
     test_unread_pipeline, test_slow_do_not_delay, test_drain, test_crowd])

#!/usr/bin/env python3
"""tenon echo, calling Python's socketserver, and tenon echo serve, called by
Python's sockets, with a bad network between them."""
import random
import socket
import socketserver
import subprocess
import threading

from faults import (TENON, TIMEOUT, Proxy, at_once, read_all, run, serving,
                    struck)

SEEDS = 60
DATA = random.Random(1).randbytes(300000)


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(TIMEOUT)
        try:
            while piece := self.request.recv(65536):
                self.request.sendall(piece)
        except ConnectionError:
            pass


class Python:
    """Python's own server while the `with` lasts."""

    def __enter__(self):
        class Server(socketserver.ThreadingTCPServer):
            request_queue_size = 200
        self.server = Server(("127.0.0.1", 0), Echo)
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self.server.server_address[1]

    def __exit__(self, *rest):
        self.server.shutdown()
        self.thread.join(TIMEOUT)
        self.server.server_close()  # joins every handler


# ---- our client ----------------------------------------------------------


def call(port, data):
    """What tenon echo heard, its exit status, and its words."""
    done = subprocess.run(
        [TENON, "echo", f"127.0.0.1:{port}", "--timeout", "20s"], input=data,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return done.stdout, done.returncode, done.stderr.decode()


def our_client_late_and_in_crumbs():
    with Python() as port:
        def one(seed):
            with Proxy(port, seed=seed, harmless=True) as proxy:
                assert call(proxy.port, DATA) == (DATA, 0, "")
                assert call(proxy.port, b"hello\n") == (b"hello\n", 0, "")
                proxy.settles()
            assert struck(proxy.reports) == 0

        at_once(one, range(6))


def our_client_with_every_fault():
    """What it hears is what it said; when it is less, it says so, unless the
    other side seemed to have said all."""
    def one(seed):
        data = DATA[:1 << seed % 19]
        with Proxy(port, seed=seed, every=True, stall="5,50",
                   within=300000, reset=20, truncate=20) as proxy:
            heard, status, said = call(proxy.port, data)
            proxy.settles()
        report, = proxy.reports
        about = (seed, len(data), len(heard), status, said, report)
        assert data.startswith(heard), about
        if status == 0:
            assert said == "", about
            assert heard == data or report["truncate"] > 0, about
        else:
            assert status == 1 and said.startswith("tenon echo: "), about
            assert said.count("\n") == 1 and struck([report]) > 0, about
        return status

    failed = 0
    with Python() as port:
        for begin in range(0, SEEDS, 15):
            failed += sum(at_once(one, range(begin, begin + 15)))
    print(f"  {SEEDS} seeds: {failed} calls failed, and say so")
    assert 5 < failed < SEEDS - 5


# ---- our server ----------------------------------------------------------


def converse(proxy, data):
    """Says `data` and hears at the same time; what was heard, None when the
    connection was lost."""
    def say():
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # who hears knows

    try:
        with proxy.connect() as s:
            thread = threading.Thread(target=say)
            thread.start()
            try:
                return read_all(s)
            finally:
                thread.join()
    except ConnectionError:
        return None


def our_server_late_and_in_crumbs():
    with serving("echo", "serve", "127.0.0.1:0") as server:
        for seed in range(3):
            with Proxy(server.port, seed=seed, harmless=True) as proxy:
                assert at_once(lambda _: converse(proxy, DATA),
                               range(20)) == [DATA] * 20
                proxy.settles()
            assert struck(proxy.reports) == 0
        server.settles()


def our_server_with_every_fault():
    """A hundred at once, six times over."""
    lost = cut = 0
    memory = []
    with serving("echo", "serve", "127.0.0.1:0", "--loops", "2") as server:
        for seed in range(6):
            with Proxy(server.port, seed=seed, every=True, stall="5,50",
                       within=300000, reset=20, truncate=20) as proxy:
                heard = at_once(
                    lambda i: converse(proxy, DATA[:1 << i % 18]), range(100))
                proxy.settles()
            for i, back in enumerate(heard):
                assert DATA.startswith(back or b""), (seed, i)
                lost += back is None
                cut += back is not None and len(back) < 1 << i % 18
            # Nobody lost anything to whom nothing was done.
            assert sum(back == DATA[:1 << i % 18]
                       for i, back in enumerate(heard)) >= \
                sum(struck([r]) == 0 for r in proxy.reports), seed
            server.settles()
            memory.append(server.memory())
    print(f"  600 conversations: {lost} lost, {cut} cut; "
          f"{[m >> 10 for m in memory]} KiB")
    assert lost > 50 and cut > 10, (lost, cut)
    assert memory[-1] - memory[2] < 4 << 20, memory


run([our_client_late_and_in_crumbs, our_client_with_every_fault,
     our_server_late_and_in_crumbs, our_server_with_every_fault])

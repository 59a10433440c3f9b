#!/usr/bin/env python3
"""A server in production: behind a proxy, under systemd, started again while
clients are at it."""
import contextlib
import http.client
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from http_server import BUILD, read_all, run, status

PROGRAM = os.path.join(BUILD, "tests", "interop", "production")
GET = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n"


class Service:
    """The program and whatever it becomes; ended by SIGTERM, with status 0.
    What it listened at first is in `addresses`, what it said in `said`."""

    def __init__(self, *words, env=None, **popen):
        self.process = subprocess.Popen(
            [PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=dict(os.environ, **(env or {})), **popen)
        self.pid = self.process.pid
        listen = [w for w in words if "=" not in w]
        self.addresses = [self.process.stdout.readline().strip()
                          for _ in listen]
        self.said = []
        self.reader = threading.Thread(target=self.read_words)
        self.reader.start()
        assert all(self.addresses), self.said
        assert self.process.stdout.readline() == "ready\n", self.said
        self.peer = None
        if ":" in self.addresses[0] and not self.addresses[0].startswith("u"):
            host, port = self.addresses[0].rsplit(":", 1)
            self.peer = (host, int(port))

    def read_words(self):
        for line in self.process.stderr:
            self.said.append(line.strip())

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM if kind is None else
                    signal.SIGKILL)
        status = self.process.wait(30)
        self.wait_gone(self.pid)
        self.reader.join(30)
        self.process.stdout.close()
        self.process.stderr.close()
        assert kind is not None or status == 0, (status, self.said)

    @staticmethod
    def wait_gone(pid):
        """One that is nobody's child any more."""
        for _ in range(1500):
            if not os.path.exists(f"/proc/{pid}"):
                return
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return
            time.sleep(0.02)
        raise AssertionError(f"{pid} runs on")

    def until_said(self, pattern):
        for _ in range(1500):
            for line in self.said:
                if found := re.search(pattern, line):
                    return found
            time.sleep(0.02)
        raise AssertionError((pattern, self.said))

    def restart(self):
        before = self.pid
        os.kill(before, signal.SIGUSR2)
        self.pid = int(self.until_said(f"(\\d+) took over from {before}$")[1])

    def ask(self, said, where=None):
        with socket.create_connection(where or self.peer, 20) as s:
            s.sendall(said)
            return read_all(s)


def body(reply):
    assert status(reply) == 200, reply
    return reply.split(b"\r\n\r\n", 1)[1]


# ---- behind a proxy --------------------------------------------------------------


def test_proxy():
    v4 = socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.8") + \
        struct.pack("!HH", 7777, 80)
    v6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2 + \
        struct.pack("!HH", 7777, 80)
    tlv = b"\x04\0\x03abc"  # NOOP
    named = {
        b"PROXY TCP4 192.0.2.7 192.0.2.8 7777 80\r\n": b"192.0.2.7:7777",
        b"PROXY TCP6 2001:db8::7 ::1 7777 80\r\n": b"[2001:db8::7]:7777",
        V2 + b"\x21\x11" + struct.pack("!H", len(v4)) + v4: b"192.0.2.7:7777",
        V2 + b"\x21\x11" + struct.pack("!H", len(v4 + tlv)) + v4 + tlv:
            b"192.0.2.7:7777",
        V2 + b"\x21\x21" + struct.pack("!H", len(v6)) + v6:
            b"[2001:db8::7]:7777",
    }
    with Service("proxy_from=127.0.0.0/8", "proxy_ms=500",
                 "127.0.0.1:0") as s:
        for header, peer in named.items():
            assert body(s.ask(header + GET)) == peer, header
        for header in b"PROXY UNKNOWN\r\n", V2 + b"\x20\0\0\0":
            assert body(s.ask(header + GET)).startswith(b"127.0.0.1:")
        begin = time.monotonic()
        assert s.ask(GET) == b""
        assert s.ask(b"PROXY TCP4 nonsense\r\n" + GET) == b""
        assert time.monotonic() - begin < 0.4
        assert s.ask(b"PROXY TCP4 192.0.2.7") == b""  # and then nothing
        assert time.monotonic() - begin > 0.4
        s.until_said(r"server.proxy 127.0.0.1:\d+ PROXY header: ")


def test_untrusted():
    """Who is no proxy of ours speaks no HTTP when it speaks PROXY."""
    with Service("proxy_from=10.0.0.0/8", "127.0.0.1:0") as s:
        for header in (b"PROXY TCP4 192.0.2.7 192.0.2.8 7777 80\r\n",
                       V2 + b"\x20\0\0\0"):
            assert status(s.ask(header + GET)) == 400
        assert body(s.ask(GET)).startswith(b"127.0.0.1:")


def test_peers():
    with Service("proxy_from=127.0.0.1", "peer_connections_max=3",
                 "127.0.0.1:0") as s:
        open_ones = []
        for client, welcome in ("::1", 3), ("::2", 0), ("192.0.2.1", 3), \
                ("1::", 3):
            kind = "TCP6" if ":" in client else "TCP4"
            header = f"PROXY {kind} {client} {client} 1 1\r\n".encode()
            for i in range(5):
                c = socket.create_connection(s.peer, 20)
                c.sendall(header + GET.replace(b"close", b"keep-alive"))
                assert bool(read_some(c)) == (i < welcome), (client, i)
                open_ones.append(c)
        for c in open_ones:
            c.close()
        time.sleep(0.2)
        assert body(s.ask(b"PROXY TCP6 ::2 ::1 1 1\r\n" + GET))


def read_some(c):
    try:
        return c.recv(65536)
    except ConnectionError:
        return b""


# ---- started again ---------------------------------------------------------------


class Load:
    """Clients that never stop while the `with` lasts, and never fail."""

    def __init__(self, service, keep=6, new=6):
        self.service = service
        self.over = False
        self.failed = []
        self.answers = {}
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.call, args=(kept,))
                        for kept in [True] * keep + [False] * new]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(0.3)
        return self

    def __exit__(self, kind, *rest):
        time.sleep(0.3)
        self.over = True
        for thread in self.threads:
            thread.join()
        assert kind is not None or not self.failed, self.failed[:5]

    def call(self, kept):
        c = http.client.HTTPConnection(*self.service.peer, timeout=20)
        n = 0
        while not self.over:
            try:
                path = "/slow" if n % 97 == 96 else "/pid"
                c.request("GET", path, headers={} if kept else
                          {"Connection": "close"})
                reply = c.getresponse()
                pid = reply.read()
                assert reply.status == 200, reply.status
                if path == "/pid":
                    with self.lock:
                        self.answers[pid] = self.answers.get(pid, 0) + 1
            except (OSError, http.client.HTTPException, AssertionError) as e:
                self.failed.append((kept, n, repr(e)))
                c.close()
            n += 1
        c.close()


def test_restart():
    with Service("127.0.0.1:0") as s:
        with Load(s) as load:
            pids = [s.pid]
            for _ in range(5):
                s.restart()
                pids.append(s.pid)
                time.sleep(0.3)
        total = sum(load.answers.values())
        print(f"  {total} requests, {len(pids)} processes, none failed")
        assert all(load.answers.get(b"%d" % pid) for pid in pids), load.answers
        assert s.process.wait(20) == 0
        for pid in pids[:-1]:
            s.wait_gone(pid)


def test_restart_fails():
    """The old one goes on, and says what was wrong."""
    for how, words in (
            ("exit", "hand over: .*production ended with status 1 before it "
                     "was ready"),
            ("silent", "hand over: .*production was not ready within 700 ms; "
                       "it has to say so by tn_systemd_notify")):
        with Service("ready_ms=700", "127.0.0.1:0",
                     env={"FAIL": how}) as s, Load(s, 2, 2) as load:
            os.kill(s.pid, signal.SIGUSR2)
            s.until_said(words)
            os.kill(s.pid, signal.SIGUSR2)
            time.sleep(1)
            # A silent one may serve until its time is over.
            assert how == "silent" or list(load.answers) == [b"%d" % s.pid]


def test_restart_gone():
    """The program is not there any more."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "production")
        os.symlink(os.path.realpath(PROGRAM), copy)
        program = subprocess.Popen([copy, "127.0.0.1:0"], text=True,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        while program.stdout.readline() != "ready\n":
            pass
        os.unlink(copy)
        program.send_signal(signal.SIGUSR2)
        line = program.stderr.readline()
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=20)
        assert line == f"hand over: {copy} could not be executed; is it " \
            "still there?\n", line
        assert program.returncode == 0


def test_restart_unix():
    """The file stays while anybody is left, and no longer."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "socket")

        def ask():
            with socket.socket(socket.AF_UNIX) as c:
                c.settimeout(20)
                c.connect(path)
                c.sendall(GET.replace(b"/", b"/pid", 1))
                return int(body(read_all(c)))
        with Service(f"unix:{path}", "127.0.0.1:0", "[::1]:0") as s:
            for _ in range(3):
                inode = os.stat(path).st_ino
                old = s.pid
                s.restart()
                s.wait_gone(old)
                assert ask() == s.pid and os.stat(path).st_ino == inode
        assert not os.path.exists(path)


# ---- systemd ---------------------------------------------------------------------


@contextlib.contextmanager
def supervisor(name):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(name.replace("@", "\0"))
        s.settimeout(20)
        yield s


def heard(s, what):
    """Until this has come; all that came before."""
    before = []
    while (said := s.recv(4096).decode()) != what:
        before.append(said)
    return before


def test_notify():
    with tempfile.TemporaryDirectory() as folder:
        for name in os.path.join(folder, "notify"), f"@production-{os.getpid()}":
            with supervisor(name) as up, \
                    Service("127.0.0.1:0", env={
                        "NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000",
                    }) as s:
                heard(up, "READY=1")
                for _ in range(5):
                    heard(up, "WATCHDOG=1")
                for _ in range(2):  # it is told of the second one by the first
                    old = s.pid
                    s.restart()
                    heard(up, f"MAINPID={s.pid}")
                    s.wait_gone(old)
                    for _ in range(5):
                        heard(up, "WATCHDOG=1")
                os.kill(s.pid, signal.SIGTERM)
                heard(up, "STOPPING=1")


def test_no_notify():
    """Nobody listens there; the server serves nevertheless."""
    with Service("127.0.0.1:0", env={"NOTIFY_SOCKET": ""}) as s:
        assert body(s.ask(GET))


def test_activation():
    """Sockets from whoever starts us, in places that he chooses."""
    with socket.create_server(("127.0.0.1", 0)) as a, \
            socket.create_server(("127.0.0.1", 0)) as b, \
            socket.create_server(("127.0.0.1", 0)) as c:
        names = [s.getsockname() for s in (a, b, c)]
        script = 'exec 3<&%d 4<&%d 5<&%d; LISTEN_PID=$$ LISTEN_FDS=3 ' \
            'LISTEN_FDNAMES=web:admin:web exec "$0" "$@"' % (
                a.fileno(), b.fileno(), c.fileno())
        words = ["bash", "-c", script, PROGRAM, "systemd:admin",
                 "systemd:", "%s:%d" % names[2]]
        for s in (a, b, c):
            os.set_inheritable(s.fileno(), True)
        with Activated(words, 3) as s:
            assert s.addresses == ["%s:%d" % names[i] for i in (1, 0, 2)]
            for _ in range(2):
                s.restart()  # each is found again by what it was asked for
                time.sleep(0.5)
                for name in names:
                    assert body(s.ask(GET, name))


class Activated(Service):
    def __init__(self, words, count):
        self.words = words
        popen = subprocess.Popen
        subprocess.Popen = lambda command, **options: popen(
            words, close_fds=False, **options)
        try:
            super().__init__(*["x"] * count)
        finally:
            subprocess.Popen = popen


run([test_proxy, test_untrusted, test_peers, test_restart, test_restart_fails,
     test_restart_gone, test_restart_unix, test_notify, test_no_notify,
     test_activation])

"""The fault proxy of fault_proxy.c, and what the tests behind it share."""
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time

BUILD = os.environ.get("TENON_BUILD", "build")
PROGRAM = os.path.join(BUILD, "tests", "interop", "fault_proxy")
TENON = os.environ.get("TENON", os.path.join(BUILD, "tenon"))
TIMEOUT = 20
FINAL = ("refuse", "truncate", "reset")  # after these a client may fail


class Program:
    """One that runs as `process`."""

    def fds(self):
        """Its sockets: what else it keeps open are files it serves."""
        count = 0
        folder = f"/proc/{self.process.pid}/fd"
        for fd in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                count += os.readlink(f"{folder}/{fd}").startswith("socket:")
        return count

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def settles(self):
        """Every connection ends, and its descriptors with it."""
        until = time.monotonic() + TIMEOUT
        while self.fds() > self.fds_idle:
            assert time.monotonic() < until, (self.fds(), self.fds_idle)
            time.sleep(0.02)


class Proxy(Program):
    """Stands before `target` ("127.0.0.1:80", or a port) while the `with`
    lasts; afterwards `reports` has a dict for every connection.  Options are
    those of the program: split=20, delay="5,10", harmless=True."""

    def __init__(self, target, **options):
        self.command = [PROGRAM]
        for name, value in options.items():
            self.command += [f"--{name}"] + ([] if value is True
                                             else [str(value)])
        self.command.append(f"127.0.0.1:{target}" if isinstance(target, int)
                            else target)
        self.reports = []
        self.news = threading.Condition()

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        said = self.process.stdout.readline().rstrip("\n")
        assert said.startswith("listening on "), self.process.stderr.read()
        self.address = said.removeprefix("listening on ")
        if ":" in self.address and not self.address.startswith("unix:"):
            self.port = int(self.address.rsplit(":", 1)[1])
        self.fds_idle = self.fds()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        return self

    def read(self):
        for line in self.process.stdout:
            with self.news:
                self.reports.append(json.loads(line))
                self.news.notify_all()

    def ended(self, count):
        """The reports, by connection, once `count` of them are over."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.reports) >= count,
                                      TIMEOUT), (count, self.reports)
            return sorted(self.reports, key=lambda r: r["connection"])

    def __exit__(self, kind, *rest):
        """Told to end, it ends at once and well."""
        self.process.stdin.close()
        try:
            status = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "none: it did not end"
        self.reader.join(TIMEOUT)
        said = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        assert kind is not None or (status, said) == (0, ""), (status, said)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), TIMEOUT)


def struck(reports, *kinds):
    """How often these faults did."""
    return sum(r[kind] for r in reports for kind in kinds or FINAL)


# ---- our servers ---------------------------------------------------------


class Server(Program):
    """tenon WORDS..., which has to come through everything unharmed."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [TENON, *words], stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(
                os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") +
                ":quarantine_size_mb=1:thread_local_quarantine_size_kb=16"))
        said = self.process.stdout.readline()
        self.port = int(said.rstrip("/\n").rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", self.port), TIMEOUT):
            pass
        time.sleep(0.1)
        self.fds_idle = self.fds()

    def stop(self):
        """Ends it: no fiber of a connection was left, nothing was said."""
        said = ""
        self.process.send_signal(signal.SIGQUIT)
        while "accept waits" not in said and self.process.poll() is None:
            said += self.process.stderr.readline()
        self.process.send_signal(signal.SIGTERM)
        said += self.process.stderr.read()
        assert self.process.wait(TIMEOUT) == 0, said
        assert "connection" not in said, said
        for line in said.splitlines():
            assert line.lstrip().startswith(("loop ", "fiber ", "thread")), said


@contextlib.contextmanager
def serving(*words):
    server = Server(*words)
    try:
        yield server
        server.settles()
        server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


# ---- sockets -------------------------------------------------------------


def reset(s):
    """Closes so that the other end gets a reset."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def read_all(s):
    got = bytearray()
    while piece := s.recv(65536):
        got += piece
    return bytes(got)


@contextlib.contextmanager
def listening(handle, family=socket.AF_INET, address=("127.0.0.1", 0)):
    """A server that gives each connection to `handle` in a thread; its
    address.  What `handle` raises, other than a lost connection, fails."""
    failures, threads = [], []

    def run(s):
        with s:
            try:
                s.settimeout(TIMEOUT)
                handle(s)
            except (ConnectionError, TimeoutError):
                pass
            except Exception as error:
                failures.append(error)

    def accept():
        while True:
            try:
                s, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=run, args=(s,)))
            threads[-1].start()

    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(1024)
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        name = listener.getsockname()
        try:
            yield "%s:%d" % name if family == socket.AF_INET \
                else f"unix:{name}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(TIMEOUT)
            for thread in threads:
                thread.join(TIMEOUT)
    assert not failures, failures


def echo(s):
    while piece := s.recv(65536):
        s.sendall(piece)


def at_once(function, arguments):
    """function(argument) for each, all at the same time; their results."""
    results = [None] * len(arguments)

    def run(number):
        try:
            results[number] = function(arguments[number])
        except BaseException as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(i,))
               for i in range(len(arguments))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def run(tests):
    for test in tests:
        begin = time.monotonic()
        test()
        print(f"ok {test.__name__.replace('_', ' ')} "
              f"({time.monotonic() - begin:.2f} s)", flush=True)

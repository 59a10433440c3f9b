#!/usr/bin/env python3
"""Our sockets and Python's: stream, datagram and sequenced packets, over TCP, UDP
and Unix names, descriptors that go along, a timeout; each both ways round."""
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.join(os.environ["TENON_BUILD"], "tests", "interop", "sockets")
TIMEOUT = 60
LINES = [b"hello\n", b"one two three\n", b"x" * 20000 + b"\n", b"bye\n"]
TYPES = {"stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM,
         "packets": socket.SOCK_SEQPACKET}
FOLDER = tempfile.TemporaryDirectory()
number = 0


def unique():
    global number
    number += 1
    return f"{os.getpid()}-{number}"


# What each is, its addresses as we write them and as Python does, with a port
# of 0 or a name that is new each time.
def addresses():
    name = unique()
    path = os.path.join(FOLDER.name, name)
    return {
        "inet": (socket.AF_INET, "127.0.0.1:0", ("127.0.0.1", 0)),
        "inet6": (socket.AF_INET6, "[::1]:0", ("::1", 0)),
        "path": (socket.AF_UNIX, "unix:" + path, path),
        "abstract": (socket.AF_UNIX, f"unix:@tenon-{name}",
                     f"\0tenon-{name}"),
    }


ROWS = [
    ("stream", "inet"), ("stream", "inet6"), ("stream", "path"),
    ("stream", "abstract"),
    ("datagram", "inet"), ("datagram", "inet6"), ("datagram", "path"),
    ("datagram", "abstract"),
    ("packets", "path"), ("packets", "abstract"),
]
UNIX_ROWS = [(kind, place) for kind, place in ROWS
             if place in ("path", "abstract")]


def python_socket(kind, family):
    s = socket.socket(family, TYPES[kind])
    s.settimeout(TIMEOUT)
    return s


def python_address(text):
    """What our program said it is called, as Python writes it."""
    if text.startswith("unix:@"):
        return "\0" + text[len("unix:@"):]
    if text.startswith("unix:"):
        return text[len("unix:"):]
    host, port = re.fullmatch(r"\[?([^\]]*)\]?:(\d+)", text).groups()
    return host, int(port)


def our_address(s):
    name = s.getsockname()
    if s.family == socket.AF_UNIX:
        if isinstance(name, bytes):
            return "unix:@" + name[1:].decode()
        return "unix:" + name
    host = f"[{name[0]}]" if s.family == socket.AF_INET6 else name[0]
    return f"{host}:{name[1]}"


class Ours:
    """Our program, which listens, while the `with` lasts."""

    def __init__(self, role, kind, address, *extra):
        self.child = subprocess.Popen(
            [HERE, role, kind, address, *extra], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.address = python_address(self.child.stdout.readline().strip())

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        if kind:
            self.child.kill()
        self.out, self.err = self.child.communicate(timeout=TIMEOUT)
        assert kind or self.child.returncode == 0, self.err


def call_ours(kind, s, address):
    """From Python: each line comes back."""
    if kind == "datagram" and s.family == socket.AF_UNIX:
        s.bind("")  # the kernel chooses
    s.connect(address)
    for line in LINES:
        s.sendall(line)
        heard = exactly(s, len(line)) if kind == "stream" else s.recv(65536)
        assert heard == line, heard
    if kind == "datagram":
        s.send(b"")
    else:
        s.shutdown(socket.SHUT_WR)
        assert s.recv(1) == b""


def exactly(s, size):
    heard = bytearray(size)
    at = 0
    while at < size:
        n = s.recv_into(memoryview(heard)[at:])
        assert n > 0
        at += n
    return bytes(heard)


def python_calls():
    for kind, place in ROWS:
        family, ours, _ = addresses()[place]
        with Ours("echo", kind, ours) as server, \
                python_socket(kind, family) as s:
            call_ours(kind, s, server.address)


def python_echo(kind, listener):
    if kind == "datagram":
        for _ in LINES:
            piece, whom = listener.recvfrom(65536)
            listener.sendto(piece, whom)
        return
    s, _ = listener.accept()
    with s:
        s.settimeout(TIMEOUT)
        while piece := s.recv(65536):
            s.sendall(piece)


def python_listener(kind, place):
    family, _, address = addresses()[place]
    s = python_socket(kind, family)
    s.bind(address)
    if kind != "datagram":
        s.listen(1)
    return s


def ours_calls():
    for kind, place in ROWS:
        with python_listener(kind, place) as listener:
            thread = threading.Thread(target=python_echo,
                                      args=(kind, listener))
            thread.start()
            done = subprocess.run(
                [HERE, "call", kind, our_address(listener)],
                input=b"".join(LINES), stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=TIMEOUT)
            thread.join(TIMEOUT)
            assert done.returncode == 0, (kind, place, done.stderr)
            assert done.stdout == b"".join(LINES), (kind, place)


# ---- descriptors ---------------------------------------------------------


def a_file(text):
    path = os.path.join(FOLDER.name, unique())
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def python_gives():
    for kind, place in UNIX_ROWS:
        for room, said in [("2", "gift 2 deep deep\n"), ("9", "gift 2 deep deep\n"),
                           ("1", "gift 1 cut deep\n"), ("0", "gift 0 cut\n")]:
            _, ours, _ = addresses()[place]
            with Ours("take", kind, ours, room) as server, \
                    python_socket(kind, socket.AF_UNIX) as s, \
                    open(a_file("deep"), "rb") as file:
                s.connect(server.address)
                fds = [file.fileno()] * 2
                assert socket.send_fds(s, [b"gift"], fds) == 4
            assert server.out == said, (kind, place, room, server.out)


def python_takes():
    for kind, place in UNIX_ROWS:
        with python_listener(kind, place) as listener:
            child = subprocess.Popen([HERE, "give", kind, our_address(listener),
                                      a_file("deep")])
            s = listener
            if kind != "datagram":
                s, _ = listener.accept()
            said, fds, flags, _ = socket.recv_fds(s, 64, 2)
            assert child.wait(TIMEOUT) == 0
            assert (said, len(fds)) == (b"two", 2), (said, fds)
            assert not flags & socket.MSG_CTRUNC
            for fd in fds:
                assert os.pread(fd, 64, 0) == b"deep"
                os.close(fd)
            s.close()


# ---- time ----------------------------------------------------------------


def a_silent_python():
    with python_listener("stream", "inet") as listener:
        where = our_address(listener)
        done = subprocess.run([HERE, "silent", "stream", where],
                              stderr=subprocess.PIPE, text=True,
                              timeout=TIMEOUT)
        assert done.returncode == 1
        assert done.stderr == (f"recv from {where}: timed out after 100 ms, "
                               "the timeout of the socket\n"), done.stderr


TESTS = [python_calls, ours_calls, python_gives, python_takes, a_silent_python]

if __name__ == "__main__":
    with FOLDER:
        for test in TESTS:
            test()
            print(test.__name__, "ok")
    sys.exit(0)

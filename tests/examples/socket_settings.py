#!/usr/bin/env python3
"""Rows F15, F17 and F18: timeouts, the sizes of buffers, and a server that can
be started again at once.  Ours say what Python's say."""
import socket
import subprocess

from twins import Program, ours, theirs


def said(command, *words):
    return subprocess.run([*command, *words], timeout=60, check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def same(name, *words):
    got, wanted = said(ours(name), *words), said(theirs(name), *words)
    assert got == wanted, (got, wanted)
    return got


got = same("socket_timeout")
assert "new: timeout none, blocking: yes\n" in got
assert "after setblocking(false): timeout 0 s, blocking: no\n" \
    "accept: nobody is there yet\n" in got
assert "accept: timed out\n" in got

for size in 4096, 1, 100000, 1 << 30:
    got = same("buffer_sizes", str(size))
assert "send buffer after: 8192 bytes\n" in same("buffer_sizes"), got
assert subprocess.run([*ours("buffer_sizes"), "many"],
                      stderr=subprocess.PIPE).returncode == 2


# ---- started again -------------------------------------------------------------


def start(command, port, *options):
    where = port if len(command) > 1 else f"127.0.0.1:{port}"
    return Program(command, *options, where)


def call(port):
    """The server hangs up first, and its port remembers that."""
    with socket.create_connection(("127.0.0.1", port)) as caller:
        assert caller.makefile().read() == "hello\n"


for first, second in ((ours, theirs), (theirs, ours), (ours, ours)):
    with start(first("reuse_address"), 0) as s:
        s.until("SO_REUSEADDR before: 0\nSO_REUSEADDR after: 1\n")
        port = s.port()
        for _ in range(2):
            call(port)
            s.until("connected: 127.0.0.1:")
        assert "ended by signal 2\n" in s.interrupt().ends()
    with start(second("reuse_address"), port) as s:
        assert s.port() == port
        call(port)
        s.interrupt().ends()

# What it would be without; and no option allows a second one beside the first.
with start(ours("reuse_address"), 0) as s:
    port = s.port()
    call(port)
    s.until("connected: 127.0.0.1:")
    with start(ours("reuse_address"), port) as other:
        other.ends(1, "in use")
    s.interrupt().ends()
with start(ours("reuse_address"), port, "--no-reuse") as s:
    s.ends(1, "in use")
with start(ours("reuse_address"), port) as s:
    assert s.port() == port
    s.process.terminate()
    assert "ended by signal 15\n" in s.ends()

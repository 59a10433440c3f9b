#!/usr/bin/env python3
"""Messages of examples/framed, with those that Python's struct makes."""
import struct
import subprocess

from twins import ours

MESSAGES = [b"one", b"", "你好".encode(), b"x" * 300, b"y" * 65536]


def varint(n):
    out = b""
    while n >= 128:
        out += bytes([n % 128 + 128])
        n //= 128
    return out + bytes([n])


KINDS = {
    "length": lambda m: struct.pack(">I", len(m)) + m,
    "varint": lambda m: varint(len(m)) + m,
    "decimal": lambda m: b"%d " % len(m) + m,
    "netstring": lambda m: b"%d:" % len(m) + m + b",",
    "nul": lambda m: m + b"\0",
}


def framed(*words, stdin):
    done = subprocess.run([*ours("framed"), *words], input=stdin, timeout=20,
                          capture_output=True)
    return done.returncode, done.stdout, done.stderr.decode()


for name, make in KINDS.items():
    lines = b"".join(m + b"\n" for m in MESSAGES)
    wire = b"".join(map(make, MESSAGES))
    assert framed(name, stdin=lines) == (0, wire, ""), name
    assert framed(name, stdin=lines[:-1]) == (0, wire, ""), name
    assert framed("--back", name, stdin=wire) == (0, lines, ""), name
    status, out, err = framed("--back", name, stdin=wire[:-1])
    assert status == 1 and out == lines[:-65537] and "ended" in err, (name, err)
    status, out, err = framed("--back", name, stdin=make(b"z" * 65537))
    assert (status, out) == (1, b"") and "message_bytes_max" in err, err

status, out, err = framed("--back", "netstring", stdin=b"3:one,2:a\n,")
assert (status, out) == (1, b"one\n") and "delimiter stands in it" in err, err
assert framed("nonsense", stdin=b"")[0] == 2
assert framed("--back", stdin=b"")[0] == 2

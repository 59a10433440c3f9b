#!/usr/bin/env python3
"""The fault proxy itself: faithful where nothing goes wrong, and where
something does it is what was asked for, and the same for the same seed."""
import os
import random
import socket
import subprocess
import tempfile
import threading
import time

from faults import (FINAL, PROGRAM, TIMEOUT, Proxy, at_once, echo, listening,
                    read_all, reset, run, struck)

MIB = 1 << 20


def swap(proxy, data):
    """Sends all, says so, and hears all; None when the connection died."""
    try:
        with proxy.connect() as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            return read_all(s)
    except TimeoutError:
        raise
    except OSError:  # also that a socket which was reset is not connected
        return None


# ---- faithful ------------------------------------------------------------


def an_end_passes_either_way():
    heard = []

    def after_the_end(s):
        data = read_all(s)
        s.sendall(b"<" + data + b">")

    def before_the_end(s):
        s.sendall(b"that is all")
        s.shutdown(socket.SHUT_WR)
        heard.append(read_all(s))

    data = os.urandom(300000)
    with listening(after_the_end) as target, Proxy(target) as proxy:
        assert swap(proxy, data) == b"<" + data + b">"
        report, = proxy.ended(1)
        assert report["up"] == 300000 and report["down"] == 300002, report
        assert report["error"] == "" and struck([report]) == 0, report
    with listening(before_the_end) as target, Proxy(target) as proxy:
        with proxy.connect() as s:
            assert read_all(s) == b"that is all"
            s.sendall(data)
        proxy.ended(1)
    assert heard == [data]


def a_reset_passes_either_way():
    seen = threading.Event()

    def hear_a_reset(s):
        try:
            read_all(s)
        except ConnectionResetError:
            seen.set()

    def reset_it(s):
        s.recv(1)
        reset(s)

    with listening(hear_a_reset) as target, Proxy(target) as proxy:
        s = proxy.connect()
        s.sendall(b"hello")
        reset(s)
        assert seen.wait(10)
        assert "reset" in proxy.ended(1)[0]["error"]
    with listening(reset_it) as target, Proxy(target) as proxy:
        with proxy.connect() as s:
            s.sendall(b"h")
            try:
                assert s.recv(1) != b""
                raise AssertionError("an end, and no reset")
            except ConnectionResetError:
                pass


def both_ways_at_once():
    """Megabytes meet: neither way waits for the other."""
    up, down = os.urandom(4 * MIB), os.urandom(4 * MIB)
    heard = []

    def both(s):
        thread = threading.Thread(target=s.sendall, args=(down,))
        thread.start()
        while sum(map(len, heard)) < len(up):
            heard.append(s.recv(65536))
        thread.join()

    with listening(both) as target, \
            Proxy(target, seed=3, harmless=True) as proxy:
        with proxy.connect() as s:
            s.sendall(up)  # and nobody reads what comes
            assert read_all(s) == down
        proxy.ended(1)
    assert b"".join(heard) == up


def two_hundred_at_once():
    everybody = threading.Barrier(200)

    def talk(number):
        with proxy.connect() as s, s.makefile("rb") as lines:
            for turn in range(3):
                everybody.wait(20)
                line = b"%d of %d\n" % (turn, number) * (number + 1)
                s.sendall(line)
                assert lines.read(len(line)) == line

    with listening(echo) as target, \
            Proxy(target, seed=200, harmless=True) as proxy:
        at_once(talk, range(200))
        reports = proxy.ended(200)
        assert [r["connection"] for r in reports] == list(range(200))
        assert all(r["error"] == "" for r in reports)
        assert all(r["up"] == r["down"] > 0 for r in reports)
        assert struck(reports) == 0


def nobody_behind_it():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # and does not listen
        place = "127.0.0.1:%d" % s.getsockname()[1]
        with Proxy(place) as proxy:
            assert swap(proxy, b"hello") is None
            report, = proxy.ended(1)
            assert place in report["error"] and "refused" in report["error"]
            assert report["up"] == report["down"] == 0
            assert report["refuse"] == 0


def unix_sockets():
    with tempfile.TemporaryDirectory(prefix="tenon-") as folder:
        with listening(echo, socket.AF_UNIX, folder + "/target") as target, \
                Proxy(target, listen=f"unix:{folder}/proxy", split=50,
                      seed=1) as proxy, \
                socket.socket(socket.AF_UNIX) as s:
            s.connect(folder + "/proxy")
            data = os.urandom(100000)
            thread = threading.Thread(target=s.sendall, args=(data,))
            thread.start()
            got = b""
            while len(got) < len(data):
                got += s.recv(65536)
            thread.join()
            assert got == data


def two_in_a_row():
    data = os.urandom(MIB)
    with listening(echo) as target, \
            Proxy(target, seed=1, harmless=True) as far, \
            Proxy(far.port, seed=2, harmless=True) as near:
        for _ in range(5):
            with near.connect() as s:
                thread = threading.Thread(target=s.sendall, args=(data,))
                thread.start()
                got = b""
                while len(got) < MIB:
                    got += s.recv(65536)
                thread.join()
                assert got == data


def somebody_stuck_is_told_of():
    with listening(read_all) as target, Proxy(target, life="200ms") as proxy:
        assert swap(proxy, b"hello") is not None
        with proxy.connect() as s:
            try:
                assert s.recv(1) == b"" and False
            except ConnectionResetError:
                pass
        assert "longer than --life" in proxy.ended(2)[1]["error"]


# ---- faults --------------------------------------------------------------


def answer(s):
    """As much as was asked with, of other bytes."""
    s.sendall(bytes(b ^ 255 for b in read_all(s)))


def each_fault_strikes():
    data = random.Random(1).randbytes(30000)
    right = bytes(b ^ 255 for b in data)

    def try_with(**options):
        proxy = Proxy(target, seed=7, within=30000, **options)
        begin = time.monotonic()
        with proxy:
            got = swap(proxy, data)
            report, = proxy.ended(1)
        name, = set(options)
        assert struck([report], name) > 0, report
        assert name in FINAL or got == right, name
        return got, report, time.monotonic() - begin

    with listening(answer) as target:
        _, report, _ = try_with(split=100)
        assert report["split"] > 60000 / 1024, report
        _, report, took = try_with(delay="100,50")
        assert report["delay"] >= 4 and took > 0.02, (report, took)
        _, report, took = try_with(stall="100,150")
        assert report["stall"] == 2 and took > 0.3, (report, took)
        _, report, took = try_with(slow="100,100K")
        assert 0.5 < took < 5, took
        got, report, _ = try_with(refuse=100)
        assert got is None and report["up"] == 0, (got, report)
        got, report, _ = try_with(reset=100)
        assert got is None and "reset by the plan" in report["error"], report
        got, report, _ = try_with(truncate=100)
        assert got is not None and len(got) < 30000, len(got)
        assert right.startswith(got) and report["error"] == "", report


def one_byte_at_a_time():
    """What was split stays apart: each piece is seen by itself."""
    pieces = []

    def hear(s):
        while piece := s.recv(65536):
            pieces.append(len(piece))
            time.sleep(0.001)

    with listening(hear) as target, \
            Proxy(target, seed=1, split=100, delay="100,10") as proxy:
        swap(proxy, bytes(3000))
        report, = proxy.ended(1)
    assert len(pieces) >= report["split"] / 4 > 1, (pieces, report)
    assert 1 in pieces or 2 in pieces, pieces


def a_seed_repeats():
    """Forty connections under every fault: the same reports each time, and
    others with another seed."""
    data = random.Random(2).randbytes(20000)

    def forty(seed):
        with Proxy(target, seed=seed, every=True, within=40000, delay="5,2",
                   stall="5,20", reset=20, truncate=20, refuse=10) as proxy:
            got = [swap(proxy, data) for _ in range(40)]
            reports = proxy.ended(40)
        for r, back in zip(reports, got):
            if struck([r]) == 0:
                assert back == bytes(b ^ 255 for b in data)
            elif r["truncate"] == 0:
                assert back is None, r
        for kind in FINAL:
            assert struck(reports, kind) > 0, (kind, seed)
        return reports

    with listening(answer) as target:
        first, again, other = at_once(forty, [1, 1, 2])
    assert first == again, [pair for pair in zip(first, again)
                            if pair[0] != pair[1]]
    assert first != other


# ---- words of the command line -------------------------------------------


def what_is_wrong_is_said():
    good = "127.0.0.1:9"
    for words, said in (
            (["--life", "0", good], '--life cannot be "0": it takes SPAN'),
            (["--seed", "x", good], '--seed cannot be "x": it takes N'),
            (["--within", "0", good], '--within cannot be "0"'),
            (["--split", "101", good], '--split cannot be "101"'),
            (["--refuse", "1,1", good], '--refuse cannot be "1,1"'),
            (["127.0.0.1"], 'TARGET: "127.0.0.1" has no port'),
            ([":9"], 'TARGET: ":9" has no host'),
            (["a b:9"], "TARGET: "),
            ([], "until its standard input ends"),
            (["--frob", good], "until its standard input ends"),
            (["--seed"], "until its standard input ends"),
            ([good, good], "until its standard input ends")):
        done = subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=TIMEOUT)
        assert done.returncode == 2 and said in done.stderr, (words, done)
        assert done.stdout == "", done


run([an_end_passes_either_way, a_reset_passes_either_way, both_ways_at_once,
     two_hundred_at_once, nobody_behind_it, unix_sockets, two_in_a_row,
     somebody_stuck_is_told_of, each_fault_strikes, one_byte_at_a_time,
     a_seed_repeats, what_is_wrong_is_said])

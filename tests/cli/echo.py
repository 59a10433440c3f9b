"""tenon echo and tenon echo serve: between themselves, and with Python at
either end."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import support
from support import Server, Terminal, python_server, read_all, run, serving

STAMP = re.compile(rb"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d "
                   rb"\d{4}\] ")
KINDS = "fiber", "serial", "thread", "fork"


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), 20)


@contextlib.contextmanager
def echo_serve(address, *words):
    with serving("echo", "serve", address, *words) as server:
        yield server


# ---- our server, Python's client ---------------------------------------------------


def every_kind_echoes():
    for kind in KINDS:
        with echo_serve("127.0.0.1:0", "--kind", kind) as server:
            assert re.fullmatch(r"Echo at 127\.0\.0\.1:\d+\n", server.said)
            for payload in b"x", b"hello\n", bytes(range(256)) * 8:
                with connect(server) as s:
                    for _ in range(3):  # a conversation, not one exchange
                        s.sendall(payload)
                        got = b""
                        while len(got) < len(payload):
                            got += s.recv(4096)
                        assert got == payload, kind
                    s.shutdown(socket.SHUT_WR)
                    assert s.recv(1) == b"", kind


def each_piece_is_stamped():
    for kind in KINDS:
        with echo_serve("127.0.0.1:0", "--stamp", "--kind", kind) as server:
            with connect(server) as s:
                for said in b"hello", b"no line end", b"\n":
                    s.sendall(said)
                    reply = s.recv(1024)
                    while not reply.endswith(said):
                        reply += s.recv(1024)
                    assert STAMP.match(reply), reply
                    assert STAMP.sub(b"", reply, count=1) == said


def a_mebibyte_comes_back():
    data = os.urandom(1 << 20)
    with echo_serve("127.0.0.1:0") as server, connect(server) as s:
        def send():
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        thread = threading.Thread(target=send)
        thread.start()
        assert read_all(s) == data
        thread.join()


def datagrams_come_back():
    with echo_serve("udp:127.0.0.1:0", "--stamp") as server, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.connect(("127.0.0.1", server.port))
        for said in b"hello", b"x" * 2048, b"", b"a\nb":
            s.send(said)
            reply = s.recv(65536)
            assert STAMP.match(reply)
            assert STAMP.sub(b"", reply, count=1) == said
    with echo_serve("udp:127.0.0.1:0") as server, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.connect(("127.0.0.1", server.port))
        for said in b"y" * 60000, b"", b"z":
            s.send(said)
            assert s.recv(65536) == said
        assert run("echo", server.place, "a", "", "b") == (0, "a\n\nb\n", "")


def unix_sockets_work_too():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/echo"
        with echo_serve(f"unix:{path}") as server:
            assert server.place == f"unix:{path}"
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                s.sendall(b"hello")
                assert s.recv(100) == b"hello"
        assert not os.path.exists(path), "it is gone with the server"
        with echo_serve(f"unixgram:{path}") as server, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            assert server.place == f"unixgram:{path}"
            s.settimeout(20)
            s.bind(f"{folder}/me")
            s.connect(path)
            s.send(b"hello")
            assert s.recv(100) == b"hello"
            # Another server may not take it away.
            status, out, err = run("echo", "serve", f"unixgram:{path}")
            assert (status, out) == (1, "") and "in use" in err, err


def many_at_once():
    with echo_serve("127.0.0.1:0", "--loops", "2", "--backlog", "100") \
            as server:
        sockets = [connect(server) for _ in range(100)]
        for i, s in enumerate(sockets):
            s.sendall(b"%d" % i)
        for i, s in enumerate(sockets):
            assert s.recv(100) == b"%d" % i
            s.close()


def the_silent_are_hung_up_on():
    with echo_serve("127.0.0.1:0", "--idle", "0.3s") as server:
        with connect(server) as s:
            s.sendall(b"x")
            assert s.recv(1) == b"x"
            begun = time.monotonic()
            assert s.recv(1) == b""
            assert 0.2 < time.monotonic() - begun < 5
        status, _, err = server.stop()
        assert status == 0 and err.count("\n") == 1 and "idle_ms" in err, err


def errors_are_told_at_a_bounded_rate():
    """Nobody can be answered who has no name; each is an error."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/d"
        for reads in True, False:
            server = Server("echo", "serve", f"unixgram:{path}")
            if not reads:  # stderr is full from the start
                fd = os.open(f"/proc/{server.child.pid}/fd/2",
                             os.O_WRONLY | os.O_NONBLOCK)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        os.write(fd, b"x" * 4096)
                os.close(fd)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                s.settimeout(20)
                s.connect(path)
                begun = time.monotonic()
                for _ in range(500):
                    s.send(b"nobody")
                s.close()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                s.settimeout(20)
                s.bind(f"{folder}/me{reads}")
                s.connect(path)
                s.send(b"x")
                assert s.recv(10) == b"x", "the loop is not held"
            server.child.terminate()
            assert server.child.wait(20) == 0
            err = server.child.stderr.read().decode()
            server.child.stdout.close()
            server.child.stderr.close()
            if reads:
                seconds = time.monotonic() - begun
                lines = err.splitlines()
                assert 20 < len(lines) <= 21 * (seconds + 2), len(lines)
                shown = sum("more" not in line for line in lines)
                hidden = sum(map(int, re.findall(r"and (\d+) more", err)))
                assert shown + hidden == 500, (shown, hidden)


# ---- our client, Python's server -------------------------------------------------------


def stamped_lines(connection):
    """The tutorials' server."""
    while data := connection.recv(1024):
        connection.sendall(b"[now] " + data)


def lines_from_standard_input():
    with python_server(stamped_lines) as port:
        status, out, err = run("echo", f"127.0.0.1:{port}", stdin=b"hello\n")
        assert (status, out, err) == (0, "[now] hello\n", "")


def lines_from_the_command_line():
    with python_server(stamped_lines) as port:
        status, out, err = run("echo", f"localhost:{port}", "hello")
        assert (status, out, err) == (0, "[now] hello\n", "")
    with python_server(lambda c: c.sendall(b"got " + read_all(c))) as port:
        status, out, err = run("echo", f"tcp:127.0.0.1:{port}", "a b", "c")
        assert (status, out, err) == (0, "got a b\nc\n", "")


def any_bytes_go_through():
    data = os.urandom(300000)
    with python_server(lambda c: c.sendall(read_all(c))) as port:
        done = subprocess.run([support.TENON, "echo", f"127.0.0.1:{port}"],
                              input=data, stdout=subprocess.PIPE, timeout=20)
        assert done.returncode == 0 and done.stdout == data


def a_server_that_hangs_up():
    with python_server(lambda c: c.sendall(b"bye\n")) as port:
        # Nobody types, and nothing is sent.
        child = support.spawn(
            "echo", f"127.0.0.1:{port}", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout.read() == b"bye\n"
        assert child.wait(20) == 1
        assert child.stderr.read() == (
            f"tenon echo: 127.0.0.1:{port}: the other side hung up before "
            "everything was said\n").encode()
        for file in child.stdin, child.stdout, child.stderr:
            file.close()


def a_server_that_never_ends():
    done = threading.Event()
    with python_server(lambda c: done.wait(20)) as port:
        begun = time.monotonic()
        status, out, err = run("echo", f"127.0.0.1:{port}", "x",
                               "--timeout", "300ms")
        assert (status, out) == (124, ""), (status, out, err)
        assert err == (f"tenon echo: 127.0.0.1:{port}: nothing more came, and "
                       "no end, within 300 ms; see --timeout\n"), err
        assert time.monotonic() - begun < 5
        done.set()


def slow_answers_are_waited_for():
    def slowly(c):
        for piece in read_all(c):
            c.sendall(bytes([piece]))
            time.sleep(0.2)
    with python_server(slowly) as port:
        status, out, _ = run("echo", f"127.0.0.1:{port}", "abc", "-t", "1s")
        assert (status, out) == (0, "abc\n")


def nobody_there():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # and not listening
        port = s.getsockname()[1]
        status, out, err = run("echo", f"127.0.0.1:{port}", "x")
        assert (status, out) == (1, "") and "refused" in err, err
        assert err.startswith("tenon echo: ") and str(port) in err
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        status, out, err = run("echo", f"udp:127.0.0.1:{port}", "x",
                               "--timeout=0.2")
        assert (status, out) == (124, "")
        assert err == (f"tenon echo: udp:127.0.0.1:{port}: no answer within "
                       "200 ms; see --timeout\n"), err
    status, out, err = run("echo", f"udp:127.0.0.1:{port}", "x")
    assert (status, out) == (1, "") and "refused" in err, err
    status, out, err = run("echo", "unix:/nowhere/at/all", "x")
    assert (status, out) == (1, "") and "/nowhere/at/all" in err, err


def datagrams_go_out_one_a_line():
    heard = []

    def answer(s):
        for _ in range(3):
            data, peer = s.recvfrom(65536)
            heard.append(data)
            s.sendto(b"[now] " + data, peer)
    with python_server(answer, socket.SOCK_DGRAM) as port:
        status, out, err = run("echo", f"udp:127.0.0.1:{port}",
                               stdin=b"one\n\ntwo\r\n")
        assert (status, err) == (0, ""), err
        assert out == "[now] one\n[now] two\n"
        status, out, err = run("echo", f"udp:127.0.0.1:{port}", "three four")
        assert (status, out, err) == (0, "[now] three four\n", "")
    assert heard == [b"one", b"two", b"three four"], heard


def the_last_line_needs_no_end():
    for said in b"a\nb", b"a\n\nb\n", b"a\nb\n\n":
        with echo_serve("udp:127.0.0.1:0") as server:
            assert run("echo", server.place, stdin=said) == \
                (0, "a\nb\n", ""), said
    with echo_serve("udp:127.0.0.1:0") as server:
        assert run("echo", server.place, stdin=b"") == (0, "", "")


def a_port_alone_is_this_machines():
    with echo_serve("0") as server:
        assert server.place == f"127.0.0.1:{server.port}"
        assert run("echo", str(server.port), "x") == (0, "x\n", "")


# ---- both ours --------------------------------------------------------------------------


def ours_with_ours():
    with tempfile.TemporaryDirectory() as folder:
        for address in ("127.0.0.1:0", "udp:127.0.0.1:0", "[::1]:0",
                        f"unix:{folder}/s", f"unixgram:{folder}/d",
                        f"unix:@tenon-test-{os.getpid()}"):
            if "::1" in address and not has_ipv6():
                continue
            with echo_serve(address, "--stamp") as server:
                # What the server says can be pasted.
                status, out, err = run("echo", server.place, "hello")
                assert (status, err) == (0, ""), (address, err)
                assert STAMP.match(out.encode()) and \
                    out.endswith("] hello\n"), out


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


# ---- on a terminal -----------------------------------------------------------------------


def a_person_types():
    for address in "127.0.0.1:0", "udp:127.0.0.1:0":
        with echo_serve(address, "--stamp") as server:
            t = Terminal("echo", server.place)
            t.read_until(b"> ")
            t.write(b"hello\n")
            shown = t.read_until(b"\n> ").replace(b"\r", b"")
            assert STAMP.search(shown) and b"] hello\n> " in shown, shown
            t.write(b"again\n")
            t.read_until(b"] again\r\n> ")
            t.write(b"\x04")
            assert t.end() == 0


def what_comes_cannot_harm_the_terminal():
    def handle(c):
        c.recv(100)
        c.sendall(b"\x1b[2Jhi \"you\" \xe5")
        time.sleep(0.1)
        c.sendall(b"\x9b\xbe\xff\n")
        time.sleep(0.1)
        c.sendall(b"half \xe5\x9b")
    with python_server(handle) as port:
        t = Terminal("echo", f"127.0.0.1:{port}")
        t.read_until(b"> ")
        t.write(b"x\n")
        shown = t.read_until(b"hung up.")
        assert "\\x1b[2Jhi \"you\" 图\\xff\r\n> half \\xe5\\x9b".encode() in \
            shown, shown
        assert b"\x1b" not in shown
        assert t.end() == 0


# ---- the end ------------------------------------------------------------------------------


def servers_end_when_told():
    for kind in KINDS:
        for number in signal.SIGTERM, signal.SIGINT:
            server = Server("echo", "serve", "127.0.0.1:0", "--kind", kind)
            with connect(server) as s:  # which says nothing more
                s.sendall(b"x")
                assert s.recv(1) == b"x"
                begun = time.monotonic()
                if kind == "fork":  # a child is not told; it has drain_ms
                    s.close()
                assert server.stop(number) == (0, "", ""), kind
                assert time.monotonic() - begun < 5, kind
                if kind != "fork":
                    assert s.recv(1) == b"", kind


support.main([
    every_kind_echoes,
    each_piece_is_stamped,
    a_mebibyte_comes_back,
    datagrams_come_back,
    unix_sockets_work_too,
    many_at_once,
    the_silent_are_hung_up_on,
    errors_are_told_at_a_bounded_rate,
    lines_from_standard_input,
    lines_from_the_command_line,
    any_bytes_go_through,
    a_server_that_hangs_up,
    a_server_that_never_ends,
    slow_answers_are_waited_for,
    nobody_there,
    datagrams_go_out_one_a_line,
    the_last_line_needs_no_end,
    a_port_alone_is_this_machines,
    ours_with_ours,
    a_person_types,
    what_comes_cannot_harm_the_terminal,
    servers_end_when_told,
])

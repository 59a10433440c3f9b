"""tenon connect and tenon listen, with Python's sockets at the other end.  No
test waits for time to pass: what has happened is read from the ends."""
import os
import signal
import socket
import subprocess
import tempfile
import termios
import threading
import time

import support
from support import read_all, run
from wire_ends import (TIMEOUT, Terminal, call, listen, receive, reset, server,
                       wire)

BYTES = os.urandom(300000)


def echo_all(c):
    """Hears it to the end, then says it all again."""
    c.sendall(read_all(c))


# ---- connect ----------------------------------------------------------------


def every_way_to_write_an_address():
    for form in ["127.0.0.1:{}", "{}", "tcp:127.0.0.1:{}", "127.0.0.1 {}",
                 "localhost {} -4"]:
        with server(echo_all) as port:
            words = form.format(port).split()
            assert run("connect", *words, stdin=b"hello") == \
                (0, "hello", ""), form
    with tempfile.TemporaryDirectory() as folder:
        for words in ["unix:{}"], ["--unix", "{}"], ["-U", "{}"]:
            path = f"{folder}/s{len(words)}{words[0][1]}"
            with server(echo_all, path):
                assert run("connect", *[w.format(path) for w in words],
                           stdin=b"hi") == (0, "hi", ""), words


def any_bytes_go_both_ways():
    def handle(c):
        c.sendall(BYTES)
        assert read_all(c) == BYTES[::-1]
    with server(handle) as port, wire("connect", str(port)) as w:
        assert w.end(BYTES[::-1]) == (0, BYTES, "")


def the_end_of_the_input_is_told():
    with server(echo_all) as port, wire("connect", str(port)) as w:
        w.write(b"hello")
        assert w.end() == (0, b"hello", "")


def a_peer_that_is_done_first_still_reads():
    heard = []

    def handle(c):
        c.shutdown(socket.SHUT_WR)
        heard.append(read_all(c))
    with tempfile.TemporaryFile() as file:
        file.write(BYTES)
        file.seek(0)
        with server(handle) as port, \
                wire("connect", str(port), stdin=file) as w:
            assert w.end() == (0, b"", "")
    assert heard == [BYTES]


def it_ends_when_the_peer_is_done():
    with server(lambda c: c.sendall(b"bye")) as port, \
            wire("connect", str(port), "--linger", "1ms") as w:
        assert w.read(4) == b"bye"  # nobody has closed the input
        assert w.child.wait(TIMEOUT) == 0
        assert w.end() == (0, b"", "")


def a_closed_descriptor_is_an_end():
    for closed, out in ("<&-", b"hello"), (">&-", b""):
        def handle(c):
            c.sendall(b"hello")
            assert read_all(c) == b""
        with server(handle) as port:
            done = subprocess.run(
                ["sh", "-c", f'exec "$0" "$@" {closed}', support.TENON,
                 "connect", str(port)], stdin=subprocess.DEVNULL,
                capture_output=True, timeout=TIMEOUT)
        assert (done.returncode, done.stdout, done.stderr) == (0, out, b"")


def who_reads_may_have_had_enough():
    def handle(c):
        try:
            while True:
                c.sendall(BYTES)
        except OSError:
            pass
    with server(handle) as port, wire("connect", str(port)) as w:
        assert w.read(10) == BYTES[:10]
        w.child.stdout.close()
        assert w.child.wait(TIMEOUT) == 0
        assert w.child.stderr.read() == b""


def a_peer_that_is_lost():
    def handle(c):
        c.sendall(b"last words")
        read.wait(TIMEOUT)
        reset(c)
    read = threading.Event()
    with server(handle) as port, wire("connect", str(port)) as w:
        assert w.read(10) == b"last words"
        read.set()
        assert w.child.wait(TIMEOUT) == 1
        status, out, err = w.end()
        assert out == b"" and "reset" in err and str(port) in err, err
        assert err.startswith("tenon connect: ") and err.count("\n") == 1


def nobody_there():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # and not listening
        port = s.getsockname()[1]
        status, out, err = run("connect", str(port))
        assert (status, out) == (1, "") and "refused" in err, err
        status, out, err = run("connect", str(port), "--json")
        assert status == 1 and '"code": "ECONNREFUSED"' in err, err
        assert err.startswith('{"event": "failed", "error": "'), err
    status, out, err = run("connect", "-U", "/nowhere/at/all")
    assert (status, out) == (1, "") and "/nowhere/at/all" in err, err


def lines_and_their_ends():
    for words, said, sent, answer, shown in [
            (["--crlf"], b"a\nb", b"a\r\nb", b"x\r\ny\r", b"x\ny\r"),
            (["--line"], b"a\r\nb", b"a\nb\n", b"x\r\n", b"x\r\n"),
            (["-LC"], b"a\n\nb", b"a\r\n\r\nb\r\n", b"\r\n", b"\n")]:
        def handle(c):
            heard.append(read_all(c))
            c.sendall(answer)
        heard = []
        with server(handle) as port, \
                wire("connect", str(port), *words) as w:
            assert w.end(said) == (0, shown, ""), words
        assert heard == [sent], words
    with server(read_all) as port, \
            wire("connect", str(port), "--line") as w:
        status, _, err = w.end(b"x" * 70000)
        assert status == 1 and "65536" in err, err


def from_an_address():
    def handle(c):
        c.sendall(c.getpeername()[0].encode())
    for source in "127.0.0.2", "127.0.0.2:0":
        with server(handle) as port:
            assert run("connect", str(port), "--source", source) == \
                (0, "127.0.0.2", "")


def signals_end_it():
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        def handle(c):
            c.sendall(b"x")
            assert read_all(c) == b"typed"
        with server(handle) as port, wire("connect", str(port)) as w:
            w.write(b"typed")
            assert w.read(1) == b"x"
            w.child.send_signal(number)
            assert w.child.wait(TIMEOUT) == -number
            assert w.end() == (-number, b"", "")


def silence_has_a_limit():
    done = threading.Event()
    with server(lambda c: done.wait(TIMEOUT)) as port:
        status, out, err = run("connect", str(port), "--idle", "50ms")
        assert (status, out) == (124, ""), (status, out)
        assert err == "tenon connect: nothing came or went for 50 ms; " \
            "see --idle\n", err
        done.set()


def what_is_told_about_it():
    with server(echo_all) as port, \
            wire("connect", str(port), "--json") as w:
        event = w.event("connected")
        assert event["peer"] == f"127.0.0.1:{port}", event
        assert event["local"].startswith("127.0.0.1:"), event
        status, out, err = w.end(b"hello")
        assert (status, out) == (0, b"hello")
        assert '"event": "closed"' in err and '"sent": 5, "received": 5' in \
            err, err
    with server(echo_all) as port:
        status, out, err = run("connect", str(port), "-v", stdin=b"abc")
        assert (status, out) == (0, "abc")
        first, last = err.splitlines()
        assert first.startswith("Connected: 127.0.0.1:") and \
            first.endswith(f" to 127.0.0.1:{port}"), err
        assert "3 bytes sent, 3 received" in last, err


def what_does_not_go_together():
    for words, text in [
            ([], "ADDRESS is missing"),
            (["x"], "a port is missing"),
            (["a", "b", "c"], "one word, or two"),
            (["1", "--raw"], "--raw is for a terminal"),
            (["1", "--crlf", "--udp"], "--crlf is for streams"),
            (["1", "--ca", "x"], "need --tls"),
            (["tls:h:1", "--key", "x"], "See --cert"),
            (["-u", "tls:h:1"], "datagrams"),
            (["-U", "/x", "--tls"], "--servername"),
            (["-U", "/x", "--source", "::1"], "about IP"),
            (["1", "--source", "x:y"], "--source: write"),
            (["1", "-46"], "leave nothing"),
            (["1", "--escape", "^^^"], "a key such as")]:
        status, out, err = run("connect", *words)
        assert (status, out) == (2, ""), (words, status, err)
        assert text in err and err.endswith(" (tenon connect --help)\n"), err
    for words, text in [
            (["tls:1.2.3.4:0"], "needs a certificate"),
            (["0", "--many", "2"], "--many needs --exec"),
            (["0", "--tls", "a,"], "write auto, or"),
            (["0", "--alpn", "a"], "need --tls"),
            (["0", "-u", "--exec", "cat"], "--exec goes with a stream"),
            (["0", "--exec"], "COMMAND [ARG...] is missing")]:
        status, out, err = run("listen", *words)
        assert (status, out) == (2, ""), (words, status, err)
        assert text in err, err


# ---- listen -----------------------------------------------------------------


def one_conversation():
    with listen() as w, call(w) as s:
        assert w.place == f"127.0.0.1:{w.port}"
        s.sendall(b"hello")
        assert w.read(5) == b"hello"
        try:  # nobody else gets in
            call(w).close()
            raise AssertionError("it let in another")
        except ConnectionRefusedError:
            pass
        w.write(b"hi")
        assert receive(s, 2) == b"hi"
        w.child.stdin.close()
        assert s.recv(1) == b""
        s.sendall(BYTES)
        s.shutdown(socket.SHUT_WR)
        assert w.read(len(BYTES) + 1) == BYTES
        assert w.child.wait(TIMEOUT) == 0
        assert w.child.stderr.read() == b""


def one_after_another():
    with listen("--keep", "--json") as w:
        for i in range(3):
            said = b"%d" % i
            with call(w) as s:
                event = w.event("connected")
                host, port = s.getsockname()
                assert event["peer"] == f"{host}:{port}", event
                w.write(said)
                assert receive(s, 1) == said
                s.sendall(said * 2)
                assert w.read(2) == said * 2
            event = w.event("closed")
            assert (event["sent"], event["received"]) == (1, 2), event
        # What is typed before somebody comes is for who comes.
        w.write(b"early")
        with call(w) as s:
            assert receive(s, 5) == b"early"
            reset(s)
        w.event("connected")
        w.event("closed")
        assert w.event("failed")["code"] == "ECONNRESET"
        with call(w):  # and it goes on
            w.event("connected")
        w.event("closed")
        w.child.send_signal(signal.SIGINT)
        assert w.end() == (0, b"", "")


def a_lost_peer_is_a_failure():
    with listen() as w:
        with call(w) as s:
            s.sendall(b"last words")
            assert w.read(10) == b"last words"
            reset(s)
        assert w.child.wait(TIMEOUT) == 1
        assert "reset" in w.end()[2]


def unix_sockets_too():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/s"
        with listen("--unix", path) as w, \
                socket.socket(socket.AF_UNIX) as s:
            assert w.place == f"unix:{path}"
            s.connect(path)
            s.sendall(b"hello")
            s.shutdown(socket.SHUT_WR)
            assert w.end(b"hi") == (0, b"hello", "")
            assert read_all(s) == b"hi"
        assert not os.path.exists(path)


def nobody_comes():
    status, out, err = run("listen", "--timeout", "50ms")
    assert (status, out) == (124, ""), (status, out)
    assert err.endswith("tenon listen: nobody connected within 50 ms; "
                        "see --timeout\n"), err
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        status, out, err = run("listen", str(s.getsockname()[1]))
        assert (status, out) == (1, "") and "in use" in err, err


def signals_end_waiting():
    for number in signal.SIGINT, signal.SIGTERM:
        with listen() as w:
            w.child.send_signal(number)
            assert w.end() == (0, b"", "")


# ---- programs ---------------------------------------------------------------


def words_as_they_are():
    said = ["a b", "$(id)", "*", "--json", "", ";", "`x`", "'"]
    with listen("--exec", "printf", "%s\n", *said) as w, call(w) as s:
        assert read_all(s).decode().splitlines() == said
        s.close()
        assert w.end() == (0, b"", "")


def a_program_hears_and_says():
    with listen("-k", "--exec", "cat") as w:
        for data in b"", b"hello", BYTES * 4:
            with call(w) as s:
                def send():
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                thread = threading.Thread(target=send)
                thread.start()
                assert read_all(s) == data
                thread.join()
        w.child.terminate()
        assert w.end() == (0, b"", "")


def a_program_knows_whom_it_serves():
    with listen("--exec", "sh", "-c", "echo $TENON_PEER") as w, call(w) as s:
        host, port = s.getsockname()
        assert read_all(s) == f"{host}:{port}\n".encode()


def the_last_words_of_a_program():
    """It leaves its input unread, and what it said comes all the same."""
    for _ in range(5):
        with listen("--exec", "sh", "-c", "read x; printf last") as w, \
                call(w) as s:
            s.sendall(b"\n" + b"x" * 20000)
            assert read_all(s) == b"last"
            s.close()
            assert w.end() == (0, b"", "")


def how_a_program_ended():
    for script, status, words in [
            ("exit 3", 3, "exit status 3"),
            ("kill -KILL $$", 137, "ended by signal 9")]:
        with listen("--exec", "sh", "-c", script) as w, call(w) as s:
            assert read_all(s) == b""
            s.close()
            got, _, err = w.end()
            assert got == status and words in err, (got, err)
    with listen("--exec", "/nowhere/at/all") as w, call(w) as s:
        assert read_all(s) == b""
        status, _, err = w.end()
        assert status == 1 and err == "tenon listen: start /nowhere/at/all: " \
            "there is no such program, or what its first line names is not " \
            "there\n", err


def a_program_ends_with_its_peer():
    with listen("--json", "--exec", "sh", "-c", "echo; exec sleep 3600") as w:
        with call(w) as s:
            assert s.recv(1) == b"\n"
            w.event("connected")
            reset(s)
        w.event("closed")
        assert w.event("exited")["signal"] == signal.SIGTERM
        assert w.child.wait(TIMEOUT) == 1


def a_program_ends_with_the_command():
    for many in [], ["--many", "3"]:
        with listen(*many, "--exec", "sh", "-c",
                    "echo $$; exec sleep 3600") as w:
            with call(w) as s:
                pid = int(s.makefile().readline())
                w.child.terminate()
                assert w.child.wait(TIMEOUT) == 0
                assert not os.path.exists(f"/proc/{pid}")
                assert read_all(s) == b""


def many_at_once():
    with listen("--many", "2", "--exec", "cat") as w:
        a, b, c = call(w), call(w), call(w)
        for s, said in (b, b"b"), (a, b"a"):
            s.sendall(said)
            assert receive(s, 1) == said
        c.sendall(b"c")  # it has to wait
        c.setblocking(False)
        try:
            raise AssertionError(c.recv(1))
        except BlockingIOError:
            pass
        c.settimeout(TIMEOUT)
        a.close()
        assert receive(c, 1) == b"c"
        b.sendall(b"b")
        assert receive(b, 1) == b"b"
        b.close()
        c.close()
        w.child.send_signal(signal.SIGTERM)
        assert w.child.wait(TIMEOUT) == 0


# ---- datagrams --------------------------------------------------------------


def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(TIMEOUT)
    return s


def datagrams_to_a_server():
    with udp() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        with wire("connect", "-u", f"127.0.0.1:{port}") as w:
            for said in b"hello", b"a\nb\n", bytes(range(256)):
                w.write(said)
                got, peer = s.recvfrom(65536)
                assert got == said
                s.sendto(said[::-1], peer)
                assert w.read(len(said)) == said[::-1]
            w.child.send_signal(signal.SIGINT)
            assert w.child.wait(TIMEOUT) == -signal.SIGINT
        with wire("connect", f"udp:127.0.0.1:{port}", "--line",
                  "--linger", "1ms") as w:
            w.write(b"one\n\ntwo\r\nthree")
            for said in b"one", b"", b"two":
                got, peer = s.recvfrom(65536)
                assert got == said
            s.sendto(b"x", peer)
            s.sendto(b"y\n", peer)
            assert w.read(4) == b"x\ny\n"
            assert w.end() == (0, b"", "")
            assert s.recv(100) == b"three"


def no_server_for_datagrams():
    with udp() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with wire("connect", "-u", str(port), "--linger", "never") as w:
        status, out, err = w.end(b"x")
        assert (status, out) == (1, b"") and "refused" in err, err


def datagrams_from_the_first():
    with listen("udp:127.0.0.1:0") as w, udp() as a, udp() as b:
        assert w.place == f"udp:127.0.0.1:{w.port}"
        a.connect(("127.0.0.1", w.port))
        b.connect(("127.0.0.1", w.port))
        # Also what came from others before it was known who is first.
        w.child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, w.child.pid, os.WSTOPPED)
        a.send(b"first\n")
        b.send(b"another\n")
        w.child.send_signal(signal.SIGCONT)
        assert w.read(6) == b"first\n"
        b.send(b"another\n")
        a.send(b"again\n")
        assert w.read(6) == b"again\n"
        w.write(b"answer")
        assert a.recv(100) == b"answer"
        w.child.send_signal(signal.SIGTERM)
        assert w.end() == (0, b"", "")


def datagrams_from_anybody():
    with listen("-uk", "0", "--json") as w, udp() as a, udp() as b:
        for s, said in (a, b"a"), (b, b"bb"), (a, b"aaa"):
            s.sendto(said, ("127.0.0.1", w.port))
            if w.place:
                w.event("connected")
                w.place = None
            event = w.event("datagram")
            host, port = s.getsockname()
            assert event == {"from": f"udp:127.0.0.1:{port}",
                             "bytes": len(said)}, event
            assert w.read(len(said)) == said
            w.write(said)
            assert s.recv(100) == said
        w.child.send_signal(signal.SIGTERM)
        status, out, err = w.end()
        assert (status, out) == (0, b"") and '"sent": 6' in err, err


def unix_datagrams():
    with tempfile.TemporaryDirectory() as folder:
        with listen("-uU", f"{folder}/s") as w, \
                wire("connect", f"unixgram:{folder}/s") as c:
            assert w.place == f"unixgram:{folder}/s"
            c.write(b"ping")
            assert w.read(4) == b"ping"
            w.write(b"pong")
            assert c.read(4) == b"pong"


# ---- on a terminal ----------------------------------------------------------


def a_person_types():
    def handle(c):
        assert receive(c, 6) == b"hello\n"
        c.sendall(b"\x1b[2Jhi \xe5\x9b\xbe\n")
    with server(handle) as port:
        t = Terminal("connect", str(port))
        t.write(b"hello\n")
        shown = t.read_until(b"They hung up.\r\n")
        assert "\\x1b[2Jhi 图\r\n".encode() in shown, shown
        assert t.end() == 0


def control_d_ends_the_input():
    with server(echo_all) as port:
        t = Terminal("connect", str(port))
        t.write(b"hello\n\x04")
        t.read_until(b"hello\r\nhello\r\nThey hung up.\r\n")
        assert t.end() == 0


def flags(t):
    return termios.tcgetattr(t.tty)[:4]


def every_key_at_once():
    for leave in "key", "peer", "signal", "reset":
        def handle(c):
            assert receive(c, 3) == b"a\x03\r"
            c.sendall(b"\x1b[1mb")
            ready.wait(TIMEOUT)
            if leave == "reset":
                reset(c)
            elif leave != "peer":
                assert read_all(c) == b""
        ready = threading.Event()
        with server(handle) as port:
            t = Terminal("connect", "--raw", str(port))
            before = flags(t)
            t.read_until(b"^] leaves.\r\n")
            while flags(t)[3] & termios.ICANON:
                time.sleep(0.01)
            t.write(b"a\x03\r")
            t.read_until(b"\x1b[1mb")
            ready.set()
            if leave == "key":
                t.write(b"\x1dx")
                t.read_until(b"Left.\r\n")
            elif leave == "signal":
                t.child.terminate()
            elif leave == "peer":
                t.read_until(b"They hung up.\r\n")
            status = t.child.wait(TIMEOUT)
            assert status == {"key": 0, "peer": 0, "reset": 1,
                              "signal": -signal.SIGTERM}[leave], leave
            assert flags(t) == before, leave
            t.end()


support.main([
    every_way_to_write_an_address,
    any_bytes_go_both_ways,
    the_end_of_the_input_is_told,
    a_peer_that_is_done_first_still_reads,
    it_ends_when_the_peer_is_done,
    a_closed_descriptor_is_an_end,
    who_reads_may_have_had_enough,
    a_peer_that_is_lost,
    nobody_there,
    lines_and_their_ends,
    from_an_address,
    signals_end_it,
    silence_has_a_limit,
    what_is_told_about_it,
    what_does_not_go_together,
    one_conversation,
    one_after_another,
    a_lost_peer_is_a_failure,
    unix_sockets_too,
    nobody_comes,
    signals_end_waiting,
    words_as_they_are,
    a_program_hears_and_says,
    a_program_knows_whom_it_serves,
    the_last_words_of_a_program,
    how_a_program_ended,
    a_program_ends_with_its_peer,
    a_program_ends_with_the_command,
    many_at_once,
    datagrams_to_a_server,
    no_server_for_datagrams,
    datagrams_from_the_first,
    datagrams_from_anybody,
    unix_datagrams,
    a_person_types,
    control_d_ends_the_input,
    every_key_at_once,
])

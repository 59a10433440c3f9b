#!/usr/bin/env python3
"""tenon echo --charset: the bytes on the wire are in it, what people see is
right; with Python at either end."""
import os
import re
import socket
import time

import support
from support import Terminal, python_server, read_all, run, serving

STAMP = re.compile(r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d "
                   r"\d{4}\] ")
HELLO = "你好"  # four bytes in GBK


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), 20)


def until(s, end):
    """What comes, up to these bytes."""
    got = b""
    while not got.endswith(end):
        piece = s.recv(4096)
        assert piece, got
        got += piece
    return got


# ---- our server ----------------------------------------------------------------


def a_stamp_parts_no_character():
    for charset, shown in ("GBK", HELLO), ("UTF-8", HELLO), \
            ("UTF-16LE", "\U0001f600"):
        for kind in "fiber", "serial", "thread", "fork":
            with serving("echo", "serve", "127.0.0.1:0", "--stamp",
                         "--charset", charset, "--kind", kind) as server, \
                    connect(server) as s:
                said, a = shown.encode(charset), "a".encode(charset)
                # Half of a character gets no answer until it is whole.
                s.sendall(a + said[:1])
                until(s, a)
                s.settimeout(0.2)
                try:
                    assert not s.recv(1), "answered half a character"
                except TimeoutError:
                    pass
                s.settimeout(20)
                s.sendall(said[1:])
                reply = until(s, said).decode(charset)
                assert STAMP.sub("", reply, count=1) == shown, reply


def a_stamp_is_in_the_charset():
    with serving("echo", "serve", "127.0.0.1:0", "--stamp", "--charset",
                 "UTF-16BE") as server, connect(server) as s:
        for said in HELLO, "again":
            s.sendall(said.encode("utf-16-be"))
            reply = until(s, said.encode("utf-16-be")).decode("utf-16-be")
            assert STAMP.match(reply) and STAMP.sub("", reply) == said, reply


def wrong_bytes_come_back_as_they_are():
    with serving("echo", "serve", "127.0.0.1:0", "--stamp", "--charset",
                 "GBK") as server, connect(server) as s:
        for said in b"\xff\xff\n", b"a\x81\x20b\n", bytes(range(256)) + b"\n":
            s.sendall(said)
            reply = until(s, said)
            assert STAMP.match(reply.decode("latin-1")), reply
        s.sendall(b"\xc4")  # and then no more
        s.shutdown(socket.SHUT_WR)
        reply = read_all(s)
        assert reply.endswith(b"] \xc4"), reply


def what_is_said_is_shown():
    for charset, said in ("GBK", HELLO.encode("gbk")), (None, HELLO.encode()):
        words = ["--charset", charset] if charset else []
        for kind in "fiber", "serial", "thread":
            with serving("echo", "serve", "127.0.0.1:0", "--show", "--kind",
                         kind, *words) as server, connect(server) as s:
                here = "127.0.0.1:%d" % s.getsockname()[1]
                s.sendall(said[:1])
                s.sendall(said[1:] + b"\n")
                assert until(s, b"\n") == said + b"\n"
                line = server.child.stdout.readline().decode()
                assert line == f"{here} {HELLO}\n", line
                # A stranger moves nobody's cursor.
                s.sendall(b"\x1b[2J\xff\nforged\n")
                line = server.child.stdout.readline().decode()
                assert line == here + " \\x1b[2J\ufffd\\x0aforged\n", line


def datagrams_are_whole_texts():
    with serving("echo", "serve", "udp:127.0.0.1:0", "--stamp", "--show",
                 "--charset", "GBK") as server, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.connect(("127.0.0.1", server.port))
        for said in HELLO.encode("gbk"), b"", b"\xc4", b"\xe3a":
            s.send(said)
            reply = s.recv(4096).decode("latin-1")
            assert STAMP.sub("", reply) == said.decode("latin-1"), reply
            line = server.child.stdout.readline().decode().split(" ", 1)[1]
            assert line == said.decode("gbk", "replace") + "\n", line


# ---- our client ----------------------------------------------------------------


def lines_are_encoded():
    heard = []

    def handle(c):
        heard.append(read_all(c))
        c.sendall("[现在] ".encode("gbk") + heard[-1])

    for words, stdin in ([HELLO, "b"], b""), ([], (HELLO + "\nb\n").encode()):
        with python_server(handle) as port:
            status, out, err = run("echo", "--charset", "gbk",
                                   f"127.0.0.1:{port}", *words, stdin=stdin)
            assert (status, err) == (0, ""), err
            assert out == f"[现在] {HELLO}\nb\n", out
    assert heard == [(HELLO + "\nb\n").encode("gbk")] * 2, heard


def shifts_are_undone_at_the_end():
    heard = []

    def handle(c):
        heard.append(read_all(c))
        c.sendall(heard[0])

    with python_server(handle) as port:
        status, out, err = run("echo", "--charset", "ISO-2022-JP",
                               f"127.0.0.1:{port}", stdin="こ".encode())
        assert (status, out, err) == (0, "こ", "")
    assert heard == ["こ".encode("iso-2022-jp")], heard


def any_pieces_are_put_together():
    text = "".join(chr(0x4e00 + i % 20000) for i in range(50000))

    def handle(c):
        data = read_all(c)
        assert data.decode("gb18030") == text
        for at in range(0, len(data), 997):
            c.sendall(data[at:at + 997])

    with python_server(handle) as port:
        status, out, err = run("echo", "--charset", "GB18030",
                               f"127.0.0.1:{port}", stdin=text.encode())
        assert (status, err) == (0, "") and out == text


def wrong_bytes_are_replaced():
    def handle(c):
        read_all(c)
        c.sendall(b"a\xff\x81 \xc4")

    with python_server(handle) as port:
        status, out, err = run("echo", "--charset", "GBK",
                               f"127.0.0.1:{port}")
        assert (status, out) == (0, "a\ufffd\ufffd \ufffd"), (status, out, err)


def what_cannot_be_said_is_an_error():
    with python_server(read_all) as port:
        status, out, err = run("echo", "--charset", "GBK",
                               f"127.0.0.1:{port}", "a\U0001f600")
        assert status == 1 and err == (
            "tenon echo: encode GBK: it does not have U+1F600, at byte 1\n"), \
            err
    for name, status, words in [
        ("klingon", 2, "charset klingon: this system has none of that name"),
        ("GBK//IGNORE", 2, 'charset "GBK//IGNORE": a name is'),
    ]:
        for verb in ["echo"], ["echo", "serve"]:
            got, _, err = run(*verb, "--charset", name, "127.0.0.1:1")
            assert got == status and words in err, err


def datagrams_are_encoded():
    heard = []

    def answer(s):
        for _ in range(2):
            data, peer = s.recvfrom(4096)
            heard.append(data)
            s.sendto("好 ".encode("gbk") + data, peer)

    with python_server(answer, socket.SOCK_DGRAM) as port:
        status, out, err = run("echo", "--charset", "GBK",
                               f"udp:127.0.0.1:{port}",
                               stdin=(HELLO + "\n\nlast").encode())
        assert (status, out, err) == (0, f"好 {HELLO}\n好 last\n", "")
    assert heard == [HELLO.encode("gbk"), b"last"], heard


def a_person_types():
    with serving("echo", "serve", "127.0.0.1:0", "--charset", "GBK",
                 "--stamp") as server:
        t = Terminal("echo", "--charset", "GBK", server.place)
        t.read_until(b"> ")
        t.write((HELLO + "\U0001f600\n").encode())
        shown = t.read_until(f"] {HELLO}?\r\n> ".encode())
        t.write(b"\x04")
        assert t.end() == 0, shown


def what_comes_cannot_harm_the_terminal():
    def handle(c):
        c.recv(100)
        c.sendall(b"\x1b[2J\xc4")
        time.sleep(0.1)
        c.sendall(b"\xe3\xff\n\xba")

    with python_server(handle) as port:
        t = Terminal("echo", "--charset", "GBK", f"127.0.0.1:{port}")
        t.read_until(b"> ")
        t.write(b"x\n")
        shown = t.read_until(b"hung up.")
        assert "\\x1b[2J你\ufffd\r\n> \ufffd".encode() in shown, shown
        assert b"\x1b" not in shown
        assert t.end() == 0


def ours_with_ours():
    for address in "127.0.0.1:0", "udp:127.0.0.1:0", \
            f"unix:@tenon-charset-{os.getpid()}":
        for charset in "GBK", "UTF-16LE", "GB18030", "UTF-8":
            with serving("echo", "serve", address, "--stamp", "--charset",
                         charset) as server:
                status, out, err = run("echo", server.place, "--charset",
                                       charset, HELLO)
                assert (status, err) == (0, ""), (address, charset, err)
                assert STAMP.sub("", out) == HELLO + "\n", out


def show_needs_one_process():
    status, _, err = run("echo", "serve", "127.0.0.1:0", "--show", "--kind",
                         "fork")
    assert status == 2 and "--kind fork does not go with --show" in err, err


support.main([
    a_stamp_parts_no_character,
    a_stamp_is_in_the_charset,
    wrong_bytes_come_back_as_they_are,
    what_is_said_is_shown,
    datagrams_are_whole_texts,
    lines_are_encoded,
    shifts_are_undone_at_the_end,
    any_pieces_are_put_together,
    wrong_bytes_are_replaced,
    what_cannot_be_said_is_an_error,
    datagrams_are_encoded,
    a_person_types,
    what_comes_cannot_harm_the_terminal,
    ours_with_ours,
    show_needs_one_process,
])

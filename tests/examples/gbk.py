#!/usr/bin/env python3
"""Row F20: echo with --port, text in GBK, both ways round with Python's;
characters that come in halves, and what is no GBK."""
import socket
import threading

from twins import Program, ours, pairs, theirs

MESSAGE = "你好，这是一条测试消息。"


def received(said):
    return "".join(line.removeprefix("received: ") for line in
                   said.splitlines() if line.startswith("received: "))


for server, client in pairs("gbk_server", "gbk_client"):
    with Program(server, "--port", 0) as s:
        port = s.port()
        for _ in range(3):
            with Program(client, "--port", port) as c:
                said = c.ends()
                assert said.startswith(f"sending {MESSAGE}\n"), said
                assert received(said) == MESSAGE, said
            s.until(f"client: {MESSAGE}\n")
        s.alive()

# Any text, and a conversation; a piece may end anywhere.
with Program(ours("gbk_server"), "--port", 0) as s:
    port = s.port()
    with Program(ours("gbk_client"), "--port", port, "中" * 3000) as c:
        assert received(c.ends()) == "中" * 3000
    with socket.create_connection(("127.0.0.1", port)) as c:
        c.settimeout(20)
        data = MESSAGE.encode("gbk")
        for at in range(len(data)):
            c.sendall(data[at:at + 1])
            assert c.recv(1) == data[at:at + 1]
            if at % 2:
                s.until(f"client: {MESSAGE[at // 2]}\n")
        c.sendall(b"\xff\x1b[2J")
        assert c.recv(10) == b"\xff\x1b[2J"
        s.until("client: \ufffd\\\\x1b\\[2J\n".encode())
    s.interrupt().ends(-2)


def in_halves(server):
    with server.accept()[0] as c:
        for byte in c.recv(2048):
            c.sendall(bytes([byte]))


def mute(server):
    with server.accept()[0] as c:
        c.recv(2048)


with socket.create_server(("127.0.0.1", 0)) as server:
    port = server.getsockname()[1]
    thread = threading.Thread(target=in_halves, args=(server,))
    thread.start()
    with Program(ours("gbk_client"), "--port", port) as c:
        assert received(c.ends()) == MESSAGE
    thread.join()
    threading.Thread(target=mute, args=(server,)).start()
    with Program(ours("gbk_client"), "--port", port) as c:
        c.ends(1, "24 bytes are missing")
with Program(ours("gbk_client"), "--port", port) as c:
    c.ends(1, "refused")
with Program(ours("gbk_client"), "--port", port, "\U0001f600") as c:
    c.ends(1, "it does not have U+1F600")
for program in "gbk_server", "gbk_client":
    with Program(ours(program), "--nonsense") as c:
        c.ends(2, f"usage: {program} [--port PORT]")
    with Program(ours(program), "--port", "nonsense") as c:
        c.ends(1, "nonsense")

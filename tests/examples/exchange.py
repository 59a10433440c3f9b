#!/usr/bin/env python3
"""Row F3: one exchange, both ways round with Python's."""
import socket
import threading

from twins import Program, ours, pairs


def where(command, port):
    return f"127.0.0.1:{port}" if command[0].endswith("client") else port


for server, client in pairs("exchange_server", "exchange_client"):
    with Program(server, *([0] if len(server) > 1 else ["127.0.0.1:0"])) as s:
        with Program(client, where(client, s.port())) as c:
            assert c.ends() == "server: Gun!!\n"
        assert s.ends() == "client: Hello!!\n"

# A client that only connects, one that is gone at once, Ctrl-C.
with Program(ours("exchange_server"), "127.0.0.1:0") as s:
    with socket.create_connection(("127.0.0.1", s.port())) as c:
        c.shutdown(socket.SHUT_WR)
        assert c.recv(1024) == b"Gun!!"
    assert s.ends() == ""
with Program(ours("exchange_server"), "127.0.0.1:0") as s:
    with socket.create_connection(("127.0.0.1", s.port())) as c:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     b"\1\0\0\0\0\0\0\0")
    s.ends(1, "reset")
with Program(ours("exchange_server"), "127.0.0.1:0") as s:
    s.port()
    s.interrupt().ends(-2)


# A server that hangs up without a word.
def mute(server):
    with server.accept()[0] as c:
        c.recv(1024)


with socket.create_server(("127.0.0.1", 0)) as server:
    threading.Thread(target=mute, args=(server,)).start()
    with Program(ours("exchange_client"),
                 "127.0.0.1:%d" % server.getsockname()[1]) as c:
        c.ends(1, "has hung up without an answer")

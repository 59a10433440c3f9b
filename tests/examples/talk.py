#!/usr/bin/env python3
"""Rows F4 and F5: conversations typed on both sides, both ways round with
Python's; clients that are lost."""
import socket
import struct

from twins import Program, ours, pairs, theirs


def start_server(command, *options):
    port = 0 if len(command) > 1 else "127.0.0.1:0"
    return Program(command, *options, port)


def start_client(command, port, *options):
    if len(command) == 1:
        port = f"127.0.0.1:{port}"
    return Program(command, *options, port)


def converse(server, client, farewell):
    for said, answer in (("hello", "hi"), ("你好", "nice day, isn't it"),
                         ("bye then", "ByeBye")):
        client.type(said)
        server.until(": " + said + "\n")
        server.type(answer)
        client.until("server: " + answer + "\n")
    client.type(farewell)
    client.ends()


def lose(server, port, said):
    """A client whose machine loses its mains, before or after it is heard."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
        if said:
            client.sendall(said.encode())
            server.until(": " + said + "\n")
    if said:
        server.type("are you there?")
    server.until("next, please\n")


for options, farewell in ([], "ByeBye"), (["--bye"], "  bYe "):
    for server, client in pairs("talk_server", "talk_client"):
        with start_server(server, *options) as s:
            with start_client(client, s.port(), *options) as c:
                converse(s, c, farewell)
            s.until("client: " + farewell + "\n")
            s.ends()

# The server hangs up, the client hangs up, the client says half a farewell.
with start_server(theirs("talk_server")) as s:
    with start_client(ours("talk_client"), s.port()) as c:
        c.type("hello")
        s.until("client: hello\n")
        s.process.kill()
        c.until("The server has left.\n|> ")
        s.process.wait()
with start_server(ours("talk_server")) as s:
    with socket.create_connection(("127.0.0.1", s.port())) as c:
        c.sendall(b"Bye")
        s.until("client: Bye\n")
        s.type("what?")
        assert c.recv(1024) == b"what?"
        c.sendall(b"Bye")
        s.until("client: Bye\n")
        s.type("well?")
        assert c.recv(1024) == b"well?"
    s.until("The client has left.\n")
    s.ends()
with start_server(ours("talk_server")) as s:
    s.port()
    s.interrupt().ends(-2)

# One after another.
for server, client in pairs("talk_each_server", "talk_client"):
    with start_server(server) as s:
        port = s.port()
        for _ in range(2):
            with start_client(client, port) as c:
                converse(s, c, "ByeBye")
            s.until("next, please\n")
        lose(s, port, "")
        lose(s, port, "I must g")
        with start_client(client, port) as c:
            converse(s, c, "ByeBye")
        s.alive()
        s.interrupt()
        s.process.wait()

# The operator goes home.
with start_server(ours("talk_each_server")) as s:
    with start_client(ours("talk_client"), s.port()) as c:
        c.type("hello")
        s.until(": hello\n")
        s.process.stdin.close()
        c.until("The server has left.\n")
    s.until("next, please\n")
    s.ends()

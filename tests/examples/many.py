#!/usr/bin/env python3
"""Rows F6 and F7: many clients at once, by thread and by fiber: echo, and an
operator who types the answers.  Both ways round with Python's."""
import socket
import struct

from twins import Program, ours, theirs

KINDS = [], ["--thread"]


def connect(port):
    client = socket.create_connection(("127.0.0.1", port))
    client.settimeout(20)
    return client


def receive(client, count):
    got = b""
    while len(got) < count:
        piece = client.recv(1024)
        assert piece, got
        got += piece
    return got


def start_client(command, port, name="127.0.0.1:%d"):
    return Program(command, name % port if len(command) == 1 else port)


def interleaved(port):
    """All have come before the first is answered, and the last goes first."""
    clients = [connect(port) for _ in range(50)]
    for number, client in enumerate(reversed(clients)):
        client.sendall(b"I am %d" % number)
        assert receive(client, len("I am %d" % number)) == b"I am %d" % number
    for number, client in enumerate(clients):
        if number % 3 == 0:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
        client.close()


def much(port):
    """More than fits into any buffer, with nobody to read it at first."""
    data = bytes(range(256)) * 2048
    with connect(port) as client:
        for at in range(0, len(data), 65536):
            client.sendall(data[at:at + 65536])
            assert receive(client, 65536) == data[at:at + 65536]
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def echo_with(server, port, clients):
    for command in clients:
        with start_client(command, port) as first, \
                start_client(command, port) as second:
            for client in second, first, second:
                client.type("hello").until("> hello\n")
            first.type("").ends()
            second.type("hello, 你好").until("> hello, 你好\n")
            second.process.kill()
    server.alive()


for kind in KINDS:
    with Program(ours("echo_many"), *kind, "127.0.0.1:0") as server:
        port = server.port()
        echo_with(server, port, [theirs("stamp_tcp_client"),
                                 ours("stamp_tcp_client")])
        interleaved(port)
        much(port)
        server.alive()
        server.interrupt().ends(-2)
with Program(theirs("echo_many"), 0) as server:
    echo_with(server, server.port(), [ours("stamp_tcp_client")])


def answer_with(server, client):
    port = server.port()
    with start_client(client, port) as first, \
            start_client(client, port) as second, \
            start_client(client, port) as third:
        first.type("I am first")
        server.until(r":\d+: I am first\n")
        second.type("I am second")
        third.process.kill()
        server.type("welcome").until(r":\d+: I am second\n")
        first.until("server: welcome\n")
        server.type("to you too")
        second.until("server: to you too\n")
        first.type("ByeBye").ends()
        second.type("and now?")
        server.until(r"and now\?\n")
        server.type("nothing")
        second.until("server: nothing\n")
        server.alive()


for kind in KINDS:
    for client in ours("talk_client"), theirs("talk_client"):
        with Program(ours("answer_many"), *kind, "127.0.0.1:0") as server:
            answer_with(server, client)
            # Somebody still waits when the operator goes home.
            server.process.stdin.close()
            server.ends()
    with Program(ours("answer_many"), *kind, "127.0.0.1:0") as server:
        with connect(server.port()) as client:
            client.sendall(b"\33[31mhello")
            server.until(r": \\x1b\[31mhello\n> ")
            server.process.stdin.close()
            assert client.recv(1) == b""
        server.ends()

# In Python whoever comes first to the keyboard gets what is typed.
with Program(theirs("answer_many"), 0) as server:
    port = server.port()
    with start_client(ours("talk_client"), port) as first, \
            start_client(ours("talk_client"), port) as second:
        for client in second, first:
            client.type("hello")
            server.until(": hello\n")
            server.type("welcome")
            client.until("server: welcome\n")

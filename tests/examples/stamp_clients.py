#!/usr/bin/env python3
"""Rows F1 and F2: the clients of stamped echo, with Python's servers and with
echo_stamp; Python's clients with echo_stamp."""
import socket
import threading

from twins import Program, ours, theirs

STAMPED = r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d \d{4}\] "

with Program(ours("echo_stamp"), "127.0.0.1:0") as ours_tcp, \
        Program(ours("echo_stamp"), "udp:127.0.0.1:0") as ours_udp, \
        Program(theirs("stamp_tcp_server"), 0) as their_tcp, \
        Program(theirs("stamp_udp_server"), 0) as their_udp:
    ports = [server.port() for server in (ours_tcp, ours_udp, their_tcp,
                                          their_udp)]

    def converse(command, *address):
        with Program(command, *address) as client:
            for said in "hello", "你好", "hello again":
                client.type(said).until(STAMPED + said + r"\n")
            client.type("").ends()

    converse(theirs("stamp_tcp_client"), ports[0])
    converse(theirs("stamp_udp_client"), ports[1])
    for port in ports[0], ports[2]:
        converse(ours("stamp_tcp_client"), f"127.0.0.1:{port}")
    for port in ports[1], ports[3]:
        converse(ours("stamp_udp_client"), "127.0.0.1", port)


# What a stranger says cannot move a person's cursor.
def rude(server):
    with server.accept()[0] as client:
        client.recv(1024)
        client.sendall(b"\33[2Jboo\n")


with socket.create_server(("127.0.0.1", 0)) as server:
    threading.Thread(target=rude, args=(server,)).start()
    with Program(ours("stamp_tcp_client"),
                 "127.0.0.1:%d" % server.getsockname()[1]) as client:
        client.type("hi", "hi").until(r"\\x1b\[2Jboo\\x0a\n")
        client.until("The server has hung up.\n")
        client.ends()
    port = server.getsockname()[1]

# Nobody there, or nobody who answers.
with Program(ours("stamp_tcp_client"), f"127.0.0.1:{port}") as client:
    client.ends(1, "refused")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
    silent.bind(("127.0.0.1", 0))
    with Program(ours("stamp_udp_client"), "127.0.0.1",
                 silent.getsockname()[1]) as client:
        client.type("hello", "").until("No answer within a second.\n")
        client.ends()
with Program(ours("stamp_udp_client"), "127.0.0.1", "nonsense") as client:
    client.ends(1, "nonsense")

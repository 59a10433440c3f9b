#!/usr/bin/env python3
"""Row F8: commands run elsewhere, both ways round with Python's: output of any
length and charset, what fails, what takes too long or never ends."""
import os
import socket
import tempfile

from twins import PATIENCE, Program, ours, pairs

# A session ends the wait of whoever reads with the next prompt.
TALK = [
    ("echo hello", "hello\n> "),
    ("printf %s no-line-end", "no-line-end> "),
    ("true", "> "),
    ("seq 100000", "\n99999\n100000\n> "),
    ("printf \\344\\275\\240\\345\\245\\275\\n", "你好\n> "),
    ("printf \\304\\343\\272\\303\\n", "你好\n> "),  # GBK
    ("echo again", "again\n> "),
]


def quoted(command):
    return command if "\\" not in command else \
        "printf '" + command.split(" ", 1)[1] + "'"


def start(command, *options):
    return Program(command, *options,
                   "127.0.0.1:0" if len(command) == 1 else 0)


def connect(command, port, *options):
    return Program(command, *options,
                   f"127.0.0.1:{port}" if len(command) == 1 else port)


def talk(server, client, shell):
    client.until("> ")
    for command, wanted in TALK:
        if command == "true" and shell:
            continue  # our "ok" and the next command might stick together
        client.type(quoted(command) if shell else command)
        client.until(wanted)
    client.type("").ends()
    server.alive()


for server, client in pairs("command_server", "command_client"):
    with start(server) as s, connect(client, port := s.port()) as c:
        talk(s, c, len(server) > 1)

with start(ours("command_server"), "--shell") as s:
    s_port = s.port()
    s.until("Whoever can connect there runs programs as you.\n")
    with connect(ours("command_client"), s_port, "--charset",
                 "SHIFT_JIS") as c:
        c.type("printf '\\223\\372\\226\\173\\n'; exit 3").until("日本\n> ")
        s.until(r"127.0.0.1:\d+: printf ")
        s.until("  exit status 3, 5 bytes\n")
        c.type("kill -9 $$").until("> ")
        s.until("  ended by SIGKILL \\(9\\), 0 bytes\n")
        # Without end, and with none of what a terminal would obey.
        c.type("yes").until("limit passed\n> ")
        c.type("printf '\\033[31m\\ta\\n'").until(r"\\x1b\[31m\ta\n> ")
        c.type("echo to-error >&2").until("to-error\n> ")
        c.type("cat; tty").until("not a tty\n> ")
    s.alive()

with start(ours("command_server")) as s, tempfile.TemporaryDirectory() as d:
    port = s.port()
    with connect(ours("command_client"), port) as c:
        # No shell reads it.
        c.type(f"echo $HOME ; touch {d}/x > y | z")
        c.until(rf"\$HOME ; touch {d}/x > y \| z\n> ")
        assert os.listdir(d) == []
        c.type("no-such-program").until(
            "start no-such-program: there is no such program in PATH\n> ")
        c.type("   ").until("missing\n> ")
        # Others are served meanwhile.
        c.type("sleep 20")
        s.until("sleep 20\n")
        with connect(ours("command_client"), port) as other:
            other.type("echo hello").until("hello\n> ")
    for said in b"true", b"x" * 2000:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(PATIENCE)
            client.sendall(said)
            if said == b"true":
                assert client.recv(1024) == b"0"
                client.sendall(b"no")
            try:
                assert client.recv(1024) == b""
            except ConnectionResetError:
                pass
    s.alive()

# A server that names no length, or too much of one.
for answer in b"many", b"99999999999":
    with socket.create_server(("127.0.0.1", 0)) as server, \
            connect(ours("command_client"), server.getsockname()[1]) as c:
        c.type("ls")
        with server.accept()[0] as client:
            assert client.recv(1024) == b"ls"
            client.sendall(answer)
            c.ends(1, "names no length")

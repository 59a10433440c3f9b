#!/usr/bin/env python3
"""Row F9: files sent and taken, both ways round with Python's; what comes in
pieces or all at once; names that would leave the folder; what is refused."""
import os
import random
import socket
import struct
import tempfile

from twins import PATIENCE, Program, ours, pairs

BYTES = random.Random(9).randbytes(200000)
FILES = {
    "empty": b"",
    "one": b"x",
    "text.txt": b"not a digit at first, 1 2 3\n" * 100,
    "exactly": b"k" * 1024,
    "two pieces": b"k" * 1025,
    "\u4f60\u597d.bin": b"\0" + BYTES,
}


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def start(command, folder):
    where = "127.0.0.1:0" if len(command) == 1 else 0
    return Program(command, folder, where)


def send(command, port, path):
    where = f"127.0.0.1:{port}" if len(command) == 1 else port
    with Program(command, where, path) as client:
        client.ends()


def sent(port, *pieces, reset=False):
    """Each piece by itself, then the end, and then the server's."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(PATIENCE)
        for piece in pieces:
            client.sendall(piece)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
            return
        client.shutdown(socket.SHUT_WR)
        try:
            assert client.recv(1) == b""
        except ConnectionResetError:
            pass


for server, client in pairs("upload_server", "upload_client"):
    with tempfile.TemporaryDirectory() as here, \
            tempfile.TemporaryDirectory() as there, \
            start(server, there) as s:
        port = s.port()
        for name, data in FILES.items():
            send(client, port, write(here, name, data))
            s.until(f"received: {name}, {len(data)} bytes\n")
            assert read(there, name) == data, name
        assert sorted(os.listdir(there)) == sorted(FILES)
        s.alive()

with tempfile.TemporaryDirectory() as above:
    folder = os.path.join(above, "in")
    os.mkdir(folder)
    os.symlink(above, os.path.join(folder, "out"))
    with start(ours("upload_server"), folder) as s:
        port = s.port()

        def taken(name, data, *pieces):
            sent(port, *pieces)
            s.until(f"received: {name}, {len(data)} bytes\n")
            assert read(folder, name) == data
            os.unlink(os.path.join(folder, name))

        def refused(why, *pieces, **more):
            sent(port, *pieces, **more)
            s.until(r"refused: 127.0.0.1:\d+: [^\n]*" + why)
            assert os.listdir(folder) == ["out"], os.listdir(folder)
            assert os.listdir(above) == ["in"], os.listdir(above)

        taken("a", b"hello", b"post|a|5hello")
        taken("a", b"hello", b"po", b"st|", b"a", b"|5h", b"ello")
        # What is read as SIZE fits what comes, or nothing is kept.
        refused("bytes are missing", b"post|a|210")
        refused("more bytes than SIZE", b"post|a|5helloo")
        refused("bytes are missing", b"post|a|6hello")
        refused("within the header", b"post|a|")
        refused("not post", b"get|a|5hello")
        refused("not post", b"post|a|hello")
        refused("more than 1 GiB", b"post|a|1073741825x")
        refused("more than 1 GiB", b"post|a|" + b"9" * 60 + b"x")
        refused("header without an end", b"post|" + b"a" * 600)
        for name in (b"../a", b"/etc/a", b"out/a", b"x/../../a", b"..", b".",
                     b"", b"in/a", b"a\0b", b"n" * 300):
            refused("", b"post|" + name + b"|5hello")
        sent(port, b"post|a|6hello", reset=True)
        s.until("refused: ")

        # No file replaces another, and a terminal shows no stranger's codes.
        sent(port, b"post|\33[31m|5hello")
        s.until(r"received: \\x1b\[31m, 5 bytes\n")
        sent(port, b"post|\33[31m|5other")
        s.until("refused: .*exists")
        assert read(folder, "\33[31m") == b"hello"
        s.alive()

        with tempfile.TemporaryDirectory() as here:
            # The pause that the original's users take makes this likely.
            path = write(here, "digits", b"0123")
            with Program(ours("upload_client"), f"127.0.0.1:{port}",
                         path) as c:
                c.ends()
            s.until("(received|refused): ")
            with Program(ours("upload_client"), f"127.0.0.1:{port}",
                         os.path.join(here, "none"), write(here, "a|b", b"x"),
                         write(here, "good", b"x")) as c:
                c.process.wait(PATIENCE)
                said = c.process.stderr.read().decode()
                assert c.process.returncode == 1
                assert "none: no such file" in said and "with |" in said, said
            s.until("received: good, 1 bytes\n")

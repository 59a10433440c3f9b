#!/usr/bin/env python3
"""Row F16: a page by HTTP/1.0, from Python's server and from ours, and which of
the five steps failed.  Ours and Python's say the same."""
import contextlib
import os
import re
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from twins import Program, ours, theirs

BOTH = ours("get_page"), theirs("get_page")


def get(command, *words, **more):
    done = subprocess.run([*command, *map(str, words)], timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **more)
    return done.returncode, done.stdout, done.stderr.decode()


# ---- pages ---------------------------------------------------------------------

with tempfile.TemporaryDirectory() as folder:
    page = os.urandom(300000)
    with open(os.path.join(folder, "page.bin"), "wb") as file:
        file.write(page)
    server = [sys.executable, "-u", "-m", "http.server", "0", "--bind",
              "127.0.0.1", "--directory", folder]
    with Program(server) as s:
        port = int(s.until(rb"port (\d+)").group(1))
        answers = []
        for command in BOTH:
            status, out, err = get(command, "--host", "127.0.0.1", "--port",
                                   port, "--file", "/page.bin")
            assert (status, err) == (0, ""), err
            assert out.endswith(b"\r\n\r\n" + page)
            answers.append(re.sub(rb"Date: .*", b"", out))
        assert answers[0] == answers[1]
        status, out, err = get(BOTH[0], "--port", port, "--file", "/none")
        assert status == 0 and out.startswith(b"HTTP/1.0 404 "), out
with Program(ours("hello_http"), "127.0.0.1:0") as s:
    port = int(s.until(rb"http://127.0.0.1:(\d+)/").group(1))
    for command in BOTH:
        status, out, err = get(command, "--port", port)
        assert status == 0 and out.startswith(b"HTTP/1.1 200 "), out

# ---- what fails ----------------------------------------------------------------


def step(words, wanted, **more):
    for command in BOTH:
        status, out, err = get(command, *words, **more)
        assert status == 1 and out == b"", (status, out, err)
        assert re.match(f"get_page: {wanted}: .", err), (command, err)


@contextlib.contextmanager
def answering(answer):
    """A server that does so to whoever comes."""
    def serve():
        with contextlib.suppress(OSError):
            while True:
                with server.accept()[0] as caller:
                    answer(caller)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield ["--host", "127.0.0.1", "--port", server.getsockname()[1]]
        server.shutdown(socket.SHUT_RDWR)


def reset(caller):
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                      struct.pack("ii", 1, 0))


def hear_and_reset(caller):
    assert caller.recv(1024).endswith(b"\r\n\r\n")
    reset(caller)


step(["--host", "nobody.invalid"], "address")
with socket.socket() as unheard:
    unheard.bind(("127.0.0.1", 0))
    step(["--host", "127.0.0.1", "--port", unheard.getsockname()[1]],
         "connecting")
with answering(hear_and_reset) as where:
    step(where, "receiving")
with answering(reset) as where:
    # Whatever we are at when it comes.
    step(where, "(connecting|sending|receiving)")

# The loader has done its work with one descriptor, and so has what waits.
for more in range(4, 20):
    status, out, err = get(
        BOTH[0], "--port", 1, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (more, more)))
    if "get_page: creating a socket: " in err:
        assert "too many open files" in err, err
        break
else:
    raise AssertionError("no descriptor was missing")
assert get(BOTH[0], "--port")[0] == 2
assert get(BOTH[0], "--file", "/" + "x" * 3000, "--port", 1)[0] == 1

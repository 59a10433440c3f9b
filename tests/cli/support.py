"""What the tests of the command share: running it, servers that end with the
test, raw HTTP, and rows with names."""
import contextlib
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback

TENON = os.environ["TENON"]
TIMEOUT = 20


def run(*words, stdin=b"", timeout=TIMEOUT, **options):
    """tenon WORDS: its status, stdout and stderr."""
    done = subprocess.run([TENON, *words], input=stdin, timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def terminal(*words, **env):
    """What a person sees, with the codes for colours."""
    parent, child = pty.openpty()
    done = subprocess.run([TENON, *words], stdin=child, stdout=child,
                          stderr=child, timeout=20,
                          env={**os.environ, "TERM": "xterm", **env})
    os.close(child)
    text = b""
    try:
        while piece := os.read(parent, 65536):
            text += piece
    except OSError:  # the other end is closed
        pass
    os.close(parent)
    assert done.returncode == 0, text
    return text.decode().replace("\r\n", "\n")


children = []


def spawn(*words, **options):
    """tenon WORDS, which ends with the test program at the latest."""
    child = subprocess.Popen([TENON, *words], **options)
    children.append(child)
    return child


class Server:
    """tenon WORDS..., which says where it is on its first line."""

    def __init__(self, *words, **options):
        self.child = spawn(
            *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, **options)
        self.said = self.child.stdout.readline().decode()
        self.place = self.said.rstrip("\n").rsplit(" ", 1)[-1]
        match = re.search(r":(\d+)/?$", self.place)
        self.port = int(match.group(1)) if match else None

    def stop(self, number=signal.SIGTERM):
        """Ends it: its status, and the rest of stdout and stderr."""
        self.child.send_signal(number)
        out, err = self.child.communicate(timeout=TIMEOUT)
        return self.child.returncode, out.decode(), err.decode()


@contextlib.contextmanager
def serving(*words, **options):
    """A server that has to end well when the block does."""
    server = Server(*words, **options)
    try:
        yield server
        if server.child.poll() is None:
            status, _, err = server.stop()
            assert status == 0 and err == "", (status, err)
    finally:
        if server.child.poll() is None:
            server.child.kill()
            server.child.communicate()
        else:
            server.child.stdout.close()
            server.child.stderr.close()


@contextlib.contextmanager
def python_server(handle, kind=socket.SOCK_STREAM):
    """A server in a thread: handle(connection), or handle(socket) once."""
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(20)

        def serve():
            if kind == socket.SOCK_DGRAM:
                handle(s)
                return
            connection, _ = s.accept()
            with connection:
                handle(connection)

        if kind == socket.SOCK_STREAM:
            s.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield s.getsockname()[1]
        finally:
            thread.join(20)
            assert not thread.is_alive()


class Terminal:
    """tenon WORDS on a terminal of its own."""

    def __init__(self, *words):
        self.main, tty = os.openpty()
        self.child = spawn(*words, stdin=tty, stdout=tty, stderr=tty)
        os.close(tty)
        self.text = b""

    def read_until(self, what):
        while what not in self.text:
            self.text += os.read(self.main, 4096)
        text, self.text = self.text, b""
        return text

    def write(self, text):
        os.write(self.main, text)

    def end(self):
        status = self.child.wait(20)
        os.close(self.main)
        return status


@contextlib.contextmanager
def folder(files):
    """A folder with files of these names (str or bytes) and contents; None is
    a folder."""
    with tempfile.TemporaryDirectory(prefix="tenon-cli-") as root:
        for name, content in files.items():
            path = os.path.join(os.fsencode(root), os.fsencode(name))
            if content is None:
                os.makedirs(path, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        yield root


def read_all(s):
    data = b""
    while piece := s.recv(65536):
        data += piece
    return data


def exchange(port, request):
    """Bytes to 127.0.0.1:PORT, half-closed, and all that comes back."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as s:
        s.sendall(request)
        s.shutdown(socket.SHUT_WR)
        return read_all(s)


class Reply:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.version, self.status = lines[0].split()[:2]
        self.status = int(self.status)
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.lower()
            before = self.fields.get(name)
            value = value.strip()
            self.fields[name] = before + ", " + value if before else value


def request(port, target, method="GET", fields=(), version="1.0"):
    """One request whose target goes out byte for byte."""
    lines = [f"{method} ".encode() + target + f" HTTP/{version}".encode(),
             b"Host: x", b"Connection: close"]
    lines += [f"{name}: {value}".encode() for name, value in fields]
    return Reply(exchange(port, b"\r\n".join(lines) + b"\r\n\r\n"))


def main(tests):
    """Runs functions by name; every one of them even after a failure."""
    failed = 0
    for test in tests:
        name = test.__name__.replace("_", " ")
        try:
            test()
            print("ok", name, flush=True)
        except Exception:
            failed += 1
            print("not ok", name, flush=True)
            traceback.print_exc()
    for child in children:
        if child.poll() is None:
            child.kill()
    sys.exit(1 if failed else 0)

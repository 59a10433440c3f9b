"""Both ends of a wire: the command's, with its words read as they come, and
Python's in a thread."""
import contextlib
import json
import os
import re
import socket
import struct
import subprocess
import threading

import support

TIMEOUT = 30


class Wire:
    """tenon WORDS with a pipe at each standard descriptor, unless told
    otherwise."""

    def __init__(self, *words, **options):
        self.child = support.spawn(*words, **{
            "stdin": subprocess.PIPE, "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE, **options})
        self.words = words

    def write(self, data):
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def read(self, size):
        """Exactly so many bytes that came, or fewer at the end."""
        return self.child.stdout.read(size)

    def line(self):
        """The next one on stderr."""
        return self.child.stderr.readline().decode()

    def event(self, name):
        """The next of them, which has to be that one."""
        line = self.line()
        event = json.loads(line)
        assert event.pop("event") == name, line
        return event

    def end(self, data=None):
        """What is left to write, and the end of the input: status, and the
        rest of stdout and stderr."""
        if self.child.stdin is not None and self.child.stdin.closed:
            self.child.stdin = None
        out, err = self.child.communicate(data, timeout=TIMEOUT)
        return self.child.returncode, out, err.decode()

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for file in self.child.stdin, self.child.stdout, self.child.stderr:
            if file is not None:
                with contextlib.suppress(BrokenPipeError):
                    file.close()


@contextlib.contextmanager
def wire(*words, **options):
    w = Wire(*words, **options)
    try:
        yield w
    finally:
        w.kill()


@contextlib.contextmanager
def listen(*words, **options):
    """tenon listen WORDS, which has said where."""
    with wire("listen", *words, **options) as w:
        own = words[:words.index("--exec")] if "--exec" in words else words
        if "--json" in own:
            w.place = w.event("listening")["address"]
        else:
            said = w.line()
            assert said.startswith("Listening at "), (said, w.end())
            w.place = said.rstrip("\n").rsplit(" ", 1)[-1]
        port = re.search(r":(\d+)$", w.place)
        w.port = int(port.group(1)) if port else None
        yield w


def call(w):
    """A connection to what listens."""
    return socket.create_connection(("127.0.0.1", w.port), TIMEOUT)


@contextlib.contextmanager
def server(handle, path=None):
    """One connection, handled in a thread; the port."""
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as s:
        s.settimeout(TIMEOUT)
        s.bind(path or ("127.0.0.1", 0))
        s.listen()
        failed = []

        def serve():
            try:
                connection, _ = s.accept()
                with connection:
                    connection.settimeout(TIMEOUT)
                    handle(connection)
            except Exception as e:
                failed.append(e)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield path or s.getsockname()[1]
        finally:
            thread.join(TIMEOUT)
        assert not thread.is_alive() and not failed, failed


def reset(s):
    """Ends a connection so that the other side is told it is gone."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def receive(s, size):
    data = b""
    while len(data) < size and (piece := s.recv(size - len(data))):
        data += piece
    return data


class Terminal:
    """tenon WORDS on a terminal of its own."""

    def __init__(self, *words):
        self.main, self.tty = os.openpty()
        self.child = support.spawn(*words, stdin=self.tty, stdout=self.tty,
                                   stderr=self.tty)
        self.text = b""

    def read_until(self, what):
        while what not in self.text:
            self.text += os.read(self.main, 4096)
        end = self.text.index(what) + len(what)
        text, self.text = self.text[:end], self.text[end:]
        return text

    def write(self, text):
        os.write(self.main, text)

    def end(self):
        status = self.child.wait(TIMEOUT)
        os.close(self.main)
        os.close(self.tty)
        return status

"""Programs of examples/ and the tutorials' Python originals in python/, started
and talked to.  For the tests beside this file."""
import os
import queue
import re
import signal
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 20  # seconds until something hangs, on a busy machine


def ours(name):
    path = os.path.join(os.environ["TENON_BUILD"], "examples", name)
    if not os.path.exists(path):
        print(f"{name} was not built")
        sys.exit(77)
    return [path]


def theirs(name):
    return [sys.executable, os.path.join(HERE, "python", name + ".py")]


class Program:
    """One that runs: what it is told and what it says, prompts left out."""

    def __init__(self, command, *args, **more):
        self.process = subprocess.Popen(
            [*command, *map(str, args)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.said = b""
        self.news = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            piece = self.process.stdout.read1(65536)
            self.news.put(piece)
            if not piece:
                break

    def until(self, pattern):
        """Waits for it in what is said; the match, and what is behind stays."""
        if isinstance(pattern, str):
            pattern = pattern.encode()
        while True:
            match = re.search(pattern, self.said)
            if match:
                self.said = self.said[match.end():]
                return match
            try:
                piece = self.news.get(timeout=PATIENCE)
            except queue.Empty:
                piece = b""
            assert piece, (f"{self.process.args}: no {pattern} in {self.said}",
                           self.process.poll() is not None and
                           self.process.stderr.read())
            self.said += piece

    def port(self):
        return int(self.until(rb"listening on [\w.]*:(\d+)\n").group(1))

    def type(self, *lines):
        for line in lines:
            line = line.encode() if isinstance(line, str) else line
            self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        return self

    def interrupt(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self

    def alive(self):
        assert self.process.poll() is None, (self.process.args,
                                             self.process.stderr.read())

    def ends(self, status=0, words=None):
        """Waits for the end; what it said since, and on stderr `words`."""
        got = self.process.wait(PATIENCE)
        rest = self.said
        while piece := self.news.get(timeout=PATIENCE):
            rest += piece
        error = self.process.stderr.read().decode()
        assert got == status, (self.process.args, got, rest, error)
        assert words is None or words in error, (words, error)
        assert words or not error, error
        return rest.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass


def pairs(server, client):
    """Both ways round: our server with their client, theirs with ours."""
    yield ours(server), theirs(client)
    yield theirs(server), ours(client)
    yield ours(server), ours(client)

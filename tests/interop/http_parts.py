#!/usr/bin/env python3
"""Clients that ask for parts, and for what is new only: curl, wget, lftp,
aria2 and Python, each of which has to end up with the file as it is."""
import contextlib
import email.utils
import os
import random
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import http_peers
from http_server import run

CONTENT = random.Random(1).randbytes(5_000_003)
STAMP = 1515627155
skipped = []


class Shared:
    """A folder served, and one to fetch into."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            root = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="tenon-parts-"))
            www = os.path.join(root, "www")
            self.here = os.path.join(root, "here")
            os.mkdir(www)
            os.mkdir(self.here)
            self.source = os.path.join(www, "big")
            with open(self.source, "wb") as file:
                file.write(CONTENT)
            os.utime(self.source, (STAMP, STAMP))
            self.log = os.path.join(root, "log")
            (host, port), _ = stack.enter_context(
                http_peers.tenon(www, "--log", self.log))
            self.url = f"http://{host}:{port}/big"
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def run(self, *words, package=None):
        """A client, in the folder to fetch into: what it says."""
        root = http_peers.fetch(package) if package else "/"
        program = os.path.join(root, "usr/bin", words[0])
        env = http_peers.environment(root if package else self.here)
        done = subprocess.run(
            [program if package else words[0], *words[1:]], cwd=self.here,
            env={**env, "HOME": self.here}, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, (words, done.stdout[-1000:])
        return done.stdout

    def begin(self, size):
        """As if the download had been cut there."""
        with open(os.path.join(self.here, "big"), "wb") as file:
            file.write(CONTENT[:size])

    def check(self):
        with open(os.path.join(self.here, "big"), "rb") as file:
            assert file.read() == CONTENT

    def check_parts(self, count):
        """At least so many requests were answered by a part."""
        lines = http_peers.logged(self.log, count)
        while sum('" 206 ' in line for line in lines) < count:
            lines = http_peers.logged(self.log, len(lines) + 1)


# ---- curl, wget ------------------------------------------------------------

def test_curl():
    with Shared() as s:
        got = s.run("curl", "-sSf", "-r", "100-199", s.url)
        assert got == CONTENT[100:200]
        got = s.run("curl", "-sSf", "-r", "-7", s.url)
        assert got == CONTENT[-7:]
        got = s.run("curl", "-sSfi", "-r", "0-1,1000-1001", s.url)
        assert b"multipart/byteranges" in got and CONTENT[:2] in got
        s.begin(1_234_567)
        s.run("curl", "-sSf", "-C", "-", "-O", s.url)
        s.check()
        # Newer than our copy, or not.
        day = 86400
        for stamp, status in (STAMP, b"304"), (STAMP - day, b"200"):
            date = email.utils.formatdate(stamp, usegmt=True)
            got = s.run("curl", "-sS", "-z", date, "-o", "copy", "-w",
                        "%{http_code}", s.url)
            assert got == status, (stamp, got)
        assert os.path.getsize(os.path.join(s.here, "copy")) == len(CONTENT)


def test_wget():
    with Shared() as s:
        s.begin(2_000_001)
        s.run("wget", "-nv", "-c", s.url)
        s.check()
        said = s.run("wget", "-c", s.url)  # nothing is left of it
        assert b"nothing to do" in said, said
        s.check()
        said = s.run("wget", "-N", s.url)
        assert b"304 Not Modified" in said or b"omitting" in said or \
            b"not retrieving" in said, said


# ---- several connections ---------------------------------------------------

def test_aria2():
    with Shared() as s:
        s.run("aria2c", "-x4", "-s4", "-k1M", "--no-conf=true",
              "--allow-overwrite=true", s.url, package="aria2")
        s.check()
        s.check_parts(3)


def test_lftp():
    with Shared() as s:
        s.run("lftp", "--norc", "-c", f"pget -n 4 {s.url}", package="lftp")
        s.check()
        s.check_parts(3)
        s.begin(3_000_000)
        s.run("lftp", "--norc", "-c", f"get -c {s.url}", package="lftp")
        s.check()


# ---- Python ----------------------------------------------------------------

def ask(url, **headers):
    """The status, the fields and the content."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={
        name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with opener.open(request, timeout=60) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_python():
    with Shared() as s:
        status, fields, content = ask(s.url)
        assert status == 200 and content == CONTENT
        tag, date = fields["ETag"], fields["Last-Modified"]
        for headers in {"If_None_Match": tag}, {"If_Modified_Since": date}:
            status, fields, content = ask(s.url, **headers)
            assert (status, content) == (304, b""), headers
            assert fields["ETag"] == tag
        status, fields, content = ask(s.url, Range="bytes=9-20", If_Range=tag)
        assert (status, content) == (206, CONTENT[9:21])
        assert ask(s.url, If_Match='"x"')[0] == 412
        assert ask(s.url, Range=f"bytes={len(CONTENT)}-")[0] == 416


def unless_missing(test):
    try:
        run([test])
    except http_peers.Missing as missing:
        skipped.append(missing)
        print("left out:", missing)


for one in test_curl, test_wget, test_aria2, test_lftp, test_python:
    unless_missing(one)
sys.exit(77 if skipped else 0)

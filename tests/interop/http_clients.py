#!/usr/bin/env python3
"""Clients that we did not write: curl and Python's http.client."""
import http.client
import os
import shutil
import subprocess
import tempfile

from http_server import Server, run

FOLDER = tempfile.mkdtemp(prefix="tenon-http-")
SIZES = (0, 1, 1000, 16383, 16384, 40000, 5_000_000)
for size in SIZES:
    with open(os.path.join(FOLDER, str(size)), "wb") as f:
        f.write(os.urandom(size))


def content(size):
    with open(os.path.join(FOLDER, str(size)), "rb") as f:
        return f.read()


def curl(*args, data=b""):
    return subprocess.run(["curl", "-sS", "-m", "20", *args], check=True,
                          input=data, stdout=subprocess.PIPE).stdout


def test_python():
    with Server(FOLDER, body_bytes_max=-1) as server:
        c = http.client.HTTPConnection(*server.peer, timeout=20)
        for size in SIZES:  # over one connection
            c.request("GET", f"/file?{size}")
            assert c.getresponse().read() == content(size)
            c.request("HEAD", f"/file?{size}")
            r = c.getresponse()
            assert int(r.headers["Content-Length"]) == size
            assert r.read() == b""
            c.request("POST", "/echo", content(size))
            assert c.getresponse().read() == content(size)
            c.request("POST", "/count", iter([content(size), b"abc"]),
                      encode_chunked=True)
            assert int(c.getresponse().read()) == size + 3
            c.request("GET", f"/chunks?{size}")
            r = c.getresponse()
            assert r.headers["Transfer-Encoding"] == "chunked"
            assert r.read() == bytes(size)
        c.request("GET", "/file?nothing")
        r = c.getresponse()
        assert r.status == 404 and b"404 Not Found" in r.read()
        c.request("GET", "/file?../../etc/passwd")
        assert c.getresponse().status == 404
        c.close()


def test_curl():
    with Server(FOLDER, body_bytes_max=-1) as server:
        url = f"http://{server.address}"
        for size in SIZES:
            path = os.path.join(FOLDER, str(size))
            for version in ("--http1.1", "--http1.0"):
                assert curl(version, f"{url}/file?{size}") == content(size)
                assert curl(version, f"{url}/chunks?{size}") == bytes(size)
                assert curl(version, "--data-binary", f"@{path}",
                            f"{url}/echo") == content(size)
            # Of unknown length, so in chunks; and with a pause for "100".
            assert int(curl("-T", "-", "-X", "POST", "-H",
                            "Expect: 100-continue", f"{url}/count",
                            data=content(size))) == size
        head = curl("-I", f"{url}/hello")
        assert b"Content-Length: 6\r\n" in head and b"\r\nDate: " in head
        two = curl(f"{url}/hello", f"{url}/hello")
        assert two == b"hello\nhello\n"


def test_curl_refused():
    with Server(body_bytes_max=1000) as server:
        reply = curl("-i", "-H", "Expect: 100-continue", "--data-binary",
                     "x" * 2000, f"http://{server.address}/count")
        assert reply.startswith(b"HTTP/1.1 413 Content Too Large\r\n"), reply


try:
    run([test_python] + ([test_curl, test_curl_refused]
                         if shutil.which("curl") else []))
finally:
    shutil.rmtree(FOLDER)

#!/usr/bin/env python3
"""hello_http: what it prints is an address that answers."""
import os
import subprocess
import urllib.error
import urllib.request

program = os.path.join(os.environ.get("TENON_BUILD", "build"), "examples",
                       "hello_http")
server = subprocess.Popen([program, "127.0.0.1:0"], stdout=subprocess.PIPE,
                          text=True)
try:
    url = server.stdout.readline().strip()
    for _ in range(3):
        with urllib.request.urlopen(url, timeout=20) as reply:
            assert reply.status == 200
            assert reply.headers["Content-Type"] == "text/plain"
            assert reply.read() == b"Hello!\n"
    try:
        urllib.request.urlopen(url + "nothing", timeout=20)
        raise AssertionError("found nothing")
    except urllib.error.HTTPError as error:
        assert error.code == 404
finally:
    server.terminate()
    server.wait()
    server.stdout.close()

# In use: an error that says so.
with subprocess.Popen([program, "127.0.0.1:0"], stdout=subprocess.PIPE,
                      text=True) as first:
    address = first.stdout.readline().strip().split("/")[2]
    second = subprocess.run([program, address], stderr=subprocess.PIPE,
                            text=True, timeout=20)
    first.terminate()
assert second.returncode == 1, second
assert address in second.stderr, second.stderr

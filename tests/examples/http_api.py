#!/usr/bin/env python3
"""http_api: routes, JSON, a form and events, asked by Python's http.client."""
import http.client
import json
import os
import re
import subprocess
import time
from urllib.parse import quote, urlencode

program = os.path.join(os.environ.get("TENON_BUILD", "build"), "examples",
                       "http_api")


def ask(method, target, body=None, fields={}, **more):
    connection.request(method, target, body, fields, **more)
    reply = connection.getresponse()
    return reply.status, reply, reply.read()


def events(reply, count):
    """So many whole events, as a browser would take them."""
    found = []
    while len(found) < count:
        lines = []
        while line := reply.readline().decode().rstrip("\n"):
            lines.append(tuple(line.split(": ", 1)))
        found.append(dict(lines))
    return found


server = subprocess.Popen([program, "127.0.0.1:0"], stdout=subprocess.PIPE,
                          text=True)
try:
    address = server.stdout.readline().strip().split("/")[2]
    connection = http.client.HTTPConnection(address, timeout=20)

    for name in ("Ada", "a/b \"c\"", "J\u00f6rg \U0001f600"):
        status, reply, body = ask("GET", "/users/" + quote(name, safe=""))
        assert status == 200 and json.loads(body) == {"name": name}, body
        assert reply.headers["Content-Type"] == "application/json"

    form = urlencode({"age": 36, "name": "Ada & Charles"})
    pieces = iter([form[:7].encode(), form[7:].encode()])
    for status, reply, body in (
            ask("GET", "/hello?" + form),
            ask("POST", "/hello", form),
            ask("POST", "/hello", pieces, encode_chunked=True,
                fields={"Transfer-Encoding": "chunked"})):
        assert (status, body) == (200, b"Ada & Charles"), (status, body)
    assert ask("POST", "/hello", "age=36")[0] == 400
    assert ask("POST", "/hello", "x" * 5000)[0] == 413

    status, reply, body = ask("DELETE", "/hello")
    assert status == 405
    assert reply.headers["Allow"] == "GET, POST, HEAD, OPTIONS", reply.headers
    assert ask("GET", "/users/")[0] == 404
    assert ask("HEAD", "/users/Ada")[::2] == (200, b"")

    connection.request("GET", "/clock")
    reply = connection.getresponse()
    assert reply.headers["Content-Type"] == "text/event-stream"
    began = time.monotonic()
    for event in events(reply, 2):
        assert event["event"] == "tick"
        assert re.fullmatch(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}",
                            event["data"]), event
    assert 0.8 < time.monotonic() - began < 10
    connection.close()
    connection = http.client.HTTPConnection(address, timeout=20)
    assert ask("GET", "/hello?name=x")[0] == 200
finally:
    server.terminate()
    server.wait()
    server.stdout.close()

# docs/http-server.md shows pieces of it and of another, as they are.
source = os.environ.get("TENON_SOURCE", ".")
example = ""
for name in "http_api.c", "http_files.c":
    with open(os.path.join(source, "examples", name)) as file:
        example += file.read()
with open(os.path.join(source, "docs", "http-server.md")) as file:
    pieces = re.findall(r"```c\n(.*?)```", file.read(), re.S)
assert pieces
for piece in pieces:
    assert piece in example, piece

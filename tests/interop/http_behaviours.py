#!/usr/bin/env python3
"""Each row of http_rows.py put to tenon serve, nginx and lighttpd: all answer
alike, or the row says how and why not.  What it says about one that answers as
we do is an error too, and the table of docs/rfc/http.md has to be this one.

    http_behaviours.py --show    what each answers
    http_behaviours.py --write   brings the table up to date
"""
import concurrent.futures
import contextlib
import os
import re
import sys
import tempfile

import http_peers
from http_rows import FILES, MODIFIED, ROWS

DOC = os.path.join(http_peers.SOURCE, "docs/rfc/http.md")
BEGIN, END = "<!-- http_rows.py -->\n", "<!-- end -->\n"
PROBE = b"GET /probe.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
REQUEST_LINE = re.compile(rb"(?m)^([!-~]+) [^\r\n]+ HTTP/1\.\d\r$")
DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} "
                  r"\d\d:\d\d:\d\d GMT")
PATIENCE = 10


# ---- replies ---------------------------------------------------------------

class Reply:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.version, status = lines[0].split(" ")[:2]
        self.status = int(status)
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields.setdefault(name.lower(), []).append(value.strip())
        self.body = b""

    def field(self, name):
        return ", ".join(self.fields.get(name.lower(), []))

    def has_no_body(self, method):
        return (method == b"HEAD" or self.status < 200 or
                self.status in (204, 304))


def take_chunks(data):
    """The body and what follows it; None while it is incomplete."""
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            return None
        size = int(line.split(b";")[0], 16)
        if size == 0:
            return (body, data[2:]) if data.startswith(b"\r\n") else None
        if len(data) < size + 2:
            return None
        body, data = body + data[:size], data[size + 2:]


def take_body(reply, data, ended):
    if "chunked" in reply.field("Transfer-Encoding"):
        return take_chunks(data)
    if length := reply.field("Content-Length"):
        size = int(length)
        return (data[:size], data[size:]) if len(data) >= size else None
    return (data, b"") if ended else None


def parse(data, methods, ended):
    """All whole replies in `data`; each final one takes a method."""
    replies, methods = [], list(methods)
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        reply = Reply(head)
        method = methods[0] if methods else b"GET"
        if not reply.has_no_body(method):
            taken = take_body(reply, rest, ended)
            if taken is None:
                break
            reply.body, rest = taken
        if reply.status >= 200:
            methods = methods[1:]
        replies.append(reply)
        data = rest
    return replies


def finals(replies):
    return sum(reply.status >= 200 for reply in replies)


# ---- asking ----------------------------------------------------------------

class Talk:
    def __init__(self, place, methods):
        self.s = http_peers.connect(place, PATIENCE)
        self.methods = methods
        self.data, self.ended = b"", False

    def send(self, data):
        with contextlib.suppress(ConnectionError):
            self.s.sendall(data)

    def replies(self):
        return parse(self.data, self.methods, self.ended)

    def read(self, count):
        """Until there are so many final replies, or no more to come."""
        while not self.ended and finals(self.replies()) < count:
            try:
                piece = self.s.recv(65536)
            except ConnectionError:
                piece = b""
            self.data += piece
            self.ended = piece == b""


def ask(place, request):
    """The replies, and whether the connection can be used again after them:
    that another request is answered is the proof."""
    methods = REQUEST_LINE.findall(request) or [b"GET"]
    talk = Talk(place, [*methods, b"GET"])
    with talk.s:
        talk.send(request)
        talk.read(len(methods))
        count = finals(talk.replies())
        if not talk.ended:
            talk.send(PROBE)
            talk.read(count + 1)
        replies = talk.replies()
    stays = bool(replies) and replies[-1].body == b"probe\n"
    return replies[:-1] if stays else replies, stays


# ---- what is compared ------------------------------------------------------

def say_parts(reply):
    """'0-1/10 01' of each part of multipart/byteranges."""
    boundary = reply.field("Content-Type").partition("boundary=")[2]
    said = []
    for part in reply.body.split(b"--" + boundary.encode())[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        where = re.search(rb"(?i)content-range: bytes (\S+)", head)[1]
        said.append(f"{where.decode()} {body[:-2].decode()}")
    return said


def say(reply, name):
    """`name` as it appears in an answer of the table."""
    if name == "parts":
        return f"parts: {say_parts(reply)}"
    if name == "body":
        return f"body: {reply.body.decode('latin-1')!r}"
    if name == "bytes":
        return f"bytes: {len(reply.body)}"
    if name == "version":
        return f"version: {reply.version}"
    value = reply.field(name)
    if name in ("Date", "Last-Modified") and value != MODIFIED:
        value = "a date" if DATE.fullmatch(value) else value
    if name == "ETag":
        value = re.sub(r'"[^"]+"', '"..."', value)
    if name == "Content-Type":
        value = re.sub(r"boundary=.*", "boundary=...", value)
    return f"{name}: {value or 'none'}"


def names_of(answer):
    """[["Content-Length", "body"], ...] of the replies of an answer."""
    return [[item.partition(":")[0] for item in part.split("; ")[1:]
             if ": " in item] for part in answer.split(" | ")]


def digest(wanted, replies, stays):
    """The answer with all that `wanted`, an answer too, mentions."""
    names = names_of(wanted)
    said = ["; ".join([str(reply.status)] + [
        say(reply, name) for name in names[min(i, len(names) - 1)]])
        for i, reply in enumerate(replies)] or ["nothing"]
    if wanted.endswith(("; stays", "; closes")):
        said[-1] += "; stays" if stays else "; closes"
    return " | ".join(said)


# ---- rows ------------------------------------------------------------------

def tag_of(place):
    replies, _ = ask(place, b"GET /ten.txt HTTP/1.1\r\nHost: h\r\n\r\n")
    return replies[0].field("ETag")


def answers(places):
    """{name: [digest of each row]}."""
    def one(place, tag, row):
        request = row.request.replace("{tag}", tag).encode("latin-1")
        try:
            return digest(row.answer, *ask(place, request))
        except TimeoutError:
            return f"no answer within {PATIENCE} s"

    told = {}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for name, place in places.items():
            tag = tag_of(place)
            told[name] = list(pool.map(lambda row: one(place, tag, row), ROWS))
    return told


def check(told):
    wrong = 0
    for i, row in enumerate(ROWS):
        for name in told:
            other, why = row.others.get(name, (None, None))
            wanted = row.answer if other is None else other
            got = told[name][i]
            if got == wanted and wanted == row.answer and other is not None:
                said = "answers as we do, so there is nothing to explain"
            elif got != wanted:
                said = f"answers {got}\n    and not {wanted}"
            elif other is not None and not why:
                said = "needs a reason"
            else:
                continue
            wrong += 1
            print(f"not ok {row.section} {row.what}\n  {name} {said}")
    return wrong


# ---- the page --------------------------------------------------------------

def code(answer):
    return "`" + answer.replace("|", "\\|") + "`"


def table():
    """Of docs/rfc/http.md."""
    lines = ["| RFC | what | answer | and others |\n", "|---|---|---|---|\n"]
    for row in ROWS:
        others = {}
        for name, (answer, why) in row.others.items():
            others.setdefault((answer, why), []).append(name)
        said = "; ".join(f"{' and '.join(names)} {code(answer)}: {why}"
                         for (answer, why), names in others.items())
        lines.append(f"| {row.section} | {row.what} | {code(row.answer)} | "
                     f"{said or 'the same'} |\n")
    return "".join(lines)


def page(text):
    head, _, rest = text.partition(BEGIN)
    return head + BEGIN + table() + END + rest.partition(END)[2]


def check_page(write):
    with open(DOC) as file:
        text = file.read()
    assert BEGIN in text and END in text, f"{DOC} has no place for the table"
    if page(text) == text:
        return 0
    if write:
        with open(DOC, "w") as file:
            file.write(page(text))
        return 0
    print(f"not ok {DOC} has another table: http_behaviours.py --write")
    return 1


# ---- running ---------------------------------------------------------------

def make_folder(root):
    for name, content in FILES.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        os.utime(path, (1515627155, 1515627155))


def main():
    options = set(sys.argv[1:])
    if "--write" in options:
        return check_page(True)
    with tempfile.TemporaryDirectory(prefix="tenon-rows-") as scratch, \
            contextlib.ExitStack() as stack:
        www = os.path.join(scratch, "www")
        make_folder(www)
        place, _ = stack.enter_context(http_peers.tenon(www, "--log", "off"))
        places = {"tenon": place}
        for start in http_peers.nginx, http_peers.lighttpd:
            try:
                places[start.__name__] = stack.enter_context(
                    start(scratch, www))
            except http_peers.Missing as missing:
                print("left out:", missing)
        told = answers(places)
    if "--show" in options:
        for i, row in enumerate(ROWS):
            print(row.section, row.what, "\n   want", row.answer)
            for name in told:
                print(f"{name:>10}", told[name][i])
        return 0
    wrong = check(told) + check_page(False)
    print(f"{len(ROWS)} rows put to {', '.join(told)}, {wrong} wrong")
    return 77 if wrong == 0 and len(places) < 3 else wrong > 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""upload_form: forms as curl, Python and Chromium send them arrive whole, and
what is wrong is refused."""
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import uuid

PROGRAM = os.path.join(os.environ.get("TENON_BUILD", "build"), "examples",
                       "upload_form")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(url, body, kind):
    """Its status and text."""
    headers = {"Content-Type": kind} if kind else {}
    request = urllib.request.Request(url, body, headers)
    try:
        with OPENER.open(request, timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def parts(*fields):
    """As Python programs make them by hand: (name, file name or None, bytes)."""
    boundary = uuid.uuid4().hex
    body = b""
    for name, file, data in fields:
        body += f'--{boundary}\r\nContent-Disposition: form-data; ' \
                f'name="{name}"'.encode()
        if file is not None:
            body += f'; filename="{file}"\r\nContent-Type: ' \
                    'application/octet-stream'.encode()
        body += b"\r\n\r\n" + data + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def curl(url, *words):
    return subprocess.run(["curl", "-sS", "-m", "20", "--noproxy", "*",
                           *words, url], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def test_python(url, folder):
    big = os.urandom(3_000_000) + b"\r\n--" + os.urandom(10)
    small = b"hello\r\n\r\n"
    status, text = post(url, *parts(("who", None, "Zoë".encode()),
                                    ("file", "C:\\My Pictures\\1.png", small),
                                    ("file", "../../big ☃", big),
                                    ("file", "", b"")))
    assert status == 200, text
    assert text == "Thank you, Zoë!\n" \
        f'1: {len(small)} bytes, "1.png"\n' \
        f'2: {len(big)} bytes, "big ☃"\n', text
    with open(os.path.join(folder, "1"), "rb") as file:
        assert file.read() == small
    with open(os.path.join(folder, "2"), "rb") as file:
        assert file.read() == big

    pairs = urllib.parse.urlencode({"who": "Zoë & Co = 100%"}).encode()
    status, text = post(url, pairs, "application/x-www-form-urlencoded")
    assert text == "Thank you, Zoë & Co = 100%!\n", text


def test_refused(url, folder):
    body, kind = parts(("who", None, b"x"))
    assert post(url, body[:-20], kind)[0] == 400
    assert post(url, b"x", "text/plain")[0] == 415
    assert post(url, b"who=" + b"x" * 1_100_000,
                "application/x-www-form-urlencoded")[0] == 413
    body, kind = parts(("file", "x", bytes(65 << 20)))
    assert post(url, body, kind)[0] == 413
    assert os.listdir(folder) == []


def test_curl(url, folder):
    if shutil.which("curl") is None:
        return
    path = os.path.join(folder, 'a "quoted" ; name')
    with open(path, "wb") as file:
        file.write(bytes(range(256)) * 1000)
    text = curl(url, "-F", "who=curl", "-F", "file=@" +
                '"' + path.replace('"', '\\"') + '"', "-F", "file=<" +
                "/dev/null")
    assert text == 'Thank you, curl!\n' \
        '1: 256000 bytes, "a "quoted" ; name"\n', text
    with open(os.path.join(folder, "1"), "rb") as a, open(path, "rb") as b:
        assert a.read() == b.read()
    assert curl(url, "--data-urlencode", "who=a b&c") == \
        "Thank you, a b&c!\n"
    # In chunks, after "100 Continue".
    text = curl(url, "-H", "Expect: 100-continue", "-H",
                "Transfer-Encoding: chunked", "-F", "who=chunks",
                "-F", "file=@" + os.path.join(folder, "1") + ";filename=x")
    assert text == 'Thank you, chunks!\n2: 256000 bytes, "x"\n', text


for test in (test_python, test_refused, test_curl):
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([PROGRAM, folder, "127.0.0.1:0"],
                                  stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().strip()
            with OPENER.open(url, timeout=20) as reply:
                assert b"multipart/form-data" in reply.read()
            test(url, folder)
            assert not [name for name in os.listdir(folder)
                        if name.startswith(".tenon-")]
            files = f"/proc/{server.pid}/fd"
            held = [os.readlink(os.path.join(files, fd))
                    for fd in os.listdir(files)]
            assert not [path for path in held if "(deleted)" in path], held
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()
    print("ok", test.__name__)

"""tenon serve with clients that others wrote: curl, wget, Python's urllib."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import urllib.error
import urllib.request

GIB = 1 << 30
MARKS = {0: b"first", 12345: b"early", GIB // 2 - 3: b"middle",
         GIB - 4: b"last"}
EMPTY = "HTTP_PROXY http_proxy HTTPS_PROXY https_proxy ALL_PROXY all_proxy"


def tool(*words, **options):
    """Its status, stdout and stderr."""
    env = {k: v for k, v in os.environ.items() if k not in EMPTY.split()}
    done = subprocess.run(words, stdout=subprocess.PIPE, env=env,
                          stderr=subprocess.PIPE, timeout=200, **options)
    return done.returncode, done.stdout, done.stderr.decode()


def fetch(url, **headers):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(urllib.request.Request(url, headers=headers),
                       timeout=60)


def make_folder(root):
    os.makedirs(os.path.join(root, "docs/deep er"))
    with open(os.path.join(root, "docs/a b.txt"), "wb") as file:
        file.write(b"hello\n")
    with open(os.path.join(root, "docs/deep er/ü.html"), "wb") as file:
        file.write(b"<p>hi</p>\n")
    with open(os.path.join(root, "big"), "wb") as file:
        file.truncate(GIB)
        for offset, mark in MARKS.items():
            file.seek(offset)
            file.write(mark)


def digest(file):
    total = hashlib.sha256()
    while piece := file.read(1 << 20):
        total.update(piece)
    return total.hexdigest()


# ---- clients ---------------------------------------------------------------------


def curl_gets_files_and_pages(url, root):
    status, out, _ = tool("curl", "-sSf", url + "docs/a%20b.txt")
    assert (status, out) == (0, b"hello\n")
    status, out, _ = tool("curl", "-sSfL", "-w", "%{url_effective}",
                          url + "docs")
    assert status == 0 and b"./a%20b.txt" in out
    assert out.endswith((url + "docs/").encode())
    status, out, _ = tool("curl", "-sSf", "-H", "Accept: application/json",
                          url + "docs/")
    assert [e["name"] for e in json.loads(out)["entries"]] == \
        ["deep er", "a b.txt"]
    status, _, err = tool("curl", "-sSf", url + "nowhere")
    assert status == 22 and "404" in err
    status, out, _ = tool("curl", "-sSfI", url + "big")
    assert status == 0 and b"Content-Length: 1073741824" in out
    # Two requests on one connection, and nothing again when nothing is new.
    status, _, err = tool("curl", "-sSfv", "-o", os.devnull, url,
                          "-o", os.devnull, url + "docs/")
    assert status == 0 and "Re-using existing connection" in err, err
    with tempfile.TemporaryDirectory() as folder:
        tag, copy = folder + "/tag", folder + "/copy"
        for expected in b"200", b"304":
            status, out, _ = tool("curl", "-sSf", "--etag-save", tag,
                                  "--etag-compare", tag, "-o", copy, "-w",
                                  "%{http_code}", url + "docs/a%20b.txt")
            assert (status, out) == (0, expected), out


def curl_gets_a_gibibyte(url, root):
    child = subprocess.Popen(["curl", "-sSf", "--noproxy", "*", url + "big"],
                             stdout=subprocess.PIPE)
    got = digest(child.stdout)
    child.stdout.close()
    with open(os.path.join(root, "big"), "rb") as file:
        assert child.wait(60) == 0 and got == digest(file)


def wget_gets_the_whole_folder(url, root):
    with tempfile.TemporaryDirectory() as folder:
        status, _, err = tool("wget", "-nv", "-r", "-np", "-nH", "-P", folder,
                              "-e", "robots=off", url + "docs/")
        assert status == 0, err
        for name in "docs/a b.txt", "docs/deep er/ü.html":
            with open(os.path.join(root, name), "rb") as a, \
                    open(os.path.join(folder, name), "rb") as b:
                assert a.read() == b.read(), name
    status, _, err = tool("wget", "-nv", "-O", os.devnull, url + "nowhere")
    assert status == 8 and "404" in err
    status, _, err = tool("wget", "-S", "--spider", url + "docs/a%20b.txt")
    assert status == 0 and "Last-Modified" in err


def python_gets_files_and_pages(url, root):
    with fetch(url + "docs/a%20b.txt") as response:
        assert response.read() == b"hello\n"
        tag = response.headers["ETag"]
        assert response.headers.get_content_type() == "text/plain"
    with fetch(url + "docs") as response:
        assert response.url == url + "docs/"
        assert b"deep%20er" in response.read()
    for target, headers, status in [
        ("nowhere", {}, 404),
        ("docs/a%20b.txt", {"If-None-Match": tag}, 304),
    ]:
        try:
            fetch(url + target, **headers)
            raise AssertionError(target)
        except urllib.error.HTTPError as error:
            assert error.code == status
            error.close()


def python_gets_a_gibibyte(url, root):
    with fetch(url + "big") as response:
        assert response.length == GIB
        for offset, mark in MARKS.items():
            while (left := response.length - (GIB - offset)) > 0:
                response.read(min(left, 1 << 20))
            assert response.read(len(mark)) == mark, offset
        assert response.length == 0 and response.read() == b""


# ---- running ----------------------------------------------------------------------


def main():
    missing = [name for name in ("curl", "wget") if not shutil.which(name)]
    if missing:
        print("skipped: there is no", *missing)
        return 77
    failed = 0
    with tempfile.TemporaryDirectory(prefix="tenon-interop-") as root:
        make_folder(root)
        server = subprocess.Popen(
            [os.environ["TENON"], "serve", "-l", "127.0.0.1:0", root],
            stdout=subprocess.PIPE)
        url = server.stdout.readline().decode().split(" at ")[1].strip()
        for test in (curl_gets_files_and_pages, curl_gets_a_gibibyte,
                     wget_gets_the_whole_folder, python_gets_files_and_pages,
                     python_gets_a_gibibyte):
            try:
                test(url, root)
                print("ok", test.__name__.replace("_", " "), flush=True)
            except Exception:
                failed += 1
                print("not ok", test.__name__.replace("_", " "), flush=True)
                traceback.print_exc()
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)
        failed += server.returncode != 0
    return 1 if failed else 0


sys.exit(main())

"""What tenon serve compresses, with decoders that others wrote: curl, Python's
gzip, and the brotli and zstd commands."""
import gzip
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

PAGE = b"".join(b"<p>line %d of a page</p>\n" % i for i in range(20000))
DECODERS = {"gzip": ["gzip", "-dc"], "br": ["brotli", "-dc"],
            "zstd": ["zstd", "-dcq"]}
FEATURES = {"gzip": "gzip", "br": "brotli", "zstd": "zstd"}


def curl(url, *words):
    """The fields, and the body as it came unless --compressed is given."""
    done = subprocess.run(["curl", "-sSf", "--noproxy", "*", "-D", "-", url,
                           *words], stdout=subprocess.PIPE, check=True,
                          timeout=60)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
    return {name.lower(): value for name, value in lines}, body


def decode(coding, body):
    return subprocess.run(DECODERS[coding], input=body, check=True,
                          stdout=subprocess.PIPE, timeout=60).stdout


def has(coding):
    version = subprocess.run([os.environ["TENON"], "--version"], check=True,
                             stdout=subprocess.PIPE).stdout.decode()
    return FEATURES[coding] in version.split() and \
        shutil.which(DECODERS[coding][0])


def each_coding_is_right(url):
    for path, want in ("page.html", PAGE), ("", None):
        for coding in filter(has, DECODERS):
            for _ in range(2):
                fields, body = curl(url + path, "-H",
                                    "Accept-Encoding: " + coding)
                assert fields["content-encoding"] == coding
                assert "Accept-Encoding" in fields["vary"]
                text = decode(coding, body)
                assert len(body) < len(text)
                if want is None:
                    assert b"page.html" in text
                else:
                    assert text == want
                    assert int(fields["content-length"]) == len(body)


def curl_decodes_it_itself(url):
    for path in "page.html", "sub/index.html":
        fields, body = curl(url + path, "--compressed")
        assert "content-encoding" in fields
        assert body == PAGE
    fields, body = curl(url, "--compressed")
    assert b"page.html" in body


def parts_make_up_the_whole(url):
    words = "-H", "Accept-Encoding: gzip"
    fields, whole = curl(url + "page.html", *words)
    tag = fields["etag"]
    parts = b""
    for at in range(0, len(whole), 10000):
        fields, part = curl(url + "page.html", *words, "-H", "If-Range: " + tag,
                            "-r", "%d-%d" % (at, at + 9999))
        assert fields["content-range"].endswith("/%d" % len(whole))
        assert fields["etag"] == tag
        parts += part
    assert gzip.decompress(parts) == PAGE
    fields, body = curl(url + "page.html")
    assert body == PAGE and fields["etag"] != tag


def a_large_file_is_plain(url):
    fields, body = curl(url + "large.txt", "--compressed")
    assert "content-encoding" not in fields and len(body) == 2 << 20


def main():
    if not shutil.which("curl"):
        print("skipped: there is no curl")
        return 77
    if not has("gzip"):
        print("skipped: this build has no gzip")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory(prefix="tenon-compressed-") as root:
        os.mkdir(root + "/sub")
        for name in "page.html", "sub/index.html":
            with open(os.path.join(root, name), "wb") as file:
                file.write(PAGE)
        with open(root + "/large.txt", "wb") as file:
            file.write(b"abcdefgh" * (1 << 18))
        for i in range(100):
            with open(root + "/file-%d.txt" % i, "wb"):
                pass
        time.sleep(2.1)  # younger files are left as they are
        server = subprocess.Popen(
            [os.environ["TENON"], "serve", "-l", "127.0.0.1:0", root],
            stdout=subprocess.PIPE)
        url = server.stdout.readline().decode().split(" at ")[1].strip()
        for test in (each_coding_is_right, curl_decodes_it_itself,
                     parts_make_up_the_whole, a_large_file_is_plain):
            try:
                test(url)
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

"""tenon serve: what is shared, what is not, and how it begins and ends."""
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import support
from support import Reply, Server, exchange, folder, read_all, request, run
from support import serving

ANY = "127.0.0.1:0"
SEEN = 0.15  # seconds until a change of the folder must show
HOSTILE = [
    b"<script>alert(1)<script>.txt",
    b"'\"&.txt",
    b"line\nend.txt",
    b"\xff\xfe.txt",
    b"100%.txt",
    b"%41.txt",
    b"a?b#c.txt",
    b"javascript:alert(1)",
    b" leading and trailing ",
    "\u202egpj.exe".encode(),
    b"\x1b[2J.txt",
    b"back\\slash",
]


def share(files, *words):
    """A folder shared on a port of the kernel's choice."""
    class Both:
        def __enter__(self):
            self.folder = folder(files)
            self.root = self.folder.__enter__()
            self.serving = serving("serve", "-l", ANY, *words, self.root)
            self.server = self.serving.__enter__()
            return self.server, self.root

        def __exit__(self, *error):
            try:
                self.serving.__exit__(*error)
            finally:
                self.folder.__exit__(*error)
    return Both()


# ---- files ---------------------------------------------------------------------


def a_file_comes_as_it_is():
    content = bytes(range(256)) * 4000
    with share({"a.bin": content, "b/c.txt": b"hello"}) as (server, _):
        reply = request(server.port, b"/a.bin")
        assert reply.status == 200 and reply.body == content
        assert reply.fields["content-type"] == "application/octet-stream"
        assert reply.fields["content-length"] == str(len(content))
        assert reply.fields["x-content-type-options"] == "nosniff"
        assert re.fullmatch(r'(W/)?"[0-9a-f]+(-[0-9a-f]+){3}"',
                            reply.fields["etag"])
        reply = request(server.port, b"/b//./x/../c.txt?q=1")
        assert (reply.status, reply.body) == (200, b"hello")
        assert reply.fields["content-type"] == "text/plain; charset=utf-8"
        with urllib.request.urlopen(f"{server.place}b/%63.txt") as response:
            assert response.read() == b"hello"


def head_has_the_fields_only():
    with share({"a.txt": b"hello"}) as (server, _):
        for target in b"/a.txt", b"/", b"/nowhere":
            get = request(server.port, target)
            head = request(server.port, target, "HEAD")
            assert head.body == b"" and head.status == get.status
            for name in "content-type", "content-length", "etag":
                assert head.fields.get(name) == get.fields.get(name), name


def what_is_known_is_not_sent_again():
    with share({"a.txt": b"hello"}) as (server, root):
        os.utime(os.path.join(root, "a.txt"), (1515627155, 1515627155))
        fields = request(server.port, b"/a.txt").fields
        tag, date = fields["etag"], fields["last-modified"]
        assert date == "Wed, 10 Jan 2018 23:32:35 GMT"
        for name, value, status in [
            ("If-None-Match", tag, 304),
            ("If-None-Match", f'"x", W/{tag}', 304),
            ("If-None-Match", "*", 304),
            ("If-None-Match", '"x"', 200),
            ("If-None-Match", tag[:-1], 200),
            ("If-Modified-Since", date, 304),
            ("If-Modified-Since", "Wed, 10 Jan 2018 23:32:34 GMT", 200),
            ("If-Modified-Since", "Thu Jan 11 00:00:00 2018", 304),
            ("If-Modified-Since", "yesterday", 200),
        ]:
            reply = request(server.port, b"/a.txt", fields=[(name, value)])
            assert reply.status == status, (name, value)
            assert reply.body == (b"" if status == 304 else b"hello")
            assert reply.fields["etag"] == tag
        # The tag decides where there are both.
        reply = request(server.port, b"/a.txt", fields=[
            ("If-None-Match", '"x"'), ("If-Modified-Since", date)])
        assert reply.status == 200
        with open(os.path.join(root, "a.txt"), "wb") as file:
            file.write(b"world")
        time.sleep(SEEN)
        assert request(server.port, b"/a.txt").fields["etag"] != tag


def each_version_has_its_tag():
    """A second is long, and a copy may keep the time of what it replaces."""
    with share({"a.txt": b"hello"}) as (server, root):
        path = os.path.join(root, "a.txt")
        tags = set()
        for size, ns in (5, 0), (5, 1), (6, 1), (5, 1000000000):
            os.truncate(path, size)
            os.utime(path, ns=(ns, ns))
            time.sleep(SEEN)
            tags.add(request(server.port, b"/a.txt").fields["etag"])
        assert len(tags) == 4, tags


def a_time_put_back_hides_nothing():
    with share({"a.txt": b"hello"}) as (server, root):
        path, tags = os.path.join(root, "a.txt"), set()
        for text in b"hello", b"world":
            with open(path, "r+b") as file:
                file.write(text)
            os.utime(path, (0, 0))
            time.sleep(SEEN)
            reply = request(server.port, b"/a.txt")
            assert reply.body == text
            tags.add(reply.fields["etag"])
        assert len(tags) == 2, tags


def an_index_stands_for_its_folder():
    files = {"a/index.html": b"<p>hi", "b/index.html/x": b"", "b/y": b""}
    with share(files) as (server, _):
        reply = request(server.port, b"/a/")
        assert (reply.status, reply.body) == (200, b"<p>hi")
        assert reply.fields["content-type"] == "text/html; charset=utf-8"
        assert "content-security-policy" not in reply.fields
        assert b"./y" in request(server.port, b"/b/").body
    with share(files, "--no-index") as (server, _):
        assert b"./index.html" in request(server.port, b"/a/").body


# ---- what is not shared ------------------------------------------------------------


def nothing_outside_can_be_reached():
    files = {"in/a.txt": b"in", ".hidden/b": b"h", "in/.c/d": b"deep",
             "in/.e": b"deep"}
    with share(files) as (server, root):
        os.symlink("/etc/passwd", os.path.join(root, "passwd"))
        os.symlink("..", os.path.join(root, "up"))
        os.symlink("in", os.path.join(root, "inside"))
        os.symlink("loop", os.path.join(root, "loop"))
        for target, status in [
            (b"/../etc/passwd", 404),
            (b"/in/../../etc/passwd", 404),
            (b"/%2e%2e/etc/passwd", 404),
            (b"/%2E%2e/%2e./etc/passwd", 404),
            (b"//etc/passwd", 404),
            (b"///etc/passwd", 404),
            (b"/%2fetc/passwd", 400),
            (b"/in%2fa.txt", 400),
            (b"/..%2fetc%2fpasswd", 400),
            (b"/..\\..\\etc\\passwd", 404),
            (b"/in/a.txt%00.jpg", 400),
            (b"/%zz", 400),
            (b"/%", 400),
            (b"/passwd", 404),
            (b"/up/", 404),
            (b"/up/etc/passwd", 404),
            (b"/loop", 404),
            (b"/inside/a.txt", 200),
            (b"/in/a.txt/", 404),
            (b"/in/a.txt/..", 200),  # RFC 3986: a matter of text
            (b"/.hidden/b", 404),
            (b"/in/.", 200),
            (b"/%2ehidden/b", 404),
            (b"/in/../.hidden/b", 404),
            (b"/in/.c/", 404),
            (b"/in/.c/d", 404),
            (b"/in/.e", 404),
            (b"/" + b"x" * 300, 404),
            (b"/" + b"x/" * 2500, 404),
            (b"http://elsewhere.example/in/a.txt", 200),
            (b"http://elsewhere.example/../etc/passwd", 404),
            (b"http://elsewhere.example", 200),
        ]:
            reply = request(server.port, target)
            assert reply.status == status, (target, reply.status)
            assert b"root:" not in reply.body, target
        listing = request(server.port, b"/").body
        assert b"passwd" not in listing and b".hidden" not in listing
        assert b"./inside/" in listing


def dotfiles_are_shared_when_asked_for():
    with share({".a": b"x", ".b/c": b"y"}, "--hidden") as (server, _):
        assert request(server.port, b"/.a").body == b"x"
        assert request(server.port, b"/.b/c").body == b"y"
        assert b"./.a" in request(server.port, b"/").body


def listings_can_be_off():
    files = {"a/b.txt": b"x", "i/index.html": b"y"}
    with share(files, "--no-listing") as (server, _):
        assert request(server.port, b"/").status == 403
        assert request(server.port, b"/a/").status == 403
        assert request(server.port, b"/a/b.txt").status == 200
        assert request(server.port, b"/i/").body == b"y"
        assert request(server.port, b"/nowhere/").status == 404


def only_reading_is_possible():
    with share({"a": b"x"}) as (server, _):
        for method in "POST", "PUT", "DELETE", "PATCH", "BREW":
            reply = request(server.port, b"/a", method)
            assert reply.status == 405, (method, reply.status)
            assert reply.fields["allow"] == "GET, HEAD, OPTIONS"
        for target in b"/a", b"/", b"*":
            reply = request(server.port, target, "OPTIONS")
            assert (reply.status, reply.body) == (204, b""), target
            assert reply.fields["allow"] == "GET, HEAD, OPTIONS"


def what_may_not_be_read_is_forbidden():
    with share({"a": b"x"}) as (server, root):
        os.mkfifo(os.path.join(root, "pipe"))
        assert request(server.port, b"/pipe").status == 403
        assert b"pipe" not in request(server.port, b"/").body
        if os.getuid() != 0:
            os.chmod(os.path.join(root, "a"), 0)
            assert request(server.port, b"/a").status == 403


def pages_of_errors_have_the_look():
    with share({"a": b"x"}) as (server, _):
        for method, target, status in [("GET", b"/nowhere", 404),
                                       ("GET", b"/%00", 400),
                                       ("GET", b"/<", 400),
                                       ("GET", b"/" + b"x" * 9000, 414),
                                       ("POST", b"/", 405)]:
            reply = request(server.port, target, method)
            assert reply.status == status
            assert f"<p class='code'>{status}</p>".encode() in reply.body
            assert reply.fields["content-type"] == "text/html; charset=utf-8"
            assert "default-src 'none'" in \
                reply.fields["content-security-policy"]


# ---- folders --------------------------------------------------------------------------


def a_folder_without_its_slash_is_redirected():
    with share({"a b/c/x": b"", "evil.example/x": b""}) as (server, _):
        for target, location in [
            (b"/a%20b", "/a%20b/"),
            (b"/a%20b/c?sort=size&x", "/a%20b/c/?sort=size&x"),
            (b"//evil.example", "/evil.example/"),
            (b"//evil.example/%2e%2e/evil.example", "/evil.example/"),
            (b"/./evil.example", "/evil.example/"),
            (b"http://other.example/a%20b", "/a%20b/"),
        ]:
            reply = request(server.port, target)
            assert (reply.status, reply.fields["location"]) == \
                (301, location), (target, reply.status, reply.fields)


def a_listing_for_people():
    with share({"z.txt": b"x" * 1500, "dir/x": b""}) as (server, root):
        os.utime(os.path.join(root, "z.txt"), (1515627155, 1515627155))
        reply = request(server.port, b"/")
        text = reply.body.decode()
        assert reply.fields["content-type"] == "text/html; charset=utf-8"
        assert reply.fields["vary"] == "Accept, Accept-Encoding"
        assert reply.fields["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in reply.fields["content-security-policy"]
        assert text.index("./dir/") < text.index("./z.txt")
        assert "1.5 KiB" in text
        assert "datetime='2018-01-10T23:32:35Z'" in text
        assert f"<title>{os.path.basename(root)}</title>" in text
        assert "<script" not in text


def a_listing_for_programs():
    with share({"z.txt": b"x" * 1500, "dir/x": b""}) as (server, root):
        os.utime(os.path.join(root, "z.txt"), (1515627155, 1515627155))
        for accept, wants_json in [
            ("application/json", True),
            ("text/html;q=0.5, application/json", True),
            ("text/html, application/json;q=0.9", False),
            ("*/*", False),
            ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ]:
            reply = request(server.port, b"/?sort=name",
                            fields=[("Accept", accept)])
            is_json = reply.fields["content-type"] == "application/json"
            assert is_json == wants_json, accept
        reply = request(server.port, b"/", version="1.1",
                        fields=[("Accept", "application/json")])
        assert reply.fields["transfer-encoding"] == "chunked"
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", "/", headers={"Accept": "application/json"})
        listing = json.load(connection.getresponse())
        connection.close()
        assert listing["path"] == "/" and not listing["truncated"]
        folder_entry, file_entry = listing["entries"]
        assert folder_entry["name"] == "dir"
        assert folder_entry["kind"] == "directory"
        assert folder_entry["href"] == "./dir/"
        assert file_entry == {"name": "z.txt", "kind": "file", "size": 1500,
                              "modified": "2018-01-10T23:32:35Z",
                              "href": "./z.txt"}


def hostile_names_can_be_listed_and_fetched():
    files = {name: b"content of %d" % i for i, name in enumerate(HOSTILE)}
    with share(files) as (server, _):
        page = request(server.port, b"/").body
        page.decode()
        assert b"<script" not in page and b"\x1b" not in page
        listing = json.loads(request(
            server.port, b"/", fields=[("Accept", "application/json")]).body)
        assert len(listing["entries"]) == len(HOSTILE)
        contents = set()
        for entry in listing["entries"]:
            assert f"href='{entry['href']}'".encode() in page, entry
            reply = request(server.port, entry["href"][1:].encode())
            assert reply.status == 200, entry
            contents.add(reply.body)
        assert contents == set(files.values()), contents


def a_large_folder_is_cut():
    with share({f"{i:05}": b"" for i in range(10001)}) as (server, _):
        page = request(server.port, b"/").body
        assert page.count(b"<tr") == 10001  # and the heading
        assert b"Only the first 10000 are shown." in page
        listing = json.loads(request(
            server.port, b"/", fields=[("Accept", "application/json")]).body)
        assert listing["truncated"] and len(listing["entries"]) == 10000


# ---- the log ----------------------------------------------------------------------------


LINE = re.compile(r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d '
                  r'[+-]\d{4}\] "(.*)" (\d+) (\d+) "(.*)" "(.*)"')


def the_log_has_a_line_for_each_request():
    with share({"a.txt": b"hello"}) as (server, _):
        request(server.port, b"/a.txt", version="1.1",
                fields=[("Referer", "http://x/"), ("User-Agent", "t\"\\")])
        request(server.port, b"/\"\\<\xff")
        request(server.port, b"/\x1b[31m")
        request(server.port, b"/a.txt", "HEAD")
        exchange(server.port, b"nonsense\r\n\r\n")
        page = str(len(request(server.port, b"/%4").body))
        status, out, err = server.stop()
        assert (status, err) == (0, "")
        lines = [LINE.fullmatch(line) for line in out.splitlines()]
        assert all(lines), out
        # What is no target never becomes one; it is not in the log either.
        assert [line.groups() for line in lines] == [
            ("GET /a.txt HTTP/1.1", "200", "5", "http://x/", "t\\x22\\x5c"),
            ("GET", "400", page, "-", "-"),
            ("GET", "400", page, "-", "-"),
            ("HEAD /a.txt HTTP/1.0", "200", "0", "-", "-"),
            ("-", "400", page, "-", "-"),
            ("GET /%4 HTTP/1.0", "400", page, "-", "-"),
        ], out


def the_log_can_go_elsewhere():
    with folder({"a.txt": b"hello"}) as root:
        for words, out_has_lines in [(["--log", "-"], True),
                                     (["--log", "off"], False)]:
            child = support.spawn(
                "serve", "-l", ANY, *words, root,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            # Standard output belongs to the log when it was asked for.
            words_on = child.stderr if out_has_lines else child.stdout
            place = words_on.readline().decode().rstrip("\n")
            urllib.request.urlopen(place.split(" at ")[1] + "a.txt").read()
            child.send_signal(signal.SIGTERM)
            out, err = child.communicate(timeout=20)
            assert child.returncode == 0 and err == b"", err
            assert bool(out) == out_has_lines
        path = os.path.join(root, "access.log")
        for count in 1, 2:  # what was there stays
            with serving("serve", "-l", ANY, "--log", path, root) as server:
                request(server.port, b"/a.txt")
            with open(path, encoding="ascii") as file:
                assert len([LINE.fullmatch(line.rstrip("\n"))
                            for line in file]) == count
        status, out, err = run("serve", "-l", ANY, "--log",
                               "/nowhere/x", root)
        assert (status, out) == (1, "") and "/nowhere" in err, err
        assert run("serve", "-l", ANY, "--log", "/dev/full", root) == (
            1, "", "tenon serve: --log: /dev/full: not a regular file\n")
        # The operator's link is followed wherever it leads.
        with folder({"real.log": b""}) as elsewhere:
            link = os.path.join(root, "link.log")
            os.symlink(os.path.join(elsewhere, "real.log"), link)
            with serving("serve", "-l", ANY, "--log", link, root) as server:
                request(server.port, b"/a.txt")
            with open(link, encoding="ascii") as file:
                assert LINE.fullmatch(file.read().rstrip("\n"))


def whoever_reads_the_log_may_go_away():
    with folder({"a.txt": b"hello"}) as root:
        server = Server("serve", "-l", ANY, root)
        server.child.stdout.close()
        for _ in range(3):
            assert request(server.port, b"/a.txt").body == b"hello"
        server.child.send_signal(signal.SIGTERM)
        assert server.child.wait(20) == 0
        err = server.child.stderr.read().decode()
        server.child.stderr.close()
        assert err.count("\n") == 1 and "access log" in err, err


def ask(port, times):
    """This many requests on one connection; True when all were answered."""
    one = b"GET /a.txt HTTP/1.1\r\nHost: x\r\nUser-Agent: " + b"u" * 900 + \
        b"\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        for _ in range(times // 50):
            s.sendall(one * 50)
            got = b""
            while got.count(b"HTTP/1.1 200") < 50 or \
                    not got.endswith(b"hello"):
                piece = s.recv(65536)
                if not piece:
                    return False
                got += piece
    return True


def whoever_reads_the_log_may_stop_reading():
    """More than the pipe, the stream and the buffer hold."""
    times = 2500
    with folder({"a.txt": b"hello"}) as root:
        server = Server("serve", "-l", ANY, root)
        assert ask(server.port, times)
        begun = time.monotonic()
        server.child.send_signal(signal.SIGTERM)
        assert server.child.wait(20) == 0
        assert 0.5 < time.monotonic() - begun < 5, "a second, then it ends"
        out, err = server.child.communicate()
        lines = out.decode().splitlines()
        # All are whole, the last one in the pipe apart.
        assert all(LINE.fullmatch(line) for line in lines[:-1])
        said = err.decode().splitlines()
        assert len(said) == 2, said
        assert said[0] == "tenon serve: access log: the reader does not " \
                          "keep up; lines are dropped", said
        lost = re.fullmatch(r"tenon serve: access log: the end; (\d+) lines "
                            r"lost", said[1])
        assert lost and times - len(lines) <= int(lost.group(1)) <= times

        # It reads on: what had gathered comes, and the end of it is told.
        server = Server("serve", "-l", ANY, root)
        assert ask(server.port, times)
        text = b""
        while text.count(b"\n") < 900:
            text += os.read(server.child.stdout.fileno(), 65536)
        status, out, err = server.stop()
        assert status == 0
        lines = (text.decode() + out).splitlines()
        assert all(LINE.fullmatch(line) for line in lines), lines[-1]
        said = err.splitlines()
        assert len(said) == 2 and said[1] == \
            f"tenon serve: access log: it works again; " \
            f"{times - len(lines)} lines lost", said


def a_terminal_that_hangs_does_not_hold_it():
    """As that of a connection that is gone: nobody reads, nobody hangs up."""
    with folder({"a.txt": b"hello"}) as root:
        main, tty = os.openpty()
        child = support.spawn("serve", "-l", ANY, "--loops", "1", root,
                              stdin=subprocess.DEVNULL, stdout=tty, stderr=tty)
        os.close(tty)
        text = b""
        while b"Ctrl-C" not in text:
            text += os.read(main, 4096)
        port = int(re.search(rb"127\.0\.0\.1:(\d+)/", text).group(1))
        for length in 0, 1000:
            for _ in range(300):
                reply = request(port, b"/a.txt",
                                fields=[("User-Agent", "u" * length)])
                assert reply.body == b"hello"
        with open(f"/proc/{child.pid}/stat", encoding="ascii") as file:
            before = file.read().split()[13:15]
        time.sleep(0.5)
        with open(f"/proc/{child.pid}/stat", encoding="ascii") as file:
            after = file.read().split()[13:15]
        ticks = sum(map(int, after)) - sum(map(int, before))
        assert ticks < 20, f"it waits and does not spin: {ticks}"
        child.terminate()
        assert child.wait(20) == 0
        os.close(main)


def lines_of_many_loops_do_not_mix():
    with folder({"a.txt": b"hello"}) as root:
        path = os.path.join(root, "log")
        for words in [], ["--log", path]:
            server = Server("serve", "-l", ANY, "--loops", "4", *words, root)
            threads = [threading.Thread(target=ask, args=(server.port, 100))
                       for _ in range(8)]
            for thread in threads:
                thread.start()
            done = []
            reader = threading.Thread(
                target=lambda: done.append(server.child.stdout.read()))
            reader.start()
            for thread in threads:
                thread.join()
            server.child.send_signal(signal.SIGTERM)
            assert server.child.wait(20) == 0
            reader.join()
            assert server.child.stderr.read() == b""
            server.child.stdout.close()
            server.child.stderr.close()
            text = done[0].decode()
            if words:
                with open(path, encoding="ascii") as file:
                    text = file.read()
            lines = text.splitlines()
            assert len(lines) == 800, len(lines)
            assert all(LINE.fullmatch(line) for line in lines)


def a_full_disk_is_over_at_some_time():
    with folder({"a.txt": b"hello"}) as root:
        path = os.path.join(root, "log")
        # Python ignores SIGXFSZ, and so does a child that inherits it.
        server = Server("serve", "-l", ANY, "--log", path, root,
                        restore_signals=False)
        request(server.port, b"/a.txt")
        while not os.path.getsize(path):
            time.sleep(0.01)
        resource.prlimit(server.child.pid, resource.RLIMIT_FSIZE,
                         (os.path.getsize(path), resource.RLIM_INFINITY))
        for _ in range(3):
            assert request(server.port, b"/a.txt").body == b"hello"
            time.sleep(0.2)
        resource.prlimit(server.child.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        request(server.port, b"/a.txt")
        status, _, err = server.stop()
        said = err.splitlines()
        assert status == 0 and len(said) == 2, said
        assert said[0].startswith("tenon serve: access log: ")
        assert said[1] == \
            "tenon serve: access log: it works again; 3 lines lost", said
        with open(path, encoding="ascii") as file:
            lines = file.read().splitlines()
        assert len(lines) == 2 and all(map(LINE.fullmatch, lines)), lines


# ---- beginning and ending ------------------------------------------------------------------


def it_says_where_it_is():
    with share({"a": b""}) as (server, root):
        assert re.fullmatch(rf"Sharing {re.escape(root)} at "
                            rf"http://127\.0\.0\.1:\d+/\n", server.said)
    with folder({"a": b""}) as root:
        path = os.path.join(root, "s")
        with serving("serve", "-l", f"unix:{path}", root) as server:
            assert server.said == f"Sharing {root} at unix:{path}\n"
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                s.sendall(b"GET /a HTTP/1.0\r\n\r\n")
                assert Reply(read_all(s)).status == 200
        with serving("serve", "-l", "0.0.0.0:0", root) as server:
            assert server.place.startswith("http://127.0.0.1:")
            assert request(server.port, b"/a").status == 200
        with serving("serve", "-l", ANY, "-l", ANY, root) as server:
            second = server.child.stdout.readline().decode()
            assert second.split(" at ")[1] != server.place
            urllib.request.urlopen(server.place).read()
            urllib.request.urlopen(second.split(" at ")[1]).read()


def on_a_terminal_it_explains_itself():
    with folder({"a": b""}) as root:
        main, tty = os.openpty()
        child = support.spawn(
            "serve", "-l", ANY, root, stdout=tty, stderr=tty,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": ""})
        os.close(tty)
        text = b""
        while b"to stop." not in text:
            text += os.read(main, 4096)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0
        os.close(main)
        text = text.decode()
        assert "Sharing" in text and root in text and "\x1b[" in text
        assert "Only this machine can reach it" in text
        assert re.search(r"http://127\.0\.0\.1:\d+/", text)


def what_cannot_be_served_is_told():
    with folder({"a": b""}) as root:
        status, out, err = run("serve", "-l", ANY, os.path.join(root, "no"))
        assert (status, out) == (1, "") and err.count("\n") == 1
        assert err.startswith("tenon serve: ") and "no" in err, err
        status, _, err = run("serve", "-l", ANY, os.path.join(root, "a"))
        assert status == 1 and "not a directory" in err, err
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            status, out, err = run("serve", "-l", str(port), root)
            assert (status, out) == (1, ""), out
            assert err == (f"tenon serve: listen 127.0.0.1:{port}: address "
                           "already in use; stop the other program or choose "
                           "another port\n"), err


def a_restart_gets_the_same_port():
    with folder({"a": b"x"}) as root:
        with serving("serve", "-l", ANY, root) as server:
            port = server.port
            with socket.create_connection(("127.0.0.1", port)) as s:
                s.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
                s.recv(1000)
                server.stop()
        for _ in range(3):
            with serving("serve", "-l", str(port), root) as server:
                assert request(server.port, b"/a").body == b"x"


def slow_download(port, size, started):
    """Reads slowly; how many bytes of the body came."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        s.connect(("127.0.0.1", port))
        s.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        got = s.recv(1000)
        head, _, body = got.partition(b"\r\n\r\n")
        length = len(body)
        started.set()
        time.sleep(0.7)
        while length < size and (piece := s.recv(1 << 20)):
            length += len(piece)
        return length


def big_folder(size):
    return folder({"big": b"\0" * size})


def a_download_finishes_before_the_end():
    size = 32 << 20
    with big_folder(size) as root:
        with serving("serve", "-l", ANY, root) as server:
            started, result = threading.Event(), []
            thread = threading.Thread(target=lambda: result.append(
                slow_download(server.port, size, started)))
            thread.start()
            assert started.wait(20)
            server.child.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert server.child.poll() is None, "it waits"
            thread.join(20)
            assert result == [size], result
            assert server.child.wait(20) == 0
            assert server.child.stderr.read() == b""


def the_end_of_the_terminal_is_told_twice():
    """By the kernel and by the shell; downloads finish all the same."""
    size = 32 << 20
    with big_folder(size) as root:
        with serving("serve", "-l", ANY, root) as server:
            started, result = threading.Event(), []
            thread = threading.Thread(target=lambda: result.append(
                slow_download(server.port, size, started)))
            thread.start()
            assert started.wait(20)
            for _ in range(2):
                server.child.send_signal(signal.SIGHUP)
                time.sleep(0.2)
            assert server.child.poll() is None, "it waits"
            thread.join(20)
            assert result == [size], result
            assert server.child.wait(20) == 0
            assert server.child.stderr.read() == b""


def nohup_keeps_it():
    with folder({"a": b"x"}) as root:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            server = Server("serve", "-l", ANY, root)
        finally:
            signal.signal(signal.SIGHUP, before)
        server.child.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert request(server.port, b"/a").body == b"x"
        assert server.stop()[0] == 0


def a_second_signal_ends_it_at_once():
    size = 32 << 20
    with big_folder(size) as root:
        with serving("serve", "-l", ANY, root) as server:
            started, result = threading.Event(), []
            thread = threading.Thread(target=lambda: result.append(
                slow_download(server.port, size, started)))
            thread.start()
            assert started.wait(20)
            begun = time.monotonic()
            server.child.send_signal(signal.SIGINT)
            time.sleep(0.2)
            server.child.send_signal(signal.SIGINT)
            assert server.child.wait(20) == 0
            assert time.monotonic() - begun < 0.7 + 5
            thread.join(20)
            assert result[0] < size


def sigquit_shows_the_fibers():
    with share({"a": b"x"}) as (server, _):
        with socket.create_connection(("127.0.0.1", server.port)):
            time.sleep(0.1)
            server.child.send_signal(signal.SIGQUIT)
            time.sleep(0.3)
            status, _, err = server.stop()
            assert status == 0
            assert "signals" in err and len(err.splitlines()) >= 3, err


support.main([
    a_file_comes_as_it_is,
    head_has_the_fields_only,
    what_is_known_is_not_sent_again,
    each_version_has_its_tag,
    a_time_put_back_hides_nothing,
    an_index_stands_for_its_folder,
    nothing_outside_can_be_reached,
    dotfiles_are_shared_when_asked_for,
    listings_can_be_off,
    only_reading_is_possible,
    what_may_not_be_read_is_forbidden,
    pages_of_errors_have_the_look,
    a_folder_without_its_slash_is_redirected,
    a_listing_for_people,
    a_listing_for_programs,
    hostile_names_can_be_listed_and_fetched,
    a_large_folder_is_cut,
    the_log_has_a_line_for_each_request,
    the_log_can_go_elsewhere,
    whoever_reads_the_log_may_go_away,
    whoever_reads_the_log_may_stop_reading,
    a_terminal_that_hangs_does_not_hold_it,
    lines_of_many_loops_do_not_mix,
    a_full_disk_is_over_at_some_time,
    it_says_where_it_is,
    on_a_terminal_it_explains_itself,
    what_cannot_be_served_is_told,
    a_restart_gets_the_same_port,
    a_download_finishes_before_the_end,
    the_end_of_the_terminal_is_told_twice,
    nohup_keeps_it,
    a_second_signal_ends_it_at_once,
    sigquit_shows_the_fibers,
])

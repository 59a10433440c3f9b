"""tenon serve where many others use it: its options for apps, hosts, caches,
proxies, logs and those who watch it."""
import contextlib
import fcntl
import json
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import threading
import time

import support
from support import Server, folder, read_all, request, run, serving

ANY = "127.0.0.1:0"


def refused(*words):
    """What a server that must not start says, its status before it."""
    status, out, err = run("serve", "-l", ANY, *words)
    assert out == "" and err.count("\n") <= 2, err
    return status, err


def wait_for(true):
    """For what another process does in a moment."""
    for _ in range(400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it does not happen")


# ---- what is shown ---------------------------------------------------------------


def an_app_answers_for_paths_of_its_own():
    files = {"index.html": b"app", "a.js": b"js", "other.html": b"other"}
    with folder(files) as root:
        with serving("serve", "-l", ANY, "--spa", root) as server:
            for target, status, body in [(b"/", 200, b"app"),
                                         (b"/users/42", 200, b"app"),
                                         (b"/a.js", 200, b"js")]:
                reply = request(server.port, target)
                assert (reply.status, reply.body) == (status, body), target
            reply = request(server.port, b"/none.js")
            assert reply.status == 404, "a file that is missing is missing"
        with serving("serve", "-l", ANY, "--spa=other.html", root) as server:
            assert request(server.port, b"/users/42").body == b"other"
        status, err = refused("--spa=no.html", root)
        assert status == 1 and err == (
            f"tenon serve: --spa: {root} has no file no.html; --spa=FILE "
            "names another\n"), err


def rules_say_how_long_files_keep():
    files = {"a.css": b"", "assets/b.js": b"", "c.html": b"", "d": b""}
    with folder(files) as root:
        with serving("serve", "-l", ANY, "--cache", "/assets/*=immutable",
                     "--cache", "*.css=1h", "--cache", "*.html=never",
                     "--cache", "private, max-age=5", root) as server:
            for target, value in [
                (b"/assets/b.js", "public, max-age=31536000, immutable"),
                (b"/a.css", "max-age=3600"),
                (b"/c.html", "no-store"),
                (b"/d", "private, max-age=5"),
            ]:
                fields = request(server.port, target).fields
                assert fields["cache-control"] == value, target
                assert fields["x-content-type-options"] == "nosniff"
    for rule in "1hour", "imutable", "assets/*=1h", "/a=", "/a":
        status, err = refused("--cache", rule)
        assert status == 2 and "write a time such as 1h or 30d" in err, err


def files_are_compressed_unless_told_otherwise():
    features = run("--version")[1]
    with folder({"a.css": b"a { color: red }\n" * 1000,
                 "b.css": b"b", "b.css.gz": b"small"}) as root:
        for name in os.listdir(root):
            os.utime(os.path.join(root, name), (1515627155, 1515627155))

        def coding(server, name):
            reply = request(server.port, name,
                            fields=[("Accept-Encoding", "gzip")])
            return reply.fields.get("content-encoding")
        with serving("serve", "-l", ANY, root) as server:
            if "gzip" in features:  # by a worker, once it has been asked for
                wait_for(lambda: coding(server, b"/a.css") == "gzip")
        with serving("serve", "-l", ANY, "--no-compression", root) as server:
            for _ in range(3):
                assert coding(server, b"/a.css") is None
                time.sleep(0.05)
            assert coding(server, b"/b.css") == "gzip", "what is there is used"


def pages_of_errors_can_be_ones_own():
    files = {"in/a": b"", "lost.html": b"lost", "all/404.html": b"not here",
             "all/405.html": b"not so", "all/400.html": b"not heard"}
    with folder(files) as root:
        inside, pages = os.path.join(root, "in"), os.path.join(root, "all")
        with serving("serve", "-l", ANY, "--error-page", pages,
                     "--error-page", f"404={root}/lost.html",
                     inside) as server:
            for method, target, status, body in [
                ("GET", b"/no", 404, b"lost"),
                ("HEAD", b"/no", 404, b""),
                ("POST", b"/a", 405, b"not so"),
                ("GET", b"/\x1b", 400, b"not heard"),
            ]:
                reply = request(server.port, target, method)
                assert (reply.status, reply.body) == (status, body), target
                assert reply.fields["content-type"].startswith("text/html")
            os.unlink(os.path.join(root, "lost.html"))
            os.unlink(os.path.join(pages, "404.html"))
            os.rename(inside, inside + "2")
        with serving("serve", "-l", ANY, "--error-page", pages,
                     inside + "2") as server:
            assert b"<p class='code'>404</p>" in \
                request(server.port, b"/no").body, "our own page remains"
        for words, part in [(["404=/no/where.html"], "No such file"),
                            (["404=" + pages], "not a regular file"),
                            (["/no/where"], "No such file")]:
            status, err = refused("--error-page", *words, root)
            assert status == 1 and err.startswith("tenon serve: --error-page"
                                                  ), err
    for words, part in [("200=x", "400 to 599"), ("404=", "which file"),
                        ("", "STATUS=FILE")]:
        status, err = refused("--error-page", words)
        assert status == 2 and part in err, err


def each_host_has_its_folder():
    files = {"main/a": b"main", "one/a": b"one", "any/a": b"any",
             "one/b/c": b"", "main/.x": b""}
    with folder(files) as root:
        main, one, other = (os.path.join(root, n)
                            for n in ("main", "one", "any"))
        with serving("serve", "-l", ANY, "--host", f"one.example={one}",
                     "--host", f"*.example={other}", main) as server:
            for host, body in [
                ("one.example", b"one"), ("ONE.example:8000", b"one"),
                ("one.example.", b"one"), ("two.example", b"any"),
                ("x.one.example", b"any"), ("example", b"main"),
                ("[::1]:80", b"main"), ("localhost", b"main"),
            ]:
                # Dots are a matter of text: they lead to no other host.
                for target in b"/a", b"/./x/../a":
                    data = support.exchange(
                        server.port, b"GET " + target + b" HTTP/1.1\r\n"
                        b"Connection: close\r\nHost: " + host.encode() +
                        b"\r\n\r\n")
                    assert data.endswith(b"\r\n\r\n" + body), (host, data)
            reply = request(server.port, b"http://one.example/b/")
            assert b"one.example" in reply.body and b"./c" in reply.body
        for rows, part in [
            ([f"a={one}", f"A={one}"], "the host a has a folder already"),
            (["a=/no/where"], "/no/where"),
        ]:
            words = [w for row in rows for w in ("--host", row)]
            status, err = refused(*words, root)
            assert status == 1 and part in err, err
    for words, part in [("a", "a folder is missing"), ("a=", "is missing"),
                        ("a:80=x", "without its port"), ("=x", "the name"),
                        ("*=x", "the name")]:
        status, err = refused("--host", words)
        assert status == 2 and part in err, err


# ---- who asks -----------------------------------------------------------------------


def ask_at(port, data):
    reply = support.exchange(port, data)
    return int(reply.split(b" ")[1]) if reply else None


GET = b"GET /a HTTP/1.0\r\n"


def proxies_name_the_client():
    """The first word of a line of the log is who asked."""
    with folder({"a": b""}) as root:
        for words, data, peer in [
            (["--proxy-from", "127.0.0.0/8"],
             b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n" + GET, "192.0.2.7"),
            (["--forwarded-from", "127.0.0.1"],
             GET + b"X-Forwarded-For: 192.0.2.8\r\n", "192.0.2.8"),
            (["--forwarded-from", "127.0.0.1"],
             GET + b"Forwarded: for=192.0.2.8\r\n", "127.0.0.1"),
            (["--forwarded-from", "127.0.0.1", "--forwarded-field",
              "forwarded"],
             GET + b"Forwarded: for=192.0.2.9\r\n", "192.0.2.9"),
            (["--forwarded-from", "10.0.0.0/8"],
             GET + b"X-Forwarded-For: 192.0.2.8\r\n", "127.0.0.1"),
        ]:
            with serving("serve", "-l", ANY, *words, root) as server:
                assert ask_at(server.port, data + b"\r\n") == 200, words
                status, out, err = server.stop()
                assert (status, err) == (0, "")
                assert out.split(" ")[0] == peer, (words, out)
        # Who has to send a header and does not is hung up on; from others it
        # is no request.
        server = Server("serve", "-l", ANY, "--proxy-from", "127.0.0.1", root)
        try:
            assert ask_at(server.port, GET + b"\r\n") is None
        finally:
            status, out, err = server.stop()
        assert (status, out) == (0, "") and "server.proxy" in err, err
        with serving("serve", "-l", ANY, "--proxy-from", "10.0.0.0/8",
                     root) as server:
            assert ask_at(server.port, b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2"
                          b"\r\n" + GET + b"\r\n") == 400
    for option in "--proxy-from", "--forwarded-from":
        status, err = refused(option, "10.0.0.0/33")
        assert status == 2 and "10.0.0.0/33" in err, err


def one_address_has_its_share():
    with folder({"a": b"x"}) as root:
        server = Server("serve", "-l", ANY, "--per-address", "2", root)
        place = "127.0.0.1", server.port
        with socket.create_connection(place, 20) as one, \
                socket.create_connection(place, 20) as two:
            for s in one, two:
                s.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
                assert s.recv(1000).startswith(b"HTTP/1.1 200")
            with socket.create_connection(place, 20) as third:
                assert third.recv(1000) == b""

        def answers():
            try:
                return request(server.port, b"/a").status == 200
            except (OSError, IndexError):  # hung up on
                return False
        wait_for(answers)
        status, _, err = server.stop()
        assert status == 0 and "it has 2 connections already" in err, err


def strangers_who_rest_leave_room():
    """Neither by saying nothing nor by staying after an answer can a few have
    all the slots there are, or all the descriptors."""
    for words, limit in (["--connections", "16"], 1000), ([], 64):
        with folder({"a": b"x"}) as root, contextlib.ExitStack() as stack:
            server = Server("serve", "-l", ANY, "--idle", "1h", *words, root)
            stack.callback(server.child.kill)
            resource.prlimit(server.child.pid, resource.RLIMIT_NOFILE,
                             (limit, limit))
            for i in range(100):
                s = stack.enter_context(socket.create_connection(
                    ("127.0.0.1", server.port), 20))
                if i % 2:
                    s.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            assert request(server.port, b"/a").body == b"x"
            status, _, err = server.stop()
            assert status == 0 and ("too many" in err) == (limit == 64), err


def it_has_all_descriptors_it_may():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with folder({"a.txt": b"hello"}) as root:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 200), hard))
        try:
            server = Server("serve", "-l", ANY, root)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        got = resource.prlimit(server.child.pid, resource.RLIMIT_NOFILE)
        assert got == (hard, hard), got
        server.stop()


def a_request_has_its_time():
    with folder({"a": b"x"}) as root:
        with serving("serve", "-l", ANY, "--request-time", "200ms",
                     root) as server:
            with socket.create_connection(("127.0.0.1", server.port),
                                          20) as s:
                s.sendall(b"GET /a HTTP/1.1\r\nHo")
                assert read_all(s).startswith(b"HTTP/1.1 408")


def a_unix_socket_has_mode_and_owner():
    with folder({"a": b"x"}) as root:
        path = os.path.join(root, "s")
        with serving("serve", "-l", f"unix:{path}", "--unix-mode", "640",
                     "--unix-owner", f"{os.getuid()}:{os.getgid()}", root):
            info = os.stat(path)
            assert stat.S_IMODE(info.st_mode) == 0o640, oct(info.st_mode)
            assert (info.st_uid, info.st_gid) == (os.getuid(), os.getgid())
        for option, value in ("--unix-mode", "660"), ("--unix-owner", "root"):
            status, err = refused(option, value, root)
            assert status == 2 and "add -l unix:/path" in err, err
        for mode in "66", "999", "0", "01777", "rw-", "000":
            status, err = refused("--unix-mode", mode)
            assert status == 2 and "chmod(1)" in err, err
        status, out, err = run("serve", "-l", f"unix:{path}", "--unix-owner",
                               "nobody-of-that-name", root)
        assert status == 1 and "nobody-of-that-name" in err, err
        assert not os.path.exists(path)


# ---- what is written --------------------------------------------------------------


def the_log_can_be_for_programs():
    with folder({"a": b"hello"}) as root:
        with serving("serve", "-l", ANY, "--log-format", "json",
                     root) as server:
            request(server.port, b"/a?x", version="1.1", fields=[
                ("User-Agent", "\x9b\u202e\"\\")])
            support.exchange(server.port, b"nonsense\r\n\r\n")
            status, out, err = server.stop()
            assert (status, err) == (0, "")
            assert "\x9b" not in out and "\u202e" not in out, ascii(out)
            lines = [json.loads(line) for line in out.splitlines()]
            line = lines[0]
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                                line.pop("time")), out
            assert 0 <= line.pop("seconds") < 20
            assert line == {
                "peer": "127.0.0.1", "host": "x", "method": "GET",
                "target": "/a?x", "version": "1.1", "status": 200,
                "bytes": 5, "received": 0, "secure": False,
                "user_agent": "\x9b\u202e\"\\"}, line
            assert len(lines) == 2 and lines[1]["status"] == 400
            assert "method" not in lines[1]


def the_log_is_opened_again_on_sighup():
    with folder({"a": b"hello"}) as root:
        path = os.path.join(root, "log")
        with serving("serve", "-l", ANY, "--log", path, root) as server:
            request(server.port, b"/a?1")
            wait_for(lambda: os.path.getsize(path))
            os.rename(path, path + ".1")
            request(server.port, b"/a?2")
            wait_for(lambda: "?2" in open(path + ".1").read())
            server.child.send_signal(signal.SIGHUP)
            wait_for(lambda: os.path.exists(path))
            request(server.port, b"/a?3")
            wait_for(lambda: "?3" in open(path).read())
            assert "?3" not in open(path + ".1").read()
            # What cannot be opened is told, and the old one goes on.
            os.rename(path, path + ".2")
            os.mkdir(path)
            server.child.send_signal(signal.SIGHUP)
            line = server.child.stderr.readline()
            assert line.startswith(b"tenon serve: --log: "), line
            request(server.port, b"/a?4")
            wait_for(lambda: "?4" in open(path + ".2").read())
        # Without a file SIGHUP is the end, as ever.
        with serving("serve", "-l", ANY, root) as server:
            server.child.send_signal(signal.SIGHUP)
            assert server.child.wait(20) == 0


# ---- who watches ------------------------------------------------------------------


def metrics(port):
    """What /metrics says, by name and labels."""
    reply = request(port, b"/metrics")
    assert reply.status == 200
    assert reply.fields["content-type"].startswith("text/plain; version=0.0.4")
    found, typed = {}, set()
    for line in reply.body.decode().splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split(" ")[2])
        if line.startswith("#"):
            continue
        name, value = line.rsplit(" ", 1)
        base = re.sub(r"_(bucket|sum|count)$", "", name.split("{")[0])
        assert base in typed, line
        assert name not in found, line
        found[name] = float(value)
    return found


def those_who_watch_see_what_happens():
    with folder({"a": b"hello"}) as root:
        begun = time.time()
        with serving("serve", "-l", ANY, "--status", ANY, root) as server:
            words, place = server.child.stdout.readline().decode().split(" at ")
            assert words == "Status" and place.endswith("/metrics\n"), place
            status = int(re.search(r":(\d+)/", place).group(1))
            before = metrics(status)
            assert all(value == 0 for name, value in before.items()
                       if "requests" in name or "refused" in name), before
            for _ in range(3):
                assert request(server.port, b"/a").status == 200
            assert request(server.port, b"/b").status == 404
            now = {}

            def counted():
                now.update(metrics(status))
                return now["tenon_connections"] == 0
            wait_for(counted)
            for name, value in [
                ('http_requests_total{code="2xx"}', 3),
                ('http_requests_total{code="4xx"}', 1),
                ('http_requests_total{code="5xx"}', 0),
                ("http_request_duration_seconds_count", 4),
                ('http_request_duration_seconds_bucket{le="+Inf"}', 4),
                ("connections_accepted_total", 4),
                ('connections_refused_total{reason="address"}', 0),
            ]:
                assert now["tenon_" + name] == value, (name, now)
            assert now['tenon_http_body_bytes_total{direction="out"}'] > 15
            assert now["tenon_network_written_bytes_total"] > 4 * 100
            assert now["tenon_network_read_bytes_total"] > 4 * 20
            assert 0 < now["tenon_http_request_duration_seconds_sum"] < 80
            assert begun - 60 < now["process_start_time_seconds"] < \
                begun + 60
            reply = request(status, b"/healthz")
            assert (reply.status, reply.body) == (200, b"ok\n")
            assert reply.fields["cache-control"] == "no-store"
            for target, code in (b"/", 404), (b"/a", 404), (b"/metrics/", 404):
                assert request(status, target).status == code, target
            assert request(status, b"/metrics", "POST").status == 405


def health_says_when_it_ends():
    with folder({"big": b"\0" * (16 << 20)}) as root:
        with serving("serve", "-l", ANY, "--status", ANY, "--drain", "60s",
                     root) as server:
            place = server.child.stdout.readline().decode()
            status = int(re.search(r":(\d+)/", place).group(1))
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                s.connect(("127.0.0.1", server.port))
                s.sendall(b"GET /big HTTP/1.0\r\n\r\n")
                assert s.recv(100)
                server.child.send_signal(signal.SIGTERM)
                wait_for(lambda: request(status, b"/healthz").status == 503)
                came = 0
                while piece := len(s.recv(65536)):
                    came += piece
                assert came >= 16 << 20, came
            assert server.child.wait(20) == 0


# ---- as a service ------------------------------------------------------------------


def systemd_hears_how_it_is():
    with folder({"a": b"x"}) as root:
        path = os.path.join(root, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(20)
            env = {**os.environ, "NOTIFY_SOCKET": path,
                   "WATCHDOG_USEC": "200000"}
            with serving("serve", "-l", ANY, root, env=env) as server:
                heard = [notify.recv(1000) for _ in range(3)]
                assert b"READY=1" in heard and b"WATCHDOG=1" in heard, heard
                assert request(server.port, b"/a").status == 200
                server.child.send_signal(signal.SIGTERM)
                while (said := notify.recv(1000)) != b"STOPPING=1":
                    assert said == b"WATCHDOG=1", said
                assert server.child.wait(20) == 0


def systemd_gives_the_sockets():
    """As a .socket unit does: from descriptor 3 on, with names."""
    code = ('exec 3<&"$1" 4<&"$2"; shift 2; export LISTEN_PID=$$ LISTEN_FDS=2 '
            'LISTEN_FDNAMES=web:status; exec "$@"')
    with folder({"a": b"x"}) as root, \
            socket.create_server(("127.0.0.1", 0)) as web, \
            socket.create_server(("127.0.0.1", 0)) as status:
        # Out of the way of 3 and 4.
        fds = [fcntl.fcntl(s, fcntl.F_DUPFD, 5 + 5 * i)
               for i, s in enumerate((web, status))]
        child = subprocess.Popen(
            ["bash", "-c", code, "sh", *map(str, fds), support.TENON, "serve",
             "-l", "systemd:", "--status", "systemd:status", root],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, pass_fds=fds)
        support.children.append(child)
        for fd in fds:
            os.close(fd)
        port = web.getsockname()[1]
        assert child.stdout.readline().decode() == \
            f"Sharing {root} at http://127.0.0.1:{port}/\n"
        assert request(port, b"/a").status == 200
        assert request(status.getsockname()[1], b"/healthz").status == 200
        child.terminate()
        _, err = child.communicate(timeout=20)
        assert (child.returncode, err) == (0, b"")
    status, out, err = run("serve", "-l", "systemd:web")
    assert status == 1 and "systemd-socket-activate" in err, err
    status, out, err = run("serve", "-l", "fd:x")
    assert status == 2 and "as in fd:3" in err, err


def of_whom(status):
    """Which process answers there: when it began is its name."""
    try:
        return metrics(status)["process_start_time_seconds"]
    except (OSError, IndexError):
        return None


def a_restart_refuses_nobody():
    with folder({"a": b"x" * 1000}) as root:
        program = os.path.join(root, "tenon")
        os.symlink(support.TENON, program)
        child = subprocess.Popen(
            [program, "serve", "-l", ANY, "--status", ANY, "--log",
             os.path.join(root, "log"), root],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        support.children.append(child)
        said = [child.stdout.readline().decode() for _ in range(2)]
        port, status = (int(re.search(r":(\d+)/", line).group(1))
                        for line in said)
        first = of_whom(status)
        ended, failures, answered = threading.Event(), [], []

        def ask():
            while not ended.is_set():
                try:
                    answered.append(request(port, b"/a").status)
                except Exception as error:
                    failures.append(error)
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()

        # Its program is gone: it says so and goes on.
        os.rename(program, program + "-away")
        child.send_signal(signal.SIGUSR2)
        line = child.stderr.readline().decode()
        assert line.startswith("tenon serve: no restart, and serving on: "), \
            line
        assert of_whom(status) == first
        os.rename(program + "-away", program)

        child.send_signal(signal.SIGUSR2)
        said = [child.stdout.readline().decode() for _ in range(2)]
        assert f":{port}/" in said[0] and f":{status}/" in said[1], said
        assert child.wait(20) == 0
        wait_for(lambda: of_whom(status) not in (first, None))
        assert request(status, b"/healthz").body == b"ok\n"
        ended.set()
        for thread in threads:
            thread.join()
        assert not failures and set(answered) == {200}, (failures, answered)

        new, = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and
                of_program(pid, program) and int(pid) != child.pid]
        os.kill(new, signal.SIGTERM)
        assert child.stderr.read() == b"", "until both have ended"
        child.stdout.close()
        child.stderr.close()


def of_program(pid, program):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().startswith(os.fsencode(program) + b"\0")
    except OSError:
        return False


if __name__ == "__main__":
    support.main([
        an_app_answers_for_paths_of_its_own,
        rules_say_how_long_files_keep,
        files_are_compressed_unless_told_otherwise,
        pages_of_errors_can_be_ones_own,
        each_host_has_its_folder,
        proxies_name_the_client,
        one_address_has_its_share,
        strangers_who_rest_leave_room,
        it_has_all_descriptors_it_may,
        a_request_has_its_time,
        a_unix_socket_has_mode_and_owner,
        the_log_can_be_for_programs,
        the_log_is_opened_again_on_sighup,
        those_who_watch_see_what_happens,
        health_says_when_it_ends,
        systemd_hears_how_it_is,
        systemd_gives_the_sockets,
        a_restart_refuses_nobody,
    ])

"""tenon serve where many others use it: its options for apps, hosts, caches,
proxies, logs and those who watch it."""
import os
import re

import support
from support import folder, request, run, serving

ANY = "127.0.0.1:0"


def refused(*words):
    """What a server that must not start says, its status before it."""
    status, out, err = run("serve", "-l", ANY, *words)
    assert out == "" and err.count("\n") <= 2, err
    return status, err


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


if __name__ == "__main__":
    support.main([
        an_app_answers_for_paths_of_its_own,
        rules_say_how_long_files_keep,
        pages_of_errors_can_be_ones_own,
        each_host_has_its_folder,
    ])

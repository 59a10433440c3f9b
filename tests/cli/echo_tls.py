#!/usr/bin/env python3
"""tenon echo over TLS: both ends, with Python's ssl at the other."""
import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

import support
from support import folder, read_all, run, serving


def make(root, name="one"):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
         f"{root}/key", "-out", f"{root}/cert"],
        check=True, stderr=subprocess.DEVNULL)


def said_fingerprint(server):
    line = server.child.stdout.readline().decode()
    match = re.fullmatch(r"Certificate SHA-256 ([0-9A-F:]{95})\n", line)
    assert match, line
    return match.group(1)


def client(server, cafile):
    context = ssl.create_default_context(cafile=cafile)
    raw = socket.create_connection(("127.0.0.1", server.port), 20)
    return context.wrap_socket(raw, server_hostname="127.0.0.1")


@contextlib.contextmanager
def python_tls_server(root, handle):
    """handle(connection) for one connection; None when there was none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{root}/cert", f"{root}/key")
    with socket.create_server(("127.0.0.1", 0)) as s:
        s.settimeout(20)

        def serve():
            raw, _ = s.accept()
            raw.settimeout(20)
            try:
                with context.wrap_socket(raw, server_side=True) as c:
                    handle(c)
            except (ssl.SSLError, ConnectionError):
                pass  # a client that does not trust us

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield s.getsockname()[1]
        finally:
            thread.join(20)
            assert not thread.is_alive()


# What OpenSSL keeps for a thread goes with the thread, which the end of the
# process does not wait for: no leak, though it can look like one.
NO_LEAKS = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}


def their_client():
    with folder({}) as root:
        make(root)
        for kind in "fiber", "serial", "thread", "fork":
            env = NO_LEAKS if kind == "thread" else os.environ
            for more in [], ["--stamp"], ["--stamp", "--charset", "GBK"]:
                with serving("echo", "serve", "127.0.0.1:0", "--kind", kind,
                             "--tls", f"{root}/cert,{root}/key", *more,
                             env=env) as server:
                    assert server.place == f"tls:127.0.0.1:{server.port}"
                    said_fingerprint(server)
                    with client(server, f"{root}/cert") as s:
                        for said in b"hello", "你好".encode("gbk"):
                            s.sendall(said)
                            got = s.recv(1024)
                            while not got.endswith(said):
                                got += s.recv(1024)
                            assert (got == said) == (not more), got


def their_server():
    def handle(c):
        data = c.recv(1024)
        c.sendall(b"[now] " + data)
        c.unwrap()

    with folder({}) as root:
        make(root)
        with python_tls_server(root, handle) as port:
            status, out, err = run("echo", f"tls:127.0.0.1:{port}", "hello",
                                   "--ca", f"{root}/cert")
            assert (status, out, err) == (0, "[now] hello\n", ""), err
        with python_tls_server(root, handle) as port:
            status, out, err = run("echo", f"tls:127.0.0.1:{port}",
                                   "--insecure", "--charset", "GBK", "你好")
            assert (status, out, err) == (0, "[now] 你好\n", ""), err


def strangers_are_not_trusted():
    heard = []
    with folder({}) as root:
        make(root)
        with python_tls_server(root, lambda c: heard.append(read_all(c))) \
                as port:
            status, out, err = run("echo", f"tls:127.0.0.1:{port}", "secret")
            assert (status, out) == (1, "") and "signed" in err, err
        with serving("echo", "serve", "127.0.0.1:0", "--tls", "auto") \
                as server:
            status, out, err = run("echo", server.place, "secret", "--ca",
                                   f"{root}/cert")
            assert (status, out) == (1, "") and "signed" in err, err
    with serving("echo", "serve", "127.0.0.1:0", "--tls", "auto") as server:
        fingerprint = said_fingerprint(server)
        other = "00" + fingerprint[2:] if fingerprint[:2] != "00" else \
            "11" + fingerprint[2:]
        status, out, err = run("echo", server.place, "--fingerprint", other,
                               "secret")
        assert (status, out) == (1, "") and \
            err == (f"tenon echo: {server.place}: the certificate there is "
                    f"another one, with the fingerprint {fingerprint}\n"), err
        for given in fingerprint, fingerprint.lower():
            status, out, err = run("echo", server.place, "--fingerprint",
                                   given, "hello")
            assert (status, out, err) == (0, "hello\n", ""), err
    assert b"secret" not in b"".join(heard)


def a_cut_is_no_end():
    def handle(c):
        c.recv(100)
        c.sendall(b"half")
        socket.socket(fileno=os.dup(c.fileno())).shutdown(socket.SHUT_RDWR)

    with folder({}) as root:
        make(root)
        with python_tls_server(root, handle) as port:
            status, out, err = run("echo", f"tls:127.0.0.1:{port}", "hello",
                                   "--ca", f"{root}/cert")
            assert (status, out) == (1, "half") and err, (status, out, err)


def hangup_reads_the_files_again():
    with folder({}) as root:
        make(root)
        with serving("echo", "serve", "127.0.0.1:0", "--tls",
                     f"{root}/cert,{root}/key") as server:
            first = said_fingerprint(server)
            with client(server, f"{root}/cert") as s:
                make(root, "two")
                server.child.send_signal(signal.SIGHUP)
                deadline = time.monotonic() + 20
                while run("echo", server.place, "x", "--fingerprint",
                          first)[0] == 0:
                    assert time.monotonic() < deadline
                s.sendall(b"still here")
                assert s.recv(100) == b"still here"
            assert run("echo", server.place, "x", "--ca",
                       f"{root}/cert")[:2] == (0, "x\n")


def what_does_not_go_together_is_said():
    with folder({"cert": b"x"}) as root:
        for words, status, text in [
            (["echo", "127.0.0.1:1", "--insecure"], 2, "go with tls:"),
            (["echo", "tls:127.0.0.1:1", "--fingerprint", "AB:CD"], 2,
             "32 bytes in hexadecimal"),
            (["echo", "tls:127.0.0.1:1", "--ca", f"{root}/none"], 1,
             "no such file"),
            (["echo", "serve", "tls:127.0.0.1:0"], 2,
             "what speaks TLS says so with --tls"),
            (["echo", "serve", "udp:127.0.0.1:0", "--tls", "auto"], 2,
             "--tls goes with TCP"),
            (["echo", "serve", "127.0.0.1:0", "--tls", f"{root}/cert"], 1,
             "there is none in it"),
        ]:
            got, out, err = run(*words, "--charset", "UTF-8")
            assert (got, out) == (status, "") and text in err, (words, err)


support.main([
    their_client,
    their_server,
    strangers_are_not_trusted,
    a_cut_is_no_end,
    hangup_reads_the_files_again,
    what_does_not_go_together_is_said,
])

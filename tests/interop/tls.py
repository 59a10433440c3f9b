#!/usr/bin/env python3
"""TLS with what others wrote: curl, openssl and Python's ssl, both ways."""
import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.environ["TENON_SOURCE"], "tests", "cli"))
from support import main, serving  # noqa: E402

CLIENT = os.path.join(os.environ["TENON_BUILD"], "tests", "interop",
                      "tls_client")
ROOT = tempfile.mkdtemp(prefix="tenon-tls-")


def path(name):
    return os.path.join(ROOT, name)


def command(*words, stdin=b"", status=0):
    done = subprocess.run(words, input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == status, (words, done)
    return done.stdout.decode()


def certificate(name, names, ca=None):
    """NAME.pem and NAME.key, by openssl; signed by `ca`, or a CA itself."""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             f"/CN={name}", "-keyout", path(f"{name}.key"), "-out",
             path(f"{name}.pem")]
    if names:
        words += ["-addext", f"subjectAltName={names}"]
    if ca:
        words += ["-CA", path(f"{ca}.pem"), "-CAkey", path(f"{ca}.key"),
                  "-addext", "basicConstraints=critical,CA:FALSE"]
    command(*words)


def shown(name):
    return path(f"{name}.pem") + "," + path(f"{name}.key")


@contextlib.contextmanager
def share(name="good"):
    folder = path("folder")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "a.txt"), "wb") as file:
        file.write(b"hello over TLS\n")
    with open(os.path.join(folder, "big"), "wb") as file:
        file.write(bytes(range(256)) * 20000)
    with serving("serve", "-l", "127.0.0.1:0", "--tls", shown(name), "--log",
                 "off", folder) as server:
        assert server.place.startswith("https://127.0.0.1:"), server.said
        yield server


# ---- their clients -------------------------------------------------------------


def curl_reads_what_tenon_serves():
    with share() as server:
        url = f"https://127.0.0.1:{server.port}/"
        for version in "--tlsv1.3", "--tls-max=1.2":
            words = ["curl", "-sS", "--cacert", path("ca.pem")] + \
                version.split("=")
            assert command(*words, url + "a.txt") == "hello over TLS\n"
            # Several on one connection, and a large one.
            command(*words, "-o", path("got"), url + "big", "-o", path("got2"),
                    url + "big")
            with open(path("got"), "rb") as file:
                assert file.read() == bytes(range(256)) * 20000
        # 60: curl does not know the CA.
        command("curl", "-sS", url, status=60)


def openssl_is_a_client():
    with share() as server:
        out = command("openssl", "s_client", "-connect",
                      f"127.0.0.1:{server.port}", "-CAfile", path("ca.pem"),
                      "-verify_return_error", "-alpn", "h2,http/1.1",
                      "-ign_eof", stdin=b"GET /a.txt HTTP/1.1\r\nHost: x\r\n"
                      b"Connection: close\r\n\r\n")
        assert "Verify return code: 0 (ok)" in out, out
        assert "ALPN protocol: http/1.1" in out and "hello over TLS" in out
        # It asks for nothing else than what a version of 1.2 has.
        for old in "-tls1", "-tls1_1":
            command("openssl", "s_client", "-connect",
                    f"127.0.0.1:{server.port}", old, status=1)


def python_is_a_client():
    context = ssl.create_default_context(cafile=path("ca.pem"))
    context.set_alpn_protocols(["http/1.1"])
    session = None
    with share() as server:
        for i in range(3):
            with socket.create_connection(("127.0.0.1", server.port)) as raw:
                with context.wrap_socket(raw, server_hostname="127.0.0.1",
                                         session=session) as s:
                    s.sendall(b"GET /a.txt HTTP/1.0\r\n\r\n")
                    data = b""
                    while piece := s.recv(1000):  # ends in a close_notify
                        data += piece
                    assert data.endswith(b"hello over TLS\n"), data
                    assert s.selected_alpn_protocol() == "http/1.1"
                    assert s.session_reused == (i > 0)
                    session = s.session


# ---- their servers -------------------------------------------------------------


@contextlib.contextmanager
def echoing(name="good", client_ca=None, rude=False):
    """Lines back from Python's ssl: the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path(f"{name}.pem"), path(f"{name}.key"))
    context.set_alpn_protocols(["tenon/1"])
    if client_ca:
        context.load_verify_locations(path(f"{client_ca}.pem"))
        context.verify_mode = ssl.CERT_REQUIRED

    def answer(raw):
        with raw, contextlib.suppress(OSError):
            with context.wrap_socket(raw, server_side=True) as s:
                with s.makefile("rwb") as file:
                    for line in file:
                        file.write(b"half" if rude else line)
                        file.flush()
                        if rude:
                            return
                s.unwrap()

    def serve():
        with contextlib.suppress(OSError):
            while True:
                answer(listener.accept()[0])

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def python_is_a_server():
    with echoing() as port:
        where = f"tls:127.0.0.1:{port}"
        out = command(CLIENT, where, path("ca.pem"), stdin=b"one\ntwo\n")
        assert out == "TLSv1.3 tenon/1 new\none\ntwo\n", out
        out = command(CLIENT, where, path("stranger.pem"), status=1)
        assert out.startswith("TN_ETLS_ISSUER: TLS to 127.0.0.1: certificate "
                              "CN = good is signed by CN = ca"), out
    with echoing("other") as port:
        out = command(CLIENT, f"tls:127.0.0.1:{port}", path("ca.pem"),
                      status=1)
        assert out.startswith("TN_ETLS_NAME: TLS to 127.0.0.1: certificate CN "
                              "= other is for DNS:other.test; use"), out


def python_cuts_it_short():
    with echoing(rude=True) as port:
        out = command(CLIENT, f"tls:127.0.0.1:{port}", path("ca.pem"),
                      stdin=b"x\n", status=1)
        assert "TN_ETRUNCATED: TLS to 127.0.0.1: the peer ended the " \
            "connection without a close_notify" in out, out


def python_asks_for_a_certificate():
    with echoing(client_ca="ca") as port:
        words = [CLIENT, f"tls:127.0.0.1:{port}", path("ca.pem")]
        out = command(*words, path("me.pem"), path("me.key"), stdin=b"hi\n")
        assert out.endswith("hi\n"), out
        out = command(*words, stdin=b"hi\n", status=1)
        assert "TN_ETLS_ALERT: TLS to 127.0.0.1: the peer wants a " \
            "certificate of ours; give one" in out, out


def openssl_is_a_server():
    for version in "1_2", "1_3":
        child = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
             path("good.pem"), "-key", path("good.key"), "-rev", "-alpn",
             "tenon/1", f"-tls{version}"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            for line in child.stdout:
                if match := re.match(r"ACCEPT 127\.0\.0\.1:(\d+)", line):
                    break
            out = command(CLIENT, f"tls:127.0.0.1:{match.group(1)}",
                          path("ca.pem"), stdin=b"stressed\n")
            assert out == f"TLSv1.{version[-1]} tenon/1 new\ndesserts\n", out
        finally:
            child.kill()
            child.communicate()


def a_server_in_the_clear_is_told_apart():
    def greet():
        with listener.accept()[0] as s:
            s.sendall(b"220 mail.test ready\r\n")
            s.recv(1000)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=greet, daemon=True).start()
        out = command(CLIENT, f"tls:127.0.0.1:{listener.getsockname()[1]}",
                      path("ca.pem"), status=1)
        assert out == "TN_ETLS_PLAIN: TLS to 127.0.0.1: the peer does not " \
            "speak TLS; it said \"220 mail.test ready\"\n", out


if not shutil.which("openssl") or not shutil.which("curl"):
    sys.exit(77)
try:
    certificate("ca", None)
    certificate("stranger", None)
    certificate("good", "IP:127.0.0.1", "ca")
    certificate("other", "DNS:other.test", "ca")
    certificate("me", None, "ca")
    main([curl_reads_what_tenon_serves, openssl_is_a_client,
          python_is_a_client, python_is_a_server, python_cuts_it_short,
          python_asks_for_a_certificate, openssl_is_a_server,
          a_server_in_the_clear_is_told_apart])
finally:
    shutil.rmtree(ROOT)

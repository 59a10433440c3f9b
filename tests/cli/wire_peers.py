"""tenon connect and tenon listen with what others wrote: TLS with Python's ssl
and openssl, and everything with ncat and socat."""
import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading

import support
from support import read_all, run
from wire_ends import TIMEOUT, call, listen, receive, server, wire

ROOT = tempfile.TemporaryDirectory(prefix="tenon-wire-")
BYTES = os.urandom(300000)


# ---- certificates -----------------------------------------------------------


def path(name):
    return os.path.join(ROOT.name, name)


def certificate(name, ca=None):
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             f"/CN={name}", "-keyout", path(f"{name}.key"), "-out",
             path(f"{name}.pem")]
    if ca:
        words += ["-addext", "subjectAltName=DNS:localhost", "-CA",
                  path(f"{ca}.pem"), "-CAkey", path(f"{ca}.key"), "-addext",
                  "basicConstraints=critical,CA:FALSE"]
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)


def make_certificates():
    certificate("ca")
    certificate("other-ca")
    certificate("server", "ca")
    certificate("client", "ca")


SHOWN = f"{path('server.pem')},{path('server.key')}"
TRUST = ["--ca", path("ca.pem")]


def server_context(client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path("server.pem"), path("server.key"))
    context.set_alpn_protocols(["x/1", "x/2"])
    if client_ca:
        context.load_verify_locations(path(f"{client_ca}.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(shown=None):
    context = ssl.create_default_context(cafile=path("ca.pem"))
    context.set_alpn_protocols(["y/1", "x/2"])
    if shown:
        context.load_cert_chain(path(f"{shown}.pem"), path(f"{shown}.key"))
    return context


def over_tls(handle, context):
    """For server(): the same handler, inside of TLS; one that fails to shake
    hands is none."""
    def talk(c):
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            s = context.wrap_socket(c, server_side=True)
            handle(s)
    return talk


def echo_once(s):
    s.sendall(receive(s, 5))
    s.unwrap()


# ---- Python's ssl -----------------------------------------------------------


def a_server_of_pythons():
    for words in ["tls:localhost:{}"], ["localhost", "{}", "--tls"]:
        with server(over_tls(echo_once, server_context())) as port:
            with wire("connect", *[w.format(port) for w in words], *TRUST,
                      "-4", "--json", "--alpn", "x/2,x/3", "--linger",
                      "1ms") as w:
                tls = w.event("connected")["tls"]
                assert tls["version"] == "TLSv1.3" and tls["verified"], tls
                assert tls["alpn"] == "x/2", tls
                assert tls["subject"] == "CN = server", tls
                assert tls["names"] == "DNS:localhost", tls
                w.write(b"hello")
                assert w.read(6) == b"hello"
                assert w.child.wait(TIMEOUT) == 0


def certificates_are_checked():
    for words, text in [
            (["tls:127.0.0.1:{}", *TRUST], "127.0.0.1"),
            (["tls:localhost:{}", "-4"], "certificate"),
            (["tls:localhost:{}", "-4", "--ca", path("other-ca.pem")],
             "certificate"),
            (["tls:localhost:{}", "-4", *TRUST, "--servername", "else"],
             "else")]:
        with server(over_tls(echo_once, server_context())) as port:
            status, out, err = run("connect", words[0].format(port),
                                   *words[1:])
            assert (status, out) == (1, "") and text in err, (words, err)
    for words in [["tls:127.0.0.1:{}", *TRUST, "--servername", "localhost"],
                  ["tls:127.0.0.1:{}", "--insecure"]]:
        with server(over_tls(echo_once, server_context())) as port:
            assert run("connect", words[0].format(port), *words[1:],
                       "--no-shutdown", stdin=b"hello") == \
                (0, "hello", ""), words


def a_certificate_is_shown():
    shown = ["--cert", path("client.pem"), "--key", path("client.key")]
    for more, status in (shown, 0), ([], 1):
        with server(over_tls(echo_once, server_context("ca"))) as port:
            got, out, err = run("connect", f"tls:localhost:{port}", "-4",
                                *TRUST, *more, "--no-shutdown",
                                stdin=b"hello")
            assert got == status, (more, got, err)
            assert out == ("hello" if status == 0 else ""), out


def an_end_that_nobody_vouches_for():
    def handle(s):
        s.sendall(b"cut short")  # and no close_notify
    with server(over_tls(handle, server_context())) as port:
        with wire("connect", f"tls:localhost:{port}", "-4", *TRUST) as w:
            assert w.read(10) == b"cut short"
            assert w.child.wait(TIMEOUT) == 1
            assert "close_notify" in w.end()[2]


def who_never_shakes_hands():
    done = threading.Event()
    with server(lambda c: done.wait(TIMEOUT)) as port:
        status, out, err = run("connect", f"tls:localhost:{port}", "-4",
                               "--timeout", "100ms")
        assert (status, out) == (124, ""), (status, err)
        assert "no connection within 100 ms" in err, err
        done.set()


def a_client_of_pythons():
    with listen("--tls", SHOWN, "--alpn", "x/1,x/2", "-v") as w:
        assert w.place == f"tls:127.0.0.1:{w.port}"
        assert w.line().startswith("Certificate SHA-256 ")
        with call(w) as raw:
            s = client_context().wrap_socket(raw, server_hostname="localhost")
            assert s.selected_alpn_protocol() == "x/2"
            s.sendall(BYTES)
            assert w.read(len(BYTES)) == BYTES
            w.write(b"answer")
            assert receive(s, 6) == b"answer"
            s.unwrap()
            s.close()
        status, out, err = w.end()
        assert (status, out) == (0, b""), err
        assert "TLSv1.3" in err and "speaking x/2" in err, err
        assert f"6 bytes sent, {len(BYTES)} received" in err, err


def a_certificate_made_up():
    with listen("--tls", "auto", "--exec", "cat") as w:
        print_ = w.line().rsplit(" ", 1)[-1].strip()
        # One that does not trust it is not the one waited for.
        assert run("connect", f"tls:127.0.0.1:{w.port}")[0] == 1
        assert "unknown" in w.line()
        with wire("connect", f"tls:127.0.0.1:{w.port}", "--insecure",
                  "--json") as c:
            assert c.event("connected")["tls"]["fingerprint"] == print_
            c.write(BYTES[:9999])
            assert c.read(9999) == BYTES[:9999]
            assert c.end()[0] == 0
        assert w.child.wait(TIMEOUT) == 0


def who_is_let_in():
    with listen("--tls", SHOWN, *TRUST, "--json") as w:
        with call(w) as raw, contextlib.suppress(OSError):
            s = client_context().wrap_socket(raw, server_hostname="localhost")
            assert s.recv(1) == b""
            raise AssertionError("it let in somebody without a certificate")
        assert w.event("failed")["code"].startswith("TN_ETLS")
        with call(w) as raw:
            s = client_context("client").wrap_socket(
                raw, server_hostname="localhost")
            assert w.event("connected")["tls"]["subject"] == "CN = client"
            s.unwrap()
            s.close()
        assert w.child.wait(TIMEOUT) == 0


# ---- programs of others -----------------------------------------------------


@contextlib.contextmanager
def program(*words, says=None):
    """One that runs while the block does; its child, and what matches `says`
    in what it says first."""
    child = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if says else subprocess.PIPE)
    support.children.append(child)
    try:
        found = None
        while says and found is None:
            line = child.stdout.readline().decode()
            assert line, (words, child.wait(TIMEOUT))
            found = re.search(says, line)
        yield child, found
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        for file in child.stdin, child.stdout, child.stderr:
            if file is not None:
                with contextlib.suppress(BrokenPipeError):
                    file.close()


def put(child, data):
    child.stdin.write(data)
    child.stdin.flush()


def openssl_serves():
    with program("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                 path("server.pem"), "-key", path("server.key"), "-rev",
                 says=r"^ACCEPT 127\.0\.0\.1:(\d+)") as (_, found):
        for more in [], ["--alpn", "a"]:
            with wire("connect", f"tls:localhost:{found[1]}", "-4", *TRUST,
                      *more) as w:
                w.write(b"hello\n")
                assert w.read(6) == b"olleh\n"
                assert w.end() == (0, b"", ""), more


def openssl_connects():
    for version in "-tls1_2", "-tls1_3":
        with listen("--tls", SHOWN) as w:
            w.line()
            with program("openssl", "s_client", "-connect",
                         f"127.0.0.1:{w.port}", "-servername", "localhost",
                         "-verify_hostname", "localhost", "-CAfile",
                         path("ca.pem"), "-verify_return_error", "-quiet",
                         version) as (child, _):
                put(child, b"hello\n")
                assert w.read(6) == b"hello\n"
                w.write(b"answer\n")
                assert child.stdout.readline() == b"answer\n"
                w.child.stdin.close()  # a close_notify ends it there
                child.wait(TIMEOUT)
                assert w.child.wait(TIMEOUT) in (0, 1)  # as they see fit


def connects(words, place, *more):
    """WORDS that send their input and show what comes back, to an echo."""
    with listen(*place, *more, "--exec", "cat") as w:
        if "--tls" in more:
            w.line()
        done = subprocess.run([p.format(w.port) for p in words], input=BYTES,
                              capture_output=True, timeout=TIMEOUT)
        assert done.returncode == 0 and done.stdout == BYTES, done.stderr
        assert w.end() == (0, b"", "")


def ncat_connects():
    connects(["ncat", "127.0.0.1", "{}"], [])
    connects(["ncat", "-U", path("n")], ["-U", path("n")])


def ncat_connects_over_tls():
    """There it does not end when the other side does, but with its input."""
    with listen("--tls", SHOWN) as w:
        w.line()
        with program("ncat", "--ssl", "--ssl-verify", "--ssl-trustfile",
                     path("ca.pem"), "localhost", str(w.port),
                     "-4") as (child, _):
            put(child, b"hello\n")
            assert w.read(6) == b"hello\n"
            w.write(b"answer\n")
            assert child.stdout.readline() == b"answer\n"
            w.child.stdin.close()
            child.stdin.close()
            child.wait(TIMEOUT)
            assert w.child.wait(TIMEOUT) in (0, 1)  # as it sees fit


def ncat_listens():
    """What its program says behind the end of what it hears it loses."""
    with program("ncat", "-v", "-lU", path("l"), "--exec", "/bin/cat",
                 says="Listening on"):
        with wire("connect", "-U", path("l")) as w:
            w.write(BYTES[:9999])
            assert w.read(9999) == BYTES[:9999]
            assert w.end() == (0, b"", "")


def ncat_sends_datagrams():
    with listen("-u") as w, program("ncat", "-u", "127.0.0.1",
                                    str(w.port)) as (child, _):
        put(child, b"hello\n")
        assert w.read(6) == b"hello\n"
        w.write(b"answer\n")
        assert child.stdout.readline() == b"answer\n"
        w.child.send_signal(signal.SIGINT)
        assert w.child.wait(TIMEOUT) == 0


def socat_connects():
    connects(["socat", "-t", "30", "-", "TCP:127.0.0.1:{}"], [])
    connects(["socat", "-t", "30", "-", f"UNIX-CONNECT:{path('u')}"],
             ["-U", path("u")])
    connects(["socat", "-t", "30", "-",
              f"OPENSSL:localhost:{{}},cafile={path('ca.pem')},pf=ip4"],
             [], "--tls", SHOWN)


LISTENING = r"listening on AF=2 127\.0\.0\.1:(\d+)"


def socat_listens():
    with program("socat", "-d", "-d", "-t", "30",
                 "TCP4-LISTEN:0,bind=127.0.0.1", "EXEC:cat",
                 says=LISTENING) as (_, found):
        with wire("connect", found[1]) as w:
            assert w.end(BYTES) == (0, BYTES, "")
    with program("socat", "-d", "-d", "-t", "30",
                 "OPENSSL-LISTEN:0,pf=ip4,bind=127.0.0.1,verify=0,"
                 f"cert={path('server.pem')},key={path('server.key')}",
                 "EXEC:cat", says=LISTENING) as (_, found):
        with wire("connect", f"tls:localhost:{found[1]}", "-4",
                  *TRUST) as w:
            w.write(BYTES)
            assert w.read(len(BYTES)) == BYTES


def socat_is_a_terminal():
    """A shell of a terminal, over a wire, as people do it."""
    with listen("--exec", "socat", "-", "EXEC:sh -c tty,pty,raw,echo=0") as w:
        with call(w) as s:
            assert b"/dev/pts/" in read_all(s)


make_certificates()
support.main([
    a_server_of_pythons,
    certificates_are_checked,
    a_certificate_is_shown,
    an_end_that_nobody_vouches_for,
    who_never_shakes_hands,
    a_client_of_pythons,
    a_certificate_made_up,
    who_is_let_in,
    openssl_serves,
    openssl_connects,
] + ([
    ncat_connects,
    ncat_connects_over_tls,
    ncat_listens,
    ncat_sends_datagrams,
] if shutil.which("ncat") else []) + ([
    socat_connects,
    socat_listens,
    socat_is_a_terminal,
] if shutil.which("socat") else []))

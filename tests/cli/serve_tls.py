#!/usr/bin/env python3
"""tenon serve --tls: a certificate of its own, and one from files."""
import hashlib
import os
import re
import signal
import socket
import ssl
import subprocess
import time

from support import folder, main, run, serving


def fingerprint(port):
    """Of what is shown there; nobody checks it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port)) as raw, \
            context.wrap_socket(raw) as s:
        digest = hashlib.sha256(s.getpeercert(True)).hexdigest().upper()
    return ":".join(re.findall("..", digest))


def make(root, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
         f"{root}/key", "-out", f"{root}/cert"],
        check=True, stderr=subprocess.DEVNULL)


def auto_says_its_fingerprint():
    with folder({"a.txt": b"hi"}) as root:
        with serving("serve", "-l", "127.0.0.1:0", "--tls", "auto", "--log",
                     "off", root) as server:
            assert server.place == f"https://127.0.0.1:{server.port}/"
            said = server.child.stdout.readline().decode()
            assert said == "Certificate SHA-256 " + fingerprint(server.port) \
                + "\n", said
            # It is for this machine, and whoever trusts it may.
            pem = ssl.get_server_certificate(("127.0.0.1", server.port))
            context = ssl.create_default_context(cadata=pem)
            with socket.create_connection(("127.0.0.1", server.port)) as raw, \
                    context.wrap_socket(raw, server_hostname="localhost") as s:
                s.sendall(b"GET /a.txt HTTP/1.0\r\n\r\n")
                assert s.recv(9) == b"HTTP/1.1 "


def hangup_reads_the_files_again():
    with folder({"a.txt": b"hi"}) as root:
        make(root, "one")
        with serving("serve", "-l", "127.0.0.1:0", "--tls",
                     f"{root}/cert,{root}/key", "--log", "off",
                     root) as server:
            first = fingerprint(server.port)
            assert first in server.child.stdout.readline().decode()
            context = ssl.create_default_context(cafile=f"{root}/cert")
            with socket.create_connection(("127.0.0.1", server.port)) as raw, \
                    context.wrap_socket(raw, server_hostname="127.0.0.1") as s:
                make(root, "two")
                server.child.send_signal(signal.SIGHUP)
                until = time.monotonic() + 10
                while fingerprint(server.port) == first:
                    assert time.monotonic() < until
                    time.sleep(0.02)
                # Who is there is not disturbed.
                s.sendall(b"GET /a.txt HTTP/1.0\r\n\r\n")
                assert s.recv(9) == b"HTTP/1.1 "
            second = fingerprint(server.port)
            os.unlink(f"{root}/key")
            server.child.send_signal(signal.SIGHUP)
            err = server.child.stderr.readline().decode()
            assert err == "tenon serve: --tls: the certificate stays as it " \
                f"was: TLS: key {root}/key: no such file or directory\n", err
            assert fingerprint(server.port) == second


def what_cannot_be_is_said():
    with folder({"cert": b"x"}) as root:
        for given, status, words in [
            (f"{root}/none", 1, "no such file or directory"),
            (f"{root}/cert", 1, "there is none in it"),
            ("", 2, "write auto, or the file"),
            ("a,", 2, "write auto, or the file"),
        ]:
            got, _, err = run("serve", "-l", "127.0.0.1:0", "--tls", given,
                              root)
            assert got == status and words in err, (given, got, err)


main([auto_says_its_fingerprint, hangup_reads_the_files_again,
      what_cannot_be_is_said])

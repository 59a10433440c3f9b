#!/usr/bin/env python3
"""tenon serve behind haproxy, which says by the PROXY protocol who asks."""
import contextlib
import os
import socket
import sys
import tempfile

import http_peers
from http_server import read_all, run, status

CLIENT = "127.0.0.5"
GET = b"GET /ten.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
HAPROXY = """\
global
    stats socket {scratch}/haproxy.sock
defaults
    mode {mode}
    timeout connect 10s
    timeout client 20s
    timeout server 20s
listen web
    bind fd@{listener}
    server tenon {host}:{port} {send}
"""


def ask(place, request, client=None):
    with socket.create_connection(
            place, 20, (client, 0) if client else None) as s:
        s.sendall(request)
        return read_all(s)


class Proxied:
    """haproxy in front of tenon serve, which trusts `trusted`."""

    def __init__(self, send, trusted, mode="http"):
        self.send, self.trusted, self.mode = send, trusted, mode

    def start(self, stack):
        root = http_peers.fetch("haproxy")
        scratch = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="tenon-proxied-"))
        www = os.path.join(scratch, "www")
        os.mkdir(www)
        with open(os.path.join(www, "ten.txt"), "wb") as file:
            file.write(b"0123456789")
        self.log = os.path.join(scratch, "log")
        self.place, _ = stack.enter_context(http_peers.tenon(
            www, "--log", self.log, "--proxy-from", self.trusted))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.front = listener.getsockname()
        conf = os.path.join(scratch, "haproxy.conf")
        with open(conf, "w") as file:
            file.write(HAPROXY.format(
                scratch=scratch, mode=self.mode, listener=listener.fileno(),
                host=self.place[0], port=self.place[1], send=self.send))
        child = stack.enter_context(http_peers.running(
            os.path.join(root, "usr/sbin/haproxy"), "-db", "-q", "-f", conf,
            env=http_peers.environment(root), pass_fds=[listener.fileno()]))
        http_peers.until_there(os.path.join(scratch, "haproxy.sock"), child)

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.start(stack)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def logged(self, count):
        return http_peers.logged(self.log, count)


def test_versions():
    """The log has the client, not the proxy; keep-alive or not."""
    for send in "send-proxy", "send-proxy-v2", "send-proxy-v2-ssl-cn", \
            "send-proxy-v2 proxy-v2-options crc32c,unique-id":
        for mode in "http", "tcp":
            with Proxied(send, "127.0.0.1", mode) as p:
                for _ in range(3):
                    reply = ask(p.front, GET, CLIENT)
                    assert status(reply) == 200, (send, mode, reply)
                    assert reply.endswith(b"0123456789")
                for line in p.logged(3):
                    assert line.startswith(CLIENT + " "), (send, line)


def test_untrusted():
    """What a peer says that nobody trusts is no request of HTTP."""
    for send in "send-proxy", "send-proxy-v2":
        with Proxied(send, "192.0.2.0/24") as p:
            reply = ask(p.front, GET, CLIENT)
            assert status(reply) in (400, 502), reply
            assert b"0123456789" not in reply
            line = p.logged(1)[0]
            assert " 400 " in line and CLIENT not in line, line
            # Without a header it is a client like any other.
            assert status(ask(p.place, GET)) == 200


def test_header_is_missing():
    """From who is trusted it has to come: none could be faked otherwise."""
    with Proxied("send-proxy-v2", "127.0.0.1") as p:
        assert b"0123456789" not in ask(p.place, GET)
        faked = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"
        assert status(ask(p.place, faked + GET)) == 200
        assert p.logged(1)[-1].startswith("192.0.2.1 ")
        # Only one header is the proxy's; what follows is the client's.
        assert status(ask(p.place, faked * 2 + GET)) == 400


try:
    run([test_versions, test_untrusted, test_header_is_missing])
except http_peers.Missing as missing:
    print("left out:", missing)
    sys.exit(77)

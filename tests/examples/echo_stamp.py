#!/usr/bin/env python3
"""The tutorials' clients against examples/echo_stamp: stamped echo over TCP and
UDP, served all four ways.  They send no newline and take what one receive
returns."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

PROGRAM = os.path.join(os.environ["TENON_BUILD"], "examples", "echo_stamp")
STAMPED = re.compile(
    rb"\[(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ 123]\d "
    rb"\d\d:\d\d:\d\d \d{4}\] (.*)", re.S)


def check(reply, said):
    match = STAMPED.fullmatch(reply)
    assert match and match.group(2) == said, (reply, said)


def tcp_client(family, address, words):
    """Row F1: a conversation, one piece at a time."""
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(10)
        client.connect(address)
        for word in words:
            client.send(word)
            check(client.recv(1024), word)


def udp_client(family, address, words):
    """Row F2: the same in datagrams; a Unix client needs a name of its own."""
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        if family == socket.AF_UNIX:
            client.bind("")
        for word in words:
            client.sendto(word, address)
            reply, sender = client.recvfrom(1024)
            check(reply, word)
            if family == socket.AF_INET:
                assert sender == address, (sender, address)


def one_after_another(client, family, address):
    for number in range(5):
        client(family, address, [b"hello", b"hello again %d" % number, b"\0"])


def at_once(client, family, address):
    """A server that takes one at a time lets the others wait."""
    failures = []

    def run(number):
        try:
            client(family, address, [b"I am %d" % number] * 3)
        except Exception as failure:  # told by the main thread
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def serve(kind, address):
    """The program and where it says that it listens."""
    server = subprocess.Popen([PROGRAM, "--kind", kind, address],
                              stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    match = re.fullmatch(r"listening on (unix:(.*)|127\.0\.0\.1:(\d+))\n", line)
    assert match, line
    if match.group(3):
        return server, socket.AF_INET, ("127.0.0.1", int(match.group(3)))
    return server, socket.AF_UNIX, match.group(2).replace("@", "\0", 1)


def run(kind, address, client):
    server, family, where = serve(kind, address)
    try:
        one_after_another(client, family, where)
        at_once(client, family, where)
        assert server.poll() is None
    finally:
        server.terminate()
        server.stdout.close()
        assert server.wait(10) == -signal.SIGTERM
    print(f"{kind} {address}: good")


def refused():
    """A person's mistakes: one line that says what is wrong."""
    for arguments, status, words in (
            (["--kind", "magic"], 2, "usage: echo_stamp"),
            (["nonsense:1:2:3"], 1, "echo_stamp: address \"nonsense:1:2:3\""),
            (["tls:127.0.0.1:0"], 1, "echo_stamp: listen tls:")):
        done = subprocess.run([PROGRAM, *arguments], text=True,
                              stderr=subprocess.PIPE, timeout=10)
        assert done.returncode == status, done
        assert done.stderr.startswith(words), done
        assert done.stderr.count("\n") == 1, done


def main():
    if not os.path.exists(PROGRAM):
        print("echo_stamp was not built")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        for kind in "fiber", "serial", "thread", "fork":
            run(kind, "127.0.0.1:0", tcp_client)
            run(kind, f"unix:{folder}/{kind}", tcp_client)
            run(kind, "udp:127.0.0.1:0", udp_client)
            run(kind, f"unixgram:@tenon-{os.getpid()}-{kind}", udp_client)
    refused()
    return 0


sys.exit(main())

#!/usr/bin/env python3
"""Rows F10 to F14: the tutorials' programs that look things up, in Python, and
our twins of them print the same."""
import binascii
import contextlib
import io
import os
import random
import socket
import subprocess

FOLDER = os.path.join(os.environ.get("TENON_BUILD", "build"), "examples")


def run(name, *words):
    """Its status, stdout and stderr."""
    done = subprocess.run([os.path.join(FOLDER, name), *words], timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    return done.returncode, done.stdout, done.stderr


def printed(function, *arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        function(*arguments)
    return out.getvalue()


# ---- the originals -------------------------------------------------------------


def machine_name():
    name = socket.gethostname()
    address = socket.gethostbyname(name)
    print(f"Host name: {name}")
    print(f"IP address: {address}")


def remote_address(host):
    try:
        print(f"IP address of {host}: {socket.gethostbyname(host)}")
    except socket.error as why:
        print(f"{host}: {why}")


def ip_forms(*addresses):
    for address in addresses:
        packed = socket.inet_aton(address)
        digits = binascii.hexlify(packed).decode()
        binary = ".".join(f"{byte:08b}" for byte in packed)
        print(f"IP address: {address} => packed: {digits}, {binary}, "
              f"unpacked: {socket.inet_ntoa(packed)}")


def service_names():
    for port, protocol in (80, "tcp"), (25, "tcp"), (53, "udp"):
        name = socket.getservbyport(port, protocol)
        print(f"Port: {port} => service name: {name}")
        print(f"Service: {name} => port: "
              f"{socket.getservbyname(name, protocol)}")


def byte_order(n):
    print(f"Original: {n} => long host byte order: {socket.ntohl(n)}, "
          f"network byte order: {socket.htonl(n)}")
    print(f"Original: {n} => short host byte order: {socket.ntohs(n)}, "
          f"network byte order: {socket.htons(n)}")


# ---- and our twins -------------------------------------------------------------

try:
    wanted = printed(machine_name)
except OSError:  # this machine does not know itself
    status, out, err = run("machine_name")
    assert status == 1 and out == "" and "look up" in err, (out, err)
else:
    assert run("machine_name") == (0, wanted, ""), run("machine_name")

for host in "localhost", "127.0.0.1", socket.gethostname():
    with contextlib.suppress(OSError):
        socket.gethostbyname(host)
        wanted = printed(remote_address, host)
        assert run("remote_address", host) == (0, wanted, ""), host
assert printed(remote_address, "nobody.invalid").startswith("nobody.invalid: ")
status, out, err = run("remote_address", "nobody.invalid")
assert (status, err) == (1, ""), err
assert out.startswith("nobody.invalid: look up nobody.invalid: "), out
assert len(out.strip()) > len("nobody.invalid: look up nobody.invalid: ")

assert run("ip_forms") == \
    (0, printed(ip_forms, "127.0.0.1", "192.168.0.1"), "")
seeded = random.Random(1)
some = [socket.inet_ntoa(seeded.randbytes(4)) for _ in range(200)]
some += ["127.1", "0x7f.1", "017700000001", "3221225985"]
assert run("ip_forms", *some) == (0, printed(ip_forms, *some), "")
assert run("ip_forms", "1.2.3.256") == \
    (1, "", "ip_forms: 1.2.3.256 is no IPv4 address\n")

assert run("service_names") == (0, printed(service_names), "")

for n in [1234, 0, 1, 65535] + [seeded.getrandbits(16) for _ in range(20)]:
    assert run("byte_order", str(n)) == (0, printed(byte_order, n), ""), n
assert run("byte_order") == run("byte_order", "1234")
assert run("byte_order", "65536")[0] == 2

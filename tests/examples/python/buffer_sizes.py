"""A tutorial's look at the sizes of a socket's buffers."""
import socket
import sys

size = int(sys.argv[1]) if len(sys.argv) > 1 else 4096
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def show(when):
    for name, option in (("send", socket.SO_SNDBUF),
                         ("receive", socket.SO_RCVBUF)):
        print(f"{name} buffer {when}: "
              f"{s.getsockopt(socket.SOL_SOCKET, option)} bytes")


show("before")
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
show("after")

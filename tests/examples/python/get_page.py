"""A tutorial's client: a page by HTTP/1.0, each kind of failure by itself."""
import argparse
import socket
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--host", default="localhost")
parser.add_argument("--port", type=int, default=80)
parser.add_argument("--file", default="/")
given = parser.parse_args()

try:
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
except socket.error as why:
    sys.exit(f"get_page: creating a socket: {why}")
try:
    s.connect((given.host, given.port))
except socket.gaierror as why:
    sys.exit(f"get_page: address: {why}")
except socket.error as why:
    sys.exit(f"get_page: connecting: {why}")
try:
    s.sendall(f"GET {given.file} HTTP/1.0\r\n\r\n".encode())
except socket.error as why:
    sys.exit(f"get_page: sending: {why}")
while True:
    try:
        data = s.recv(2048)
    except socket.error as why:
        sys.exit(f"get_page: receiving: {why}")
    if not data:
        break
    sys.stdout.buffer.write(data)

"""A tutorial's server: stamped echo over UDP."""
import socket
import sys
from time import ctime

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)

while True:
    data, address = server.recvfrom(1024)
    server.sendto(("[%s] " % ctime()).encode() + data, address)

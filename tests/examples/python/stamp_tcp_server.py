"""A tutorial's server: stamped echo over TCP, one client at a time."""
import socket
import sys
from time import ctime

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(5)
print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)

while True:
    client, address = server.accept()
    while True:
        data = client.recv(1024)
        if not data:
            break
        client.send(("[%s] " % ctime()).encode() + data)
    client.close()

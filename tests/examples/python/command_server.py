"""A tutorial's server: runs what it is told, one client after another."""
import os
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(5)
print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)
while True:
    client, address = server.accept()
    while True:
        command = client.recv(1024)
        if not command:
            break
        with os.popen(command.decode()) as output:
            answer = output.buffer.read()
        client.send(str(len(answer)).encode())
        if client.recv(1024) != b"ok":
            break
        client.sendall(answer)
    client.close()

"""A tutorial's server: one exchange."""
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(1)
print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)
client, address = server.accept()
print("client:", client.recv(1024).decode())
client.send("Gun!!".encode())
client.close()
server.close()

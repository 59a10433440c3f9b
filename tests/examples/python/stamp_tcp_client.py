"""A tutorial's client: stamped echo over TCP."""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
while True:
    data = input("> ")
    if not data:
        break
    client.send(data.encode())
    data = client.recv(1024)
    if not data:
        break
    print(data.decode())
client.close()

"""A tutorial's client: one exchange."""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
client.send("Hello!!".encode())
print("server:", client.recv(1024).decode())
client.close()

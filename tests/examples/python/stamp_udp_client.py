"""A tutorial's client: stamped echo over UDP."""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    data = input("> ")
    if not data:
        break
    client.sendto(data.encode(), ("127.0.0.1", int(sys.argv[1])))
    data, address = client.recvfrom(1024)
    print(data.decode())
client.close()

"""A tutorial's client: sends a file, 1,024 bytes at a time."""
import os
import socket
import sys
import time

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
path = sys.argv[2]
client.sendall("post|{}|{}".format(os.path.basename(path),
                                   os.path.getsize(path)).encode())
if "--wait" in sys.argv:
    time.sleep(0.5)
with open(path, "rb") as file:
    while True:
        data = file.read(1024)
        if not data:
            break
        client.sendall(data)
client.close()

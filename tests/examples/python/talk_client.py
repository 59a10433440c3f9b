"""A tutorial's client: a conversation until it says ByeBye, or in the variant
--bye, "bye" in any case."""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", int(sys.argv[-1])))
while True:
    data = input("> ")
    client.send(data.encode())
    if "--bye" in sys.argv:
        if data.strip().lower() == "bye":
            break
    elif data == "ByeBye":
        break
    print("server: " + client.recv(1024).decode(), flush=True)
client.close()

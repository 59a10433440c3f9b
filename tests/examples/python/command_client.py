"""A tutorial's client: has commands run elsewhere."""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
while True:
    try:
        command = input("> ")
    except EOFError:
        break
    if not command:
        break
    client.send(command.encode())
    size = int(client.recv(1024).decode())
    client.send(b"ok")
    answer = b""
    while len(answer) < size:
        answer += client.recv(1024)
    try:
        print(answer.decode(), end="", flush=True)
    except UnicodeDecodeError:
        print(answer.decode("gbk"), end="", flush=True)
client.close()

"""A tutorial's server: a conversation with one client after another."""
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(5)
print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)
while True:
    client, address = server.accept()
    while True:
        try:
            data = client.recv(1024).decode()
            if not data or data == "ByeBye":
                break
            print("client: " + data, flush=True)
            client.send(input("> ").encode())
        except ConnectionError:
            break
    client.close()
    print("next, please", flush=True)

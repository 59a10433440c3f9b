"""A tutorial's server: a conversation until the client says ByeBye, or in the
variant --bye, "bye" in any case."""
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", int(sys.argv[-1])))
server.listen(5)
print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)
client, address = server.accept()
while True:
    data = client.recv(1024).decode()
    print("client: " + data, flush=True)
    if "--bye" in sys.argv:
        if data.strip().lower() == "bye":
            break
    elif data == "ByeBye":
        break
    client.send(input("> ").encode())
client.close()
server.close()

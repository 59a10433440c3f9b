"""A tutorial's server: many clients at once, a thread each, and the operator
types the answers."""
import socket
import sys
import threading


def serve(client, address):
    while True:
        try:
            data = client.recv(1024)
        except ConnectionError:
            break
        if not data:
            break
        print("%s:%d: %s" % (*address, data.decode()), flush=True)
        client.send(input("> ").encode())
    client.close()


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(5)
print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=server.accept(), daemon=True).start()

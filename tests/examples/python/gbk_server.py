"""A tutorial's server: one echo for each client, text in GBK."""
import argparse
import socket

PAYLOAD = 2048
BACKLOG = 5


def echo_server(port):
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(BACKLOG)
    print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)
    while True:
        client, address = server.accept()
        data = client.recv(PAYLOAD)
        if data:
            print("client: %s" % data.decode("gbk"), flush=True)
            client.send(data)
        client.close()


parser = argparse.ArgumentParser(description="echo server")
parser.add_argument("--port", action="store", dest="port", type=int,
                    required=True)
echo_server(parser.parse_args().port)

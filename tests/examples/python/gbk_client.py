"""A tutorial's client: one message, and what comes back of it; text in GBK."""
import argparse
import socket


def echo_client(port):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.connect(("127.0.0.1", port))
    try:
        message = "你好，这是一条测试消息。"
        print("sending %s" % message)
        data = message.encode("gbk")
        client.sendall(data)
        received, expected = 0, len(data)
        while received < expected:
            data = client.recv(16)
            received += len(data)
            print("received: %s" % data.decode("gbk"))
    finally:
        client.close()


parser = argparse.ArgumentParser(description="echo client")
parser.add_argument("--port", action="store", dest="port", type=int,
                    required=True)
echo_client(parser.parse_args().port)

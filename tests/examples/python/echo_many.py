"""A tutorial's server: echo for many clients at once, a thread each."""
import socketserver
import sys


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            data = self.request.recv(1024)
            if not data:
                break
            self.request.sendall(data)


server = socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])),
                                         Handler)
print("listening on 127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()

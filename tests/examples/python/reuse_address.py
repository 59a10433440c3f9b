"""A tutorial's server that can be started again at once."""
import socket
import sys

s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def show(when):
    print(f"SO_REUSEADDR {when}:",
          s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))


show("before")
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
show("after")
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(16)
print("listening on 127.0.0.1:%d" % s.getsockname()[1], flush=True)
while True:
    try:
        caller, address = s.accept()
        print("connected: %s:%d" % address, flush=True)
        caller.sendall(b"hello\n")
        caller.close()
    except KeyboardInterrupt:
        print("ended by signal 2")
        break
    except socket.error as why:
        print(why)

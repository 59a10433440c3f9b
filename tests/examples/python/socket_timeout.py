"""A tutorial's look at timeouts and at blocking mode."""
import socket


def show(when, s):
    timeout = s.gettimeout()
    print(f"{when}: timeout " +
          ("none" if timeout is None else f"{timeout:g} s") +
          f", blocking: {'yes' if s.getblocking() else 'no'}")


def wait_in_vain(s):
    try:
        s.accept()
    except BlockingIOError:
        print("accept: nobody is there yet")
    except socket.timeout:
        print("accept: timed out")


s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
show("new", s)
s.settimeout(100)
show("after settimeout(100)", s)
s.setblocking(False)
s.bind(("127.0.0.1", 0))
s.listen(1)
show("after setblocking(false)", s)
wait_in_vain(s)
s.settimeout(0.05)
show("after settimeout(0.05)", s)
wait_in_vain(s)
s.setblocking(True)
show("after setblocking(true)", s)
s.close()
socket.setdefaulttimeout(2)
show("after setdefaulttimeout(2)",
     socket.socket(socket.AF_INET, socket.SOCK_STREAM))

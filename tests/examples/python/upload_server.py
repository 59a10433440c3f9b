"""A tutorial's server: takes files, one client after another.  The header has no
end, so SIZE is the longest run of digits in what came first."""
import os
import re
import socket
import sys

folder = sys.argv[1]
server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", int(sys.argv[2])))
server.listen(5)
print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)
while True:
    client, address = server.accept()
    data = client.recv(1024)
    header = re.match(rb"post\|([^|]*)\|(\d+)", data)
    name, size = header.group(1).decode(), int(header.group(2))
    data = data[header.end():]
    got = 0
    with open(os.path.join(folder, os.path.basename(name)), "wb") as file:
        while True:
            file.write(data)
            got += len(data)
            if got >= size:
                break
            data = client.recv(1024)
            if not data:
                break
    client.close()
    print("received: %s, %d bytes" % (name, got), flush=True)

"""examples/http_files: a folder, its fields, and a page for what is missing."""
import http.client
import os
import subprocess
import tempfile

folder = tempfile.TemporaryDirectory()
for name, text in [("index.html", "hello"), ("404.html", "lost"),
                   ("assets/a.js", "1;"), ("assets/a.js.gz", "packed")]:
    path = os.path.join(folder.name, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)

server = subprocess.Popen(
    [os.path.join(os.environ["TENON_BUILD"], "examples", "http_files"),
     folder.name, "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
try:
    address = server.stdout.readline().split("/")[2]
    connection = http.client.HTTPConnection(address, timeout=20)

    def ask(target, **fields):
        connection.request("GET", target, headers={
            name.replace("_", "-"): value for name, value in fields.items()})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()

    status, fields, body = ask("/")
    assert (status, body) == (200, b"hello")
    assert ask("/", If_None_Match=fields["ETag"])[0] == 304
    assert ask("/", Range="bytes=1-2")[::2] == (206, b"el")
    status, fields, body = ask("/assets/a.js", Accept_Encoding="gzip")
    assert (status, body) == (200, b"packed")
    assert fields["Cache-Control"] == "max-age=31536000, immutable"
    assert fields["Content-Encoding"] == "gzip"
    assert ask("/none")[::2] == (404, b"lost")
    assert ask("/../x")[::2] == (404, b"lost")
finally:
    connection.close()
    server.terminate()
    server.wait()
    server.stdout.close()
    folder.cleanup()

"""Programs of others: fetched and unpacked by tools/peer, never installed, and
started on Unix sockets, so that no two tests want one port."""
import contextlib
import os
import socket
import subprocess
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
TENON = os.environ.get("TENON", os.path.join(SOURCE, "build/tenon"))

NGINX = """\
daemon off;
master_process off;
error_log {scratch}/nginx.log crit;
pid {scratch}/nginx.pid;
events {{ worker_connections 500; }}
http {{
    types {{ text/html html; text/css css; text/plain txt; }}
    default_type application/octet-stream;
    charset utf-8;
    charset_types text/css text/plain;
    if_modified_since before;
    access_log off;
    absolute_redirect off;
    autoindex on;
    gzip_static on;
    gzip_vary on;
    client_body_temp_path {scratch}/nginx-body;
    proxy_temp_path {scratch}/nginx-proxy;
    fastcgi_temp_path {scratch}/nginx-fastcgi;
    uwsgi_temp_path {scratch}/nginx-uwsgi;
    scgi_temp_path {scratch}/nginx-scgi;
    server {{
        listen unix:{scratch}/nginx.sock;
        root {www};
    }}
}}
"""

LIGHTTPD = """\
server.document-root = "{www}"
server.bind = "{scratch}/lighttpd.sock"
server.errorlog = "{scratch}/lighttpd.log"
server.max-keep-alive-requests = 1000
dir-listing.activate = "enable"
dir-listing.encoding = "utf-8"
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html; charset=utf-8",
    ".css" => "text/css; charset=utf-8", ".txt" => "text/plain; charset=utf-8",
    "" => "application/octet-stream")
"""


class Missing(Exception):
    """A program that cannot be had here: no reason to fail."""


def fetch(name, package=None):
    """The folder beneath which the package is unpacked."""
    done = subprocess.run(
        [os.path.join(SOURCE, "tools/peer"), name, package or name],
        capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Missing(f"there is no {name}: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


def environment(root):
    """As `root` needs it: its libraries, and no proxy in between."""
    libraries = [folder for folder, _, files in os.walk(root)
                 if any(".so" in file for file in files)]
    return {**{k: v for k, v in os.environ.items()
               if not k.lower().endswith("_proxy")},
            "LD_LIBRARY_PATH": ":".join(libraries)}


@contextlib.contextmanager
def running(*words, **options):
    """A program that ends when the block does."""
    child = subprocess.Popen(words, stdin=subprocess.DEVNULL, **options)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def until_there(path, child):
    end = time.monotonic() + 20
    while child.poll() is None and time.monotonic() < end:
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"nobody listens at {path}: {child.poll()}")


@contextlib.contextmanager
def peer(name, package, program, config, scratch, www, *words):
    """A server of others at scratch/NAME.sock, which is what it yields."""
    root = fetch(name, package)
    conf = os.path.join(scratch, f"{name}.conf")
    with open(conf, "w") as file:
        file.write(config.format(scratch=scratch, www=www))
    with open(os.path.join(scratch, f"{name}.out"), "w") as out, \
            running(os.path.join(root, program),
                    *(word.format(conf=conf, root=root, scratch=scratch)
                      for word in words),
                    env=environment(root), stdout=out, stderr=out) as child:
        path = os.path.join(scratch, f"{name}.sock")
        until_there(path, child)
        yield path


def nginx(scratch, www):
    return peer("nginx", "nginx-light", "usr/sbin/nginx", NGINX, scratch, www,
                "-c", "{conf}", "-e", "{scratch}/nginx.log")


def lighttpd(scratch, www):
    return peer("lighttpd", "lighttpd", "usr/sbin/lighttpd", LIGHTTPD, scratch,
                www, "-D", "-f", "{conf}", "-m", "{root}/usr/lib/lighttpd")


@contextlib.contextmanager
def tenon(www, *words):
    """tenon serve: host and port, and the process."""
    with running(TENON, "serve", "-l", "127.0.0.1:0", *words, www,
                 stdout=subprocess.PIPE, text=True) as child:
        said = child.stdout.readline()
        host, port = said.strip().rstrip("/").rsplit("/", 1)[1].rsplit(":", 1)
        try:
            yield (host, int(port)), child
        finally:
            child.terminate()
            child.stdout.read()
            child.stdout.close()
            assert child.wait(20) == 0, "tenon serve did not end well"


def logged(path, count):
    """At least so many lines of a log, which is written in a while."""
    end = time.monotonic() + 20
    while True:
        with open(path) as file:
            lines = file.read().splitlines()
        if len(lines) >= count:
            return lines
        assert time.monotonic() < end, lines
        time.sleep(0.02)


def connect(place, timeout=20):
    """To a host and port, or the path of a Unix socket."""
    if isinstance(place, tuple):
        return socket.create_connection(place, timeout)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)
    s.connect(place)
    return s

"""The web servers that are compared, each as fast as its options make it for
the size of the file.  Nobody writes an access log."""
import os
import re
import resource
import subprocess

from common import ROOT, die, is_inside

# The program beneath build/peers/NAME, and the package it is in.
PEERS = {
    "nginx": ("usr/sbin/nginx", "nginx-light"),
    "lighttpd": ("usr/sbin/lighttpd", "lighttpd"),
    "h2o": ("usr/bin/h2o", "h2o"),
}
# Ours first; the hand-written one is the yardstick.
SERVERS = ["tenon", "minimal", *PEERS]

# Up to here a file is read and sent with its head, above it by sendfile.
READ_BYTES = 16384

# One process on purpose: it is pinned to one core.  A worker beneath a master
# serves no faster.
NGINX = """\
daemon off;
master_process off;
error_log {log} crit;
pid {scratch}/nginx.pid;
events {{
    use epoll;
    worker_connections 20000;
    multi_accept on;
}}
http {{
    types {{ text/html html; }}
    access_log off;
    sendfile {sendfile};
    tcp_nopush {sendfile};
    tcp_nodelay on;
    open_file_cache max=1000 inactive=600s;
    open_file_cache_valid 60s;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    client_body_temp_path {scratch}/nginx-body;
    proxy_temp_path {scratch}/nginx-proxy;
    fastcgi_temp_path {scratch}/nginx-fastcgi;
    uwsgi_temp_path {scratch}/nginx-uwsgi;
    scgi_temp_path {scratch}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {www};
    }}
}}
"""

# Its own limit on the requests of a connection fits in 16 bits.
LIGHTTPD = """\
server.document-root = "{www}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{log}"
server.event-handler = "linux-sysepoll"
server.network-backend = "{backend}"
server.stat-cache-engine = "simple"
server.listen-backlog = 4096
server.max-fds = {files}
server.max-connections = {half}
server.max-keep-alive-idle = 600
server.max-keep-alive-requests = 32767
server.max-write-idle = 600
mimetype.assign = (".html" => "text/html")
"""

H2O = """\
user: {user}
num-threads: 1
max-connections: 20000
http1-request-timeout: 600
error-log: {log}
listen:
  host: 127.0.0.1
  port: {port}
hosts:
  default:
    paths:
      /:
        file.dir: {www}
"""


def path_of(name):
    program, package = PEERS[name]
    return os.path.join(ROOT, "build/peers", name, program)


def fetch(bench, names):
    """While there still is a network; what is there is not fetched again."""
    if is_inside():
        return
    for name in names:
        if name in PEERS:
            subprocess.run([os.path.join(ROOT, "tools/peer"), name,
                            PEERS[name][1]], stdout=subprocess.DEVNULL)


def environment(name):
    root = os.path.join(ROOT, "build/peers", name)
    libraries = [folder for folder, _, files in os.walk(root)
                 if any(".so" in file for file in files)]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}


def version(name):
    out = subprocess.run([path_of(name), "-v"], env=environment(name),
                         capture_output=True, text=True)
    return re.search(r"[0-9]+\.[0-9.]*[0-9]", out.stdout + out.stderr)[0]


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


# --- how each is started ---------------------------------------------------

class Place:
    """Where a server of one run finds and leaves its things."""

    def __init__(self, bench, scratch, name, size, port):
        self.bench, self.scratch = bench, scratch
        self.size, self.port = size, port
        self.www = os.path.join(scratch, "www")
        self.log = os.path.join(scratch, f"{name}.log")
        self.conf = os.path.join(scratch, f"{name}.conf")

    def configure(self, text, **more):
        return write(self.conf, text.format(**vars(self), **more))

    def file(self):
        return os.path.join(self.www, f"{self.size}.html")

    def sendfile(self):
        return os.path.getsize(self.file()) > READ_BYTES


def tenon(p):
    return [os.path.join(p.bench.build, "tenon"), "serve", p.www, "-l",
            f"127.0.0.1:{p.port}", "--loops", "1", "-q", "--log", "off"]


def minimal(p):
    return [p.bench.program("e2e-http_minimal"), p.file(), p.port]


def nginx(p):
    conf = p.configure(NGINX, sendfile="on" if p.sendfile() else "off")
    return [path_of("nginx"), "-c", conf, "-e", p.log]


def lighttpd(p):
    modules = os.path.join(ROOT, "build/peers/lighttpd/usr/lib/lighttpd")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    conf = p.configure(LIGHTTPD, files=files, half=files // 2,
                       backend="sendfile" if p.sendfile() else "writev")
    return [path_of("lighttpd"), "-D", "-f", conf, "-m", modules]


def h2o(p):
    user = "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")
    return [path_of("h2o"), "-c", p.configure(H2O, user=user)]


COMMANDS = {"tenon": tenon, "minimal": minimal, "nginx": nginx,
            "lighttpd": lighttpd, "h2o": h2o}

SAYS = {
    "tenon": "one loop, no access log, its cache as it comes",
    "minimal": "hand-written epoll, one file, replies prepared, "
               "sendfile from 64 KiB on",
    "nginx": "{version}, one process, open_file_cache, multi_accept; sendfile "
             "off up to 16 KiB, on with tcp_nopush above; no access log",
    "lighttpd": "{version}, one process, epoll, simple stat cache; writev up "
                "to 16 KiB, sendfile above; no access log",
    "h2o": "{version}, one thread; no access log",
}


def command(bench, scratch, name, size, port):
    words = COMMANDS[name](Place(bench, scratch, name, size, port))
    return words, environment(name) if name in PEERS else None


def built(bench):
    """Those there are, with a line about each."""
    programs = {"tenon": os.path.join(bench.build, "tenon"),
                "minimal": bench.program("e2e-http_minimal"),
                **{name: path_of(name) for name in PEERS}}
    names = bench.options.servers or SERVERS
    for name in names:
        if name not in programs:
            die(f"{name} is none of {', '.join(SERVERS)}")
    found = [n for n in names if os.access(programs[n], os.X_OK)]
    for name in names:
        if name not in found:
            print(f"peer: {name} left out: {programs[name]} is not there")
            continue
        print(f"peer: {name}: " + SAYS[name].format(
            version=version(name) if name in PEERS else ""))
    if not found:
        die("no server to measure")
    return found

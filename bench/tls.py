"""TLS: messages, HTTPS, handshakes, and connections that say nothing, beside a
loop by hand on OpenSSL and nginx."""
import contextlib
import os
import shutil
import subprocess
import time

import echo
import web
import web_servers
from common import (die, end, median, memory, ratios, take_turns,
                    warn_disturbed)

WORDS = ["echo", "http", "shake", "idle"]
ECHO_SERVERS = ["tenon", "epoll"]
ECHO_CASES = [(64, 50), (16384, 50)]
HTTP_SERVERS = ["tenon", "epoll", "nginx"]
HTTP_CASES = [("1k", 64)]
SHAKE_SERVERS = ["tenon", "nginx"]
SHAKE_CASES = [(way, key) for key in ("ec", "rsa")
               for way in ("full", "resumed")]
SHAKE_CONNS = 20
IDLE_CONNS = 2000
KEYS = {
    "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["-newkey", "rsa:2048"],
}

NGINX_TLS = """\
        ssl_certificate {cert};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.2 TLSv1.3;
"""


# --- certificates and servers ----------------------------------------------

def files_of(scratch, kind):
    return [os.path.join(scratch, f"{kind}.{what}") for what in ("crt", "key")]


def make_certificates(scratch):
    for kind, words in KEYS.items():
        cert, key = files_of(scratch, kind)
        subprocess.run(["openssl", "req", "-x509", *words, "-nodes", "-days",
                        "30", "-subj", "/CN=localhost", "-out", cert,
                        "-keyout", key], check=True, capture_output=True)


def tenon(p):
    return [os.path.join(p.bench.build, "tenon"), "serve", p.www, "-l",
            f"127.0.0.1:{p.port}", "--loops", "1", "-q", "--log", "off",
            "--tls", f"{p.cert},{p.key}"]


def by_hand(p):
    return [p.bench.program("e2e-tls_epoll"), p.cert, p.key,
            os.path.join(p.scratch, f"{p.size}.reply"), p.port]


def nginx(p):
    text = web_servers.NGINX.replace("listen 127.0.0.1:{port} backlog=4096;",
                                     "listen 127.0.0.1:{port} ssl "
                                     "backlog=4096;\n" + NGINX_TLS)
    conf = p.configure(text, sendfile="off")
    return [web_servers.path_of("nginx"), "-c", conf, "-e", p.log]


COMMANDS = {"tenon": tenon, "epoll": by_hand, "nginx": nginx}
SAYS = {
    "tenon": "one loop, no access log, its cache as it comes",
    "epoll": "hand-written: epoll, OpenSSL on the descriptor with read-ahead, "
             "a prepared reply",
    "nginx": "{version}; one process, open_file_cache, multi_accept, no "
             "access log",
}


def fetch_peers(bench):
    web_servers.fetch(bench, ["nginx"])


def command(bench, scratch, name, size, kind, port):
    p = web_servers.Place(bench, scratch, name, size, port)
    p.cert, p.key = files_of(scratch, kind)
    return (COMMANDS[name](p),
            web_servers.environment(name) if name == "nginx" else None)


def built(bench, default):
    programs = {"tenon": os.path.join(bench.build, "tenon"),
                "epoll": bench.program("e2e-tls_epoll"),
                "nginx": web_servers.path_of("nginx")}
    found = []
    for name in bench.options.servers or default:
        if name not in default:
            continue
        if not os.access(programs[name], os.X_OK):
            print(f"peer: {name} left out: {programs[name]} is not there")
            continue
        version = web_servers.version(name) if name == "nginx" else ""
        print(f"peer: {name}: " + SAYS[name].format(version=version))
        found.append(name)
    if not found:
        die(f"no server among {', '.join(default)} to measure")
    return found


def ask(port, size):
    """All that curl is given over HTTPS, with the head."""
    out = subprocess.run(
        ["curl", "-ksS", "-i", "--http1.1", "--max-time", "5",
         f"https://127.0.0.1:{port}/{size}.html"], capture_output=True)
    if out.returncode != 0:
        raise OSError(out.stderr.decode().strip())
    return out.stdout


@contextlib.contextmanager
def server(bench, scratch, name, size, kind):
    """A fresh server that answers: its pid, port and the bytes of a reply."""
    port = web.free_port()
    words, env = command(bench, scratch, name, size, kind, port)
    with open(os.path.join(scratch, f"{name}.out"), "w") as out:
        process = bench.start(bench.cores[:1], *words, env=env, stdout=out,
                              stderr=out)
    with open(os.path.join(scratch, "www", f"{size}.html"), "rb") as file:
        body = file.read()
    try:
        until = time.monotonic() + 10
        while True:
            try:
                reply = ask(port, size)
                break
            except OSError as error:
                if process.poll() is not None or time.monotonic() > until:
                    die(f"{name} does not serve: {error}; see {scratch}/")
                time.sleep(0.02)
        if not reply.endswith(body):
            die(f"{name} sends something else than the file")
        yield process.pid, port, reply
    finally:
        end(process)


# --- messages --------------------------------------------------------------

@contextlib.contextmanager
def echo_server(bench, scratch, name):
    program = "e2e-echo_tenon" if name == "tenon" else "e2e-tls_epoll"
    process = bench.start(bench.cores[:1], bench.program(program),
                          *files_of(scratch, "ec"))
    try:
        yield process.pid, bench.first_line(name, process).split(" ")[0]
    finally:
        end(process)


def run_load(bench, mode, port, conns, pid, *more):
    warm, measure = bench.options.warm, bench.options.seconds
    load = bench.start(bench.cores[1:], bench.program("e2e-tls_load"), mode,
                       port, conns, int(warm * 1000), int(measure * 1000), pid,
                       *more)
    try:
        out = load.communicate(timeout=warm + measure + 60)[0]
    finally:
        end(load)
    if load.returncode != 0:
        die(f"the load {mode} failed")
    return echo.sample_of(out)


def echo_sample(bench, scratch, name, size, conns):
    with echo_server(bench, scratch, name) as (pid, port):
        return run_load(bench, "echo", port, conns, pid, size)


def load_line(group, case, name, samples):
    print(f"Benchmark{group}/server={name}/{case}"
          f"\t{median(samples, 'n'):.0f}"
          f"\t{median(samples, 'ns'):.0f} ns/op"
          f"\t{median(samples, 'cpu'):.2f} cpu-us/op"
          f"\t{median(samples, 'server_busy'):.2f} server-busy"
          f"\t{median(samples, 'load_busy'):.2f} load-busy")


def bench_case(bench, group, case, names, keys, measure):
    if not bench.wanted(case):
        return
    samples = take_turns(names, bench.rounds(7), measure)
    for name in names:
        load_line(group, case, name, samples[name])
    warn_disturbed(case, samples)
    ratios(f"{group}/{case}", keys, samples)


def bench_echo(bench, scratch):
    names = built(bench, ECHO_SERVERS)
    for size, conns in ECHO_CASES:
        bench_case(bench, "TLSEcho", f"size={size}/conns={conns}", names,
                   ["rate", "cpu"], lambda name: echo_sample(
                       bench, scratch, name, size, conns))


# --- HTTPS -----------------------------------------------------------------

def make_reply(bench, scratch, size):
    """What the loop by hand says is what we say, byte for byte."""
    with server(bench, scratch, "tenon", size, "ec") as (_, _, reply):
        with open(os.path.join(scratch, f"{size}.reply"), "wb") as file:
            file.write(reply)


def http_sample(bench, scratch, name, size, conns):
    with server(bench, scratch, name, size, "ec") as (pid, port, reply):
        return web.wrk_sample(bench, name, pid, port, len(reply), size, "keep",
                              conns, scheme="https")


def bench_http(bench, scratch):
    if shutil.which("wrk") is None:
        die("the load is wrk, which is not installed")
    names = built(bench, HTTP_SERVERS)
    for size, conns in HTTP_CASES:
        make_reply(bench, scratch, size)
        bench_case(bench, "HTTPS", f"size={size}/conns={conns}", names,
                   ["rate", "cpu"], lambda name: http_sample(
                       bench, scratch, name, size, conns))


# --- handshakes ------------------------------------------------------------

def shake_sample(bench, scratch, name, way, kind):
    with server(bench, scratch, name, "1k", kind) as (pid, port, _):
        sample = run_load(bench, way, port, SHAKE_CONNS, pid)
    return {**sample, "per_cpu_s": 1e6 / sample["cpu"]}


def bench_shake(bench, scratch):
    names = built(bench, SHAKE_SERVERS)
    for way, kind in SHAKE_CASES:
        bench_case(bench, "TLSShake", f"way={way}/key={kind}", names,
                   ["per_cpu_s"],
                   lambda name: shake_sample(bench, scratch, name, way, kind))


# --- idle connections ------------------------------------------------------

def idle_sample(bench, scratch, name):
    with server(bench, scratch, name, "1k", "ec") as (pid, port, reply):
        before = memory(pid)
        load = bench.start(bench.cores[1:], bench.program("e2e-tls_load"),
                           "hold", port, IDLE_CONNS, "/1k.html", len(reply),
                           stdin=subprocess.PIPE)
        try:
            if load.stdout.readline() != "ready\n":
                die(f"{name} did not answer {IDLE_CONNS} connections")
            time.sleep(echo.IDLE_WAIT_S)
            after = memory(pid)
            load.communicate(timeout=60)     # its stdin ends, so it does
        finally:
            end(load)
    return {"memory": (after - before) / IDLE_CONNS}


def bench_idle(bench, scratch):
    names = built(bench, SHAKE_SERVERS)
    echo.print_idle("TLSIdle", IDLE_CONNS, take_turns(
        names, bench.rounds(3), lambda name: idle_sample(bench, scratch, name)))


def library():
    """OpenSSL's version: that is most of what is measured."""
    out = subprocess.run(["openssl", "version"], capture_output=True,
                         text=True).stdout
    return " ".join(out.split()[:2])


def bench_tls(bench):
    if not os.access(bench.program("e2e-tls_load"), os.X_OK):
        print("tls left out: this build has no OpenSSL")
        return
    scratch = web.make_files(bench)
    make_certificates(scratch)
    print(f"library: {library()}")
    words = bench.words or WORDS
    for word, part in (("echo", bench_echo), ("http", bench_http),
                       ("shake", bench_shake), ("idle", bench_idle)):
        if word in words:
            part(bench, scratch)

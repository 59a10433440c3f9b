"""Files over HTTP, under wrk: what a request costs, what an idle connection
keeps, and which system calls there are."""
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time

import web_servers
from common import (ROOT, cpu_ns, die, end, median, memory, ratios, take_turns,
                    tree, waited_ns, warn_disturbed)
from echo import print_idle

WORDS = ["load", "idle", "strace"]
SIZES = {"1k": 1 << 10, "16k": 16 << 10, "1m": 1 << 20}
MODES = ["keep", "close"]
CONNS = [1, 64, 1000]
IDLE_SERVERS = ["tenon", "nginx", "h2o"]
IDLE_CONNS = 10000
IDLE_WAIT_S = 3
LOOK_AT = 0.9                     # of a run: then the load is still there


def fetch_peers(bench):
    web_servers.fetch(bench, bench.options.servers or web_servers.SERVERS)


def cases(bench):
    """(size, mode, conns) of those that were asked for."""
    every = [(size, mode, conns) for size in SIZES for mode in MODES
             for conns in CONNS]
    wanted = [case for case in every if bench.wanted(name_case(*case))]
    if not wanted:
        die(f"there is no such case; they are "
            f"size={','.join(SIZES)} mode={','.join(MODES)} "
            f"conns={','.join(map(str, CONNS))}")
    return wanted


def name_case(size, mode, conns):
    return f"size={size}/mode={mode}/conns={conns}"


# --- files and servers -----------------------------------------------------

def make_files(bench):
    """The folder that is served, and where configurations and logs lie."""
    scratch = os.path.join(bench.build, "bench-http")
    www = os.path.join(scratch, "www")
    os.makedirs(www, exist_ok=True)
    for name, size in SIZES.items():
        path = os.path.join(www, f"{name}.html")
        with open(path, "wb") as file:
            file.write(random.Random(name).randbytes(size))
        os.utime(path, (0, 0))     # what is quite new gets a weak ETag,
                                   # which is longer
    return scratch


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as any_socket:
        return any_socket.getsockname()[1]


def request(size, port, mode):
    return (f"GET /{size}.html HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            + ("Connection: close\r\n" if mode == "close" else "")
            + "\r\n").encode()


def receive(client, body):
    """One reply, which has to end in these bytes."""
    reply = b""
    while not reply.endswith(body):
        more = client.recv(1 << 20)
        if not more:
            raise OSError(f"{len(reply)} bytes and then the end")
        reply += more
    if not reply.startswith(b"HTTP/1.1 200 "):
        raise OSError(reply.split(b"\r\n")[0].decode())
    return reply


def exchange(port, size, mode, body):
    """The bytes of one reply, with its head."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(request(size, port, mode))
        return len(receive(client, body))


@contextlib.contextmanager
def server(bench, scratch, name, size, mode):
    """A fresh server that answers: its pid, port and the bytes of a reply."""
    port = free_port()
    command, env = web_servers.command(bench, scratch, name, size, port)
    with open(os.path.join(scratch, "www", f"{size}.html"), "rb") as file:
        body = file.read()
    with open(os.path.join(scratch, f"{name}.out"), "w") as out:
        process = bench.start(bench.cores[:1], *command, env=env, stdout=out,
                              stderr=out)
    try:
        until = time.monotonic() + 10
        while True:
            try:
                reply = exchange(port, size, mode, body)
                break
            except OSError as error:
                if process.poll() is not None or time.monotonic() > until:
                    die(f"{name} does not serve: {error}; see {scratch}/")
                time.sleep(0.02)
        yield process.pid, port, reply
    finally:
        end(process)


# --- the load --------------------------------------------------------------

def start_wrk(bench, port, size, mode, conns, scheme="http"):
    header = ["-H", "Connection: close"] if mode == "close" else []
    return bench.start(
        bench.cores[1:], "wrk", "-t1", f"-c{conns}",
        f"-d{max(1, round(bench.options.seconds))}s", "--timeout", "20s",
        "--latency", "-s", os.path.join(ROOT, "bench/e2e/wrk.lua"), *header,
        f"{scheme}://127.0.0.1:{port}/{size}.html")


def finish_wrk(load, name):
    """Answers, bytes, nanoseconds, the 99th percentile in microseconds."""
    out = load.communicate(timeout=60)[0]
    lines = [line for line in out.splitlines() if line.startswith("bench ")]
    if load.returncode != 0 or not lines:
        die(f"wrk on {name} failed:\n{out}")
    answers, came, micros, p99, failures = map(int, lines[0].split()[1:])
    if failures:
        print(f"note: {name}: {failures} of {answers} requests failed")
    return answers, came, micros * 1000, p99


def wrk_sample(bench, name, pid, port, reply, size, mode, conns, scheme="http"):
    """Counted by bytes: at the end of a run some replies are half there."""
    cpu, waited = cpu_ns(pid), waited_ns(pid)
    load = start_wrk(bench, port, size, mode, conns, scheme)
    began = time.monotonic_ns()
    try:
        time.sleep(max(1, round(bench.options.seconds)) * LOOK_AT)
        looked = time.monotonic_ns() - began
        load_cpu, load_waited = cpu_ns(load.pid), waited_ns(load.pid)
        kept = memory(pid)
        _, came, elapsed, p99 = finish_wrk(load, name)
    finally:
        end(load)
    cpu, waited = cpu_ns(pid) - cpu, waited_ns(pid) - waited
    n = came / reply
    return {
        "n": n,
        "ns": elapsed / n,
        "rate": n / elapsed * 1e9,
        "cpu": cpu / n / 1000,
        "p99": p99,
        "memory": kept,
        "server_busy": cpu / elapsed,
        "load_busy": load_cpu / looked,
        "disturbed": (waited / elapsed + load_waited / looked) / 2,
    }


def load_sample(bench, scratch, name, size, mode, conns):
    with server(bench, scratch, name, size, mode) as (pid, port, reply):
        return wrk_sample(bench, name, pid, port, reply, size, mode, conns)


def load_line(case, name, samples):
    print(f"BenchmarkHTTP/server={name}/{case}"
          f"\t{median(samples, 'n'):.0f}"
          f"\t{median(samples, 'ns'):.0f} ns/op"
          f"\t{median(samples, 'cpu'):.2f} cpu-us/op"
          f"\t{median(samples, 'p99'):.0f} p99-us"
          f"\t{median(samples, 'memory') / 1024:.0f} own-KiB"
          f"\t{median(samples, 'server_busy'):.2f} server-busy"
          f"\t{median(samples, 'load_busy'):.2f} load-busy")


def bench_load(bench, scratch, names):
    for case in cases(bench):
        samples = take_turns(
            names, bench.rounds(5),
            lambda name: load_sample(bench, scratch, name, *case))
        for name in names:
            load_line(name_case(*case), name, samples[name])
        warn_disturbed(name_case(*case), samples)
        ratios(f"HTTP/{name_case(*case)}", ["rate", "cpu", "p99"], samples)


# --- idle connections ------------------------------------------------------

def idle_sample(bench, scratch, name):
    size, mode = "1k", "keep"
    with contextlib.ExitStack() as stack:
        pid, port, reply = stack.enter_context(
            server(bench, scratch, name, size, mode))
        before = memory(pid)
        for _ in range(IDLE_CONNS):
            client = stack.enter_context(
                socket.create_connection(("127.0.0.1", port), timeout=5))
            client.sendall(request(size, port, mode))
            if len(client.recv(reply, socket.MSG_WAITALL)) != reply:
                die(f"{name} ended an idle connection")
        time.sleep(IDLE_WAIT_S)
        return {"memory": (memory(pid) - before) / IDLE_CONNS}


def bench_idle(bench, scratch, names):
    names = [name for name in names
             if bench.options.servers or name in IDLE_SERVERS]
    print_idle("HTTPIdle", IDLE_CONNS, take_turns(
        names, bench.rounds(3),
        lambda name: idle_sample(bench, scratch, name)))


# --- system calls ----------------------------------------------------------

def strace_sample(bench, scratch, name, size, mode, conns):
    """{call: number a request}, of a server that strace makes much slower."""
    table = os.path.join(scratch, f"{name}.strace")
    with server(bench, scratch, name, size, mode) as (pid, port, _):
        trace = subprocess.Popen(
            ["strace", "-f", "-c", "-o", table,
             *(f"-p{p}" for p in tree(pid))], stderr=subprocess.PIPE,
            text=True)
        try:
            if "attached" not in trace.stderr.readline():
                die(f"strace cannot attach to {name}")
            load = start_wrk(bench, port, size, mode, conns)
            try:
                answers = finish_wrk(load, name)[0]
            finally:
                end(load)
            trace.send_signal(signal.SIGINT)
            trace.wait(timeout=20)
        finally:
            end(trace)
            trace.stderr.close()
    calls = {}
    with open(table) as file:
        for line in file:
            words = line.split()
            if len(words) >= 5 and words[0][0].isdigit() and \
                    words[-1] != "total":
                calls[words[-1]] = int(words[3]) / answers
    return calls


def strace_line(case, name, calls):
    most = sorted(calls.items(), key=lambda call: -call[1])
    print(f"calls HTTP/server={name}/{case} "
          f"{sum(calls.values()):.2f} a request: " +
          ", ".join(f"{call} {n:.2f}" for call, n in most if n >= 0.005),
          flush=True)


def bench_strace(bench, scratch, names):
    if shutil.which("strace") is None:
        die("system calls are counted by strace, which is not installed")
    for case in cases(bench):
        for name in names:
            strace_line(name_case(*case), name,
                        strace_sample(bench, scratch, name, *case))


def bench_http(bench):
    if shutil.which("wrk") is None:
        die("the load is wrk, which is not installed")
    names = web_servers.built(bench)
    scratch = make_files(bench)
    words = bench.words or ["load", "idle"]
    if "load" in words:
        bench_load(bench, scratch, names)
    if "idle" in words and not bench.parts:
        bench_idle(bench, scratch, names)
    if "strace" in words:
        bench_strace(bench, scratch, names)

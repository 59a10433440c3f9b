"""Echo: a message there and back, and connections that say nothing."""
import contextlib
import os
import subprocess
import time

from common import (die, end, median, memory, ratios, take_turns,
                    warn_disturbed)

# Ours first; a peer that was not built is left out.
ECHO_SERVERS = ["tenon", "epoll", "libuv"]
ECHO_CASES = [(64, 1), (64, 50), (64, 500), (64, 5000), (16384, 50)]
IDLE_SERVERS = ["tenon", "epoll", "libuv", "threads"]
IDLE_CONNS = 10000
IDLE_WAIT_S = 3


@contextlib.contextmanager
def server(bench, name):
    """A fresh server: its pid, port and description of itself."""
    process = bench.start(bench.cores[:1], bench.program(f"e2e-echo_{name}"))
    try:
        port, what = bench.first_line(name, process).split(" ", 1)
        yield process.pid, port, what
    finally:
        end(process)


def servers(bench, default):
    names = bench.options.servers or default
    built = [n for n in names
             if os.access(bench.program(f"e2e-echo_{n}"), os.X_OK)]
    for name in names:
        if name not in built:
            print(f"peer: {name} left out: not built")
    if not built:
        die(f"no server in {bench.programs}: meson setup -Dbench=true")
    for name in built:
        with server(bench, name) as (_, _, what):
            print(f"peer: {name}: {what}")
    return built


# --- echo ------------------------------------------------------------------

def sample_of(out):
    """What a load prints, by name."""
    messages, elapsed, server_cpu, load_cpu, waited = map(int, out.split())
    return {
        "n": messages,
        "ns": elapsed / messages,
        "rate": messages / elapsed * 1e9,
        "cpu": server_cpu / messages / 1000,
        "server_busy": server_cpu / elapsed,
        "load_busy": load_cpu / elapsed,
        "disturbed": waited / elapsed / 2,
    }


def echo_sample(bench, name, size, conns):
    warm, measure = bench.options.warm, bench.options.seconds
    with server(bench, name) as (pid, port, _):
        load = bench.start(bench.cores[1:], bench.program("e2e-load"), "run",
                           port, size, conns, int(warm * 1000),
                           int(measure * 1000), pid)
        try:
            out = load.communicate(timeout=warm + measure + 60)[0]
        finally:
            end(load)
        if load.returncode != 0:
            die(f"the load on {name} with {conns} connections failed")
    return sample_of(out)


def echo_line(case, name, samples):
    group = "Echo/server={}/{}".format(name, case)
    print(f"Benchmark{group}\t{median(samples, 'n'):.0f}"
          f"\t{median(samples, 'ns'):.0f} ns/op"
          f"\t{median(samples, 'cpu'):.2f} cpu-us/op"
          f"\t{median(samples, 'server_busy'):.2f} server-busy"
          f"\t{median(samples, 'load_busy'):.2f} load-busy")


def bench_echo(bench):
    names = servers(bench, ECHO_SERVERS)
    for size, conns in ECHO_CASES:
        case = f"size={size}/conns={conns}"
        if not bench.wanted(case):
            continue
        samples = take_turns(
            names, bench.rounds(7),
            lambda name: echo_sample(bench, name, size, conns))
        for name in names:
            echo_line(case, name, samples[name])
        warn_disturbed(case, samples)
        ratios(f"Echo/{case}", ["rate", "cpu"], samples)


# --- idle ------------------------------------------------------------------

def idle_sample(bench, name):
    with server(bench, name) as (pid, port, _):
        before = memory(pid)
        load = bench.start(bench.cores[1:], bench.program("e2e-load"), "hold",
                           port, 64, IDLE_CONNS, stdin=subprocess.PIPE)
        try:
            if load.stdout.readline() != "ready\n":
                die(f"{name} did not answer {IDLE_CONNS} connections")
            time.sleep(IDLE_WAIT_S)
            after = memory(pid)
            load.communicate(timeout=60)     # its stdin ends, so it does
        finally:
            end(load)
    return {"memory": (after - before) / IDLE_CONNS}


def print_idle(group, conns, samples):
    """What a connection costs that says nothing, and the ratios."""
    for name, one in samples.items():
        print(f"Benchmark{group}/server={name}/conns={conns}"
              f"\t{conns}\t{median(one, 'memory'):.0f} B/conn")
    keep = {name: one for name, one in samples.items()
            if median(one, "memory") >= 1}
    ratios(f"{group}/conns={conns}", ["memory"], keep)


def bench_idle(bench):
    names = servers(bench, IDLE_SERVERS)
    print_idle("Idle", IDLE_CONNS,
               take_turns(names, bench.rounds(5),
                          lambda name: idle_sample(bench, name)))

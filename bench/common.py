"""What every benchmark needs: the machine, programs on its cores, and numbers
of rounds in which the servers took turns."""
import contextlib
import fcntl
import os
import platform
import resource
import select
import socket
import statistics
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
INSIDE = "TENON_BENCH_INSIDE"     # set once we are in a namespace of our own
SYSCTL = "/proc/sys/net/ipv4"
CONGESTION = f"{SYSCTL}/tcp_congestion_control"

DISTURBED = 0.02                  # of both cores' time in a round


def die(text):
    sys.exit(f"bench: {text}")


# --- the machine -----------------------------------------------------------

def is_inside():
    return INSIDE in os.environ


def enter_namespace():
    """A network of our own: no other traffic, and settings that are ours."""
    if is_inside():
        return
    unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    try:
        subprocess.run([*unshare, "true"], check=True, capture_output=True,
                       text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", None) or str(error)
        os.environ[INSIDE] = f"no: {why.strip()}"
    else:
        os.environ[INSIDE] = "yes"
        os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def set_up_network():
    """Loopback up; reno, because BBR paces and so measures its own clock;
    ports enough for tens of thousands of connections a second."""
    if os.environ[INSIDE] != "yes":
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914,          # SIOCSIFFLAGS, IFF_UP
                    struct.pack("16sh", b"lo", 1))
    for path, value in ((CONGESTION, "reno"),
                        (f"{SYSCTL}/ip_local_port_range", "1024 65535"),
                        (f"{SYSCTL}/tcp_tw_reuse", "1"),
                        (f"{SYSCTL}/tcp_tw_reuse_delay", "1")):
        with contextlib.suppress(OSError), open(path, "w") as file:
            file.write(value)


def raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def two_cores():
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        die("this needs two cores: one for the server, one for the load")
    return cores[:2]


def read(path, default="unknown"):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return default


def field(path, name, default="unknown"):
    """The value of a "name: value" line."""
    for line in read(path, "").splitlines():
        if line.split(":")[0].strip() == name:
            return line.split(":", 1)[1].strip()
    return default


def commit():
    try:
        return subprocess.run(
            ["git", "-C", ROOT, "describe", "--always", "--dirty"],
            check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def say_where():
    inside = os.environ[INSIDE]
    print(f"commit: {commit()}")
    print(f"cpu: {field('/proc/cpuinfo', 'model name')}, "
          f"{os.cpu_count()} cores")
    print(f"kernel: {platform.release()}")
    print(f"net: loopback, {read(CONGESTION)}, private namespace: {inside}")
    print(f"load before: {' '.join(read('/proc/loadavg').split()[:3])}",
          flush=True)


# --- processes -------------------------------------------------------------

def tree(pid):
    """The process and its children."""
    pids = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        for child in read(f"/proc/{pid}/task/{task}/children", "").split():
            pids += tree(int(child))
    return pids


def cpu_ns(pid):
    """CPU time of the process and its children, from their own clocks: utime
    and stime of /proc count the same in steps of 10 ms."""
    return sum(time.clock_gettime_ns(~p << 3 | 2) for p in tree(pid))


def waited_ns(pid):
    """How long its threads were ready to run and did not."""
    return sum(int(read(f"/proc/{p}/task/{task}/schedstat", "0 0").split()[1])
               for p in tree(pid) for task in os.listdir(f"/proc/{p}/task"))


def memory(pid):
    """Bytes that are the processes' own, and their page tables.  Not program
    text and libc: how they are shared depends on who else is running."""
    kilobytes = []
    for p in tree(pid):
        rollup = f"/proc/{p}/smaps_rollup"
        kilobytes += [field(rollup, "Pss_Anon"), field(rollup, "Pss_Shmem"),
                      field(f"/proc/{p}/status", "VmPTE")]
    return sum(int(k.split()[0]) * 1024 for k in kilobytes)


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


class Bench:
    """Where the programs are, on which cores they run, and how often."""

    def __init__(self, options):
        self.build = os.path.realpath(options.build)
        self.programs = os.path.join(self.build, "bench")
        self.cores = two_cores()
        self.options = options
        self.words = [word for word in options.words if "=" not in word]
        self.parts = [word.split("=", 1) for word in options.words
                      if "=" in word]

    def program(self, name):
        return os.path.join(self.programs, name)

    def rounds(self, default):
        return self.options.rounds or default

    def wanted(self, case):
        """conns=1,50: the case has one of those parts."""
        has = case.split("/")
        return all(any(f"{key}={value}" in has for value in values.split(","))
                   for key, values in self.parts)

    def start(self, cores, *command, **more):
        return subprocess.Popen(
            [str(word) for word in command], text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
            **{"stdout": subprocess.PIPE, **more})

    def first_line(self, name, process):
        """What a server says when it is ready."""
        if not select.select([process.stdout], [], [], 10)[0]:
            die(f"the server {name} says nothing")
        line = process.stdout.readline()
        if not line:
            die(f"the server {name} ended: status {process.wait()}")
        return line.strip()


# --- numbers ---------------------------------------------------------------

def disturbance(turn):
    """How much other work held our cores while this round ran, at worst."""
    return max(sample.get("disturbed", 0) for sample in turn.values())


def take_turns(servers, rounds, measure):
    """{server: [sample a round]}.  Each round begins with another server.  A
    round that other work disturbed is repeated, at most `rounds` times in all;
    then the least disturbed are taken."""
    done = []
    while len(done) < 2 * rounds and \
            sum(disturbance(turn) <= DISTURBED for turn in done) < rounds:
        first = len(done) % len(servers)
        done.append({name: measure(name)
                     for name in servers[first:] + servers[:first]})
    done.sort(key=disturbance)
    return {name: [turn[name] for turn in done[:rounds]] for name in servers}


def warn_disturbed(case, samples):
    """Other work on our cores makes the rates doubtful, the CPU times less."""
    shares = [s["disturbed"] for one in samples.values() for s in one]
    rounds = sum(share > DISTURBED for share in shares)
    if rounds:
        print(f"note: {case}: other work held a core in {rounds} of "
              f"{len(shares)} runs, for up to {max(shares):.0%} of one")


def median(samples, key):
    return statistics.median(s[key] for s in samples)


def ratio(name, key, samples, peer):
    """One line: ours, the first of the servers, against a peer."""
    ours = next(iter(samples))
    ratios = [a[key] / b[key] for a, b in zip(samples[ours], samples[peer])
              if b[key] > 0]
    if not ratios:
        return
    print(f"ratio {name} {key} {ours}/{peer} = "
          f"{statistics.median(ratios):.2f} "
          f"({min(ratios):.2f}-{max(ratios):.2f}, n={len(ratios)})")


def ratios(name, keys, samples):
    for peer in list(samples)[1:]:
        for key in keys:
            ratio(name, key, samples, peer)
    sys.stdout.flush()

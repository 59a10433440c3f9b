#!/usr/bin/env python3
"""sim_hello: the same seed prints the same, most seeds end well."""
import os
import subprocess

program = os.path.join(os.environ.get("TENON_BUILD", "build"), "examples",
                       "sim_hello")


def run(*args):
    return subprocess.run([program, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)


good = 0
for seed in range(40):
    first, second = run(str(seed)), run(str(seed))
    assert first.stdout == second.stdout, seed
    assert first.returncode == second.returncode
    assert first.stdout.startswith(f"000000.000000 seed {seed}\n"), first
    if first.returncode == 0:
        assert "here note: answer: Hello, world!" in first.stdout, first
        good += 1
    else:
        assert first.stderr.startswith("sim_hello: ") or \
            "failed" in first.stdout, first
assert good >= 30, good
assert run("1").stdout != run("2").stdout
assert run("x").returncode == 2

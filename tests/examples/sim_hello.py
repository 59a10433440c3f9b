#!/usr/bin/env python3
"""sim_hello: the same seed prints the same, most seeds end well, and the page
about it shows what it prints."""
import os
import re
import subprocess

program = os.path.join(os.environ.get("TENON_BUILD", "build"), "examples",
                       "sim_hello")
page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                    "docs", "simulation.md")


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

with open(page, encoding="utf-8") as file:
    shown = re.search(r"```\n\$ build/examples/sim_hello (\d+)\n(.*?)```",
                      file.read(), re.DOTALL)
printed = run(shown[1]).stdout
assert printed == shown[2], f"docs/simulation.md is to show:\n{printed}"

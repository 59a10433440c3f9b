"""tenon sockopt, beside Python's socket module."""
import json
import socket

import support
from support import run

TYPES = {
    "tcp": (socket.AF_INET, socket.SOCK_STREAM),
    "tcp6": (socket.AF_INET6, socket.SOCK_STREAM),
    "udp": (socket.AF_INET, socket.SOCK_DGRAM),
    "udp6": (socket.AF_INET6, socket.SOCK_DGRAM),
    "unix": (socket.AF_UNIX, socket.SOCK_STREAM),
    "unixgram": (socket.AF_UNIX, socket.SOCK_DGRAM),
}
# What two sockets of a kind need not have in common.
OWN = {"SO_INCOMING_CPU"}


def answers(*words):
    status, out, err = run("sockopt", *words, "--json")
    assert (status, err) == (0, ""), (words, status, err)
    return [json.loads(line) for line in out.splitlines()]


def types_here():
    return [t for t in TYPES if not t.endswith("6") or socket.has_ipv6]


def numbers_are_pythons():
    known = 0
    for name in types_here():
        for row in answers("--type", name):
            option = row["option"]
            if hasattr(socket, option):
                assert row["number"] == getattr(socket, option), row
                known += 1
            level = getattr(socket, row["level"])
            assert row["level_number"] == level, row
            assert name in row["types"] and row["type"] == name, row
    assert known > 150, known


def values_are_pythons():
    """What a new socket of Python's is set to."""
    compared = 0
    for name in types_here():
        with socket.socket(*TYPES[name]) as s:
            for row in answers("--type", name):
                if row["value"] is None or row["option"] in OWN or \
                        row["takes"] not in ("on or off", "a number"):
                    continue
                value = s.getsockopt(row["level_number"], row["number"])
                if row["takes"] == "on or off":
                    said = {"on": True, "off": False}[row["value"]]
                    assert said == bool(value), (row, value)
                elif row["value"].lstrip("-").isdigit():
                    assert int(row["value"]) == value, (row, value)
                elif row["value"].isupper():
                    assert getattr(socket, row["value"]) == value, row
                else:
                    assert row["value"] in row["word"], row
                compared += 1
    assert compared > 150, compared


def buffers_are_doubled_and_cut():
    for option, limit in [("SO_RCVBUF", "rmem_max"), ("SO_SNDBUF", "wmem_max")]:
        with open(f"/proc/sys/net/core/{limit}") as file:
            most = int(file.read())
        number = getattr(socket, option)
        for asked in 1, 5000, 65536, most, most + 1, 2 ** 30:
            row, = answers(f"{option}={asked}")
            with socket.socket() as s:
                assert row["before"] == str(
                    s.getsockopt(socket.SOL_SOCKET, number)), row
                s.setsockopt(socket.SOL_SOCKET, number, asked)
                got = s.getsockopt(socket.SOL_SOCKET, number)
            assert row["after"] == str(got), (row, got)
            if got == 2 * asked:
                assert row["note"].startswith("The kernel doubles it"), row
            elif asked > most:
                assert f"net.core.{limit}, {most}," in row["note"], row
            else:
                assert "least size" in row["note"], row


def one_is_explained():
    status, out, err = run("sockopt", "tcp_nodelay")
    assert (status, err) == (0, "")
    rows = [line.split("\t", 1) for line in out.splitlines()]
    assert rows[0] == ["option", "TCP_NODELAY"], rows
    assert ["value", "off"] in rows and ["default", "off"] in rows
    assert ["set_by", "anyone"] in rows and ["level", "IPPROTO_TCP"] in rows
    assert [v for k, v in rows if k == "types"] == ["tcp", "tcp6"]
    row, = answers("IP_MTU_DISCOVER")
    assert row["word"][:3] == ["dont", "want", "do"], row
    row, = answers("IP_MTU")
    assert row["value"] is None and row["set_by"] == "nobody", row
    assert "value\t(once connected)\n" in run("sockopt", "IP_MTU")[1]


def what_is_set_stays_for_the_next():
    rows = answers("TCP_NODELAY=on", "TCP_NODELAY", "UDP_CORK=yes",
                   "TCP_NODELAY")
    assert rows[0]["before"] == "off" and rows[0]["after"] == "on", rows
    assert rows[1]["value"] == "on"
    assert rows[2]["type"] == "udp" and rows[2]["after"] == "on"
    assert rows[3]["value"] == "off", "another socket by now"
    row, = answers("SO_RCVTIMEO=2.5")
    assert row["after"] == "2.5" and "note" not in row, row


def what_is_wrong_is_told():
    hint = " (tenon sockopt --help)"
    for words, status, line in [
        (["so_rcvbuff"], 2, 'OPTION[=VALUE]: there is no "so_rcvbuff"; did '
         "you mean SO_RCVBUF?" + hint),
        (["frob=1"], 2, 'OPTION[=VALUE]: there is no "frob"; tenon sockopt '
         "lists them" + hint),
        (["\x1b[2J" + "x" * 300], 2, None),
        (["=1"], 2, None),
        (["UDP_CORK", "--type", "tcp"], 1, "UDP_CORK: a socket of type tcp "
         "has no such option"),
        (["SO_TYPE=1"], 1, "SO_TYPE: it can only be read"),
        (["TCP_NODELAY=maybe"], 1, "TCP_NODELAY: it takes on or off"),
        (["IP_TTL=999"], 1, "IP_TTL: the kernel does not take 999 here"),
    ]:
        got, out, err = run("sockopt", *words)
        assert (got, out) == (status, ""), (words, got, out)
        assert err.startswith("tenon sockopt: ") and "\x1b" not in err, err
        assert err.count("\n") == 1 and len(err) < 300, err
        assert line is None or err == f"tenon sockopt: {line}\n", err


def lines_fit_a_terminal():
    for words in ([], ["SO_RCVBUF"], ["IP_MTU_DISCOVER"],
                  ["SO_SNDBUF=65536"]):
        plain = support.terminal("sockopt", *words, NO_COLOR="1")
        assert all(len(line) <= 80 for line in plain.splitlines()), plain


support.main([
    numbers_are_pythons,
    values_are_pythons,
    buffers_are_doubled_and_cut,
    one_is_explained,
    what_is_set_stays_for_the_next,
    what_is_wrong_is_told,
    lines_fit_a_terminal,
])

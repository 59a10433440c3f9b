"""tenon host, ip, port and order, beside Python's socket and ipaddress."""
import ipaddress
import json
import random
import socket
import struct
import sys

import support
from support import run, terminal


def rows(out):
    """KEY<TAB>VALUE lines: the last value of a key, and all of them."""
    pairs = [line.split("\t", 1) for line in out.splitlines() if line]
    return dict(pairs)


def answers(*words, status=0):
    """What --json says, an object a line."""
    code, out, err = run(*words, "--json")
    assert code == status, (words, code, err)
    return [json.loads(line) for line in out.splitlines()]


# ---- ip ----------------------------------------------------------------------


def some_addresses(count):
    """Random ones, and random ones near the edges of what is special."""
    seeded = random.Random(8)
    edges = [ipaddress.ip_network(n) for n in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
        "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/96",
        "::ffff:0:0/96", "64:ff9b::/96", "100::/64", "2000::/3", "2001::/23",
        "2001::/32", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10",
        "fec0::/10", "ff00::/8")]
    for number in range(count):
        if number % 3 == 0:
            yield ipaddress.IPv4Address(seeded.getrandbits(32))
        elif number % 3 == 1:
            # Runs of zeros, where they are shortened.
            groups = [seeded.choice((0, 0, seeded.getrandbits(16),
                                     seeded.getrandbits(4)))
                      for _ in range(8)]
            yield ipaddress.IPv6Address(struct.pack(">8H", *groups))
        else:
            net = seeded.choice(edges)
            at = seeded.choice((int(net[0]), int(net[-1])))
            at += seeded.randint(-2, 2)
            yield type(net[0])(min(max(at, 0), 2 ** net[0].max_prefixlen - 1))


def text_of(address):
    """As RFC 5952 section 5 writes what is mapped."""
    if address.version == 6 and address.ipv4_mapped:
        return f"::ffff:{address.ipv4_mapped}"
    return address.compressed


# Where the registry says no and Python's list of the time says yes, or the
# other way round: anycast, AS112 and AMT blocks, and those set aside since.
def global_is_certain(a):
    if a.is_multicast or (a.version == 6 and a.ipv4_mapped):
        return False
    blocks = ["192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16",
              "64:ff9b::/47", "100::/60", "3fff::/20", "5f00::/16", "::/96",
              "fec0::/10"]
    if any(a in ipaddress.ip_network(b) for b in blocks):
        return False
    return a.version == 4 or a in ipaddress.ip_network("2000::/3")


def compare(address, said):
    assert said["address"] == text_of(address), said
    assert said["version"] == address.version
    assert said["decimal"] == str(int(address)), said
    assert int(said["hex"], 16) == int(address)
    assert len(said["hex"]) == 2 + address.max_prefixlen // 4
    assert said["binary"].translate({46: None, 58: None}) == \
        format(int(address), f"0{address.max_prefixlen}b"), said
    assert said["reverse"] == address.reverse_pointer, said
    if address.version == 6:
        assert said["exploded"] == address.exploded
        four = address.ipv4_mapped or address.sixtofour or \
            (address.teredo or (0, 0))[1]
        if four:
            assert said["ipv4"] == str(four), said
    kind = said["kind"]
    assert (kind == "loopback") == address.is_loopback, said
    assert (kind == "multicast") == address.is_multicast, said
    assert (kind == "link-local") == address.is_link_local, said
    assert (kind == "unspecified") == address.is_unspecified, said
    assert address in ipaddress.ip_network(said["block"]), said
    if global_is_certain(address):
        assert said["global"] == address.is_global, (said, address.is_global)


def addresses_are_what_python_says():
    every = list(some_addresses(6000))
    for at in range(0, len(every), 60):
        some = every[at:at + 60]
        said = answers("ip", *map(str, some))
        assert len(said) == len(some)
        for address, answer in zip(some, said):
            compare(address, answer)


def every_form_is_read():
    for address in list(some_addresses(300)):
        forms = [str(address), address.exploded, address.reverse_pointer,
                 address.reverse_pointer.upper() + ".",
                 "0x" + format(int(address), f"0{address.max_prefixlen//4}x")]
        if address.version == 4 or int(address) >= 2 ** 32:
            forms.append(str(int(address)))
        for said in answers("ip", *forms):
            assert said["address"] == text_of(address), (said, address)


def networks_are_what_python_says():
    seeded = random.Random(9)
    every = [ipaddress.ip_interface(
        f"{a}/{seeded.randint(0, a.max_prefixlen)}")
        for a in some_addresses(1500)]
    for at in range(0, len(every), 50):
        some = every[at:at + 50]
        words = [i.with_netmask if i.version == 4 and n % 2 else
                 i.with_prefixlen for n, i in enumerate(some)]
        for i, said in zip(some, answers("ip", *words)):
            net = i.network
            bits = net.prefixlen
            assert said["network"] == \
                f"{text_of(net.network_address)}/{bits}", said
            assert said["address"] == text_of(i.ip), said
            assert said["netmask"] == text_of(net.netmask), said
            last = said["broadcast" if i.version == 4 else "last"]
            assert last == text_of(net.broadcast_address), said
            assert said["count"] == net.num_addresses, said
            small = bits >= net.max_prefixlen - 1
            first, end = net[0 if small else 1], \
                net[-1 if small or i.version == 6 else -2]
            assert said["first_host"] == text_of(first), said
            assert said["last_host"] == text_of(end), said


def scripts_can_ask_what_lies_where():
    for network, word, inside in [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "10.1.2.3/16", True),
        ("10.0.0.0/8", "0xb000001", False),
        ("10.0.0.0/255.255.0.0", "10.1.0.0", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("0.0.0.0/0", "::1", False),
    ]:
        status, out, err = run("ip", "--in", network, word)
        assert status == (0 if inside else 1), (network, word)
        assert rows(out)["in"] == str(inside).lower()
        assert err == ("" if inside else
                       f"tenon ip: {word} is not in {network}\n"), err


def what_is_no_address_is_told():
    for word in ("x", "1.2.3", "10.0.0.0/33", "::/x", "1.2.3.4/", "",
                 "\x1b[2J", str(2 ** 128)):
        status, out, err = run("ip", "--", word)
        assert (status, out) == (2, ""), word
        assert err.startswith("tenon ip: ADDRESS: neither") and \
            err.count("\n") == 1, err
    status, out, err = run("ip")
    assert status == 2 and "ADDRESS is missing" in err


# ---- order ---------------------------------------------------------------------


def orders_are_what_python_says():
    seeded = random.Random(10)
    numbers = [0, 1, 1234, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 64 - 1]
    numbers += [seeded.getrandbits(seeded.randint(1, 64)) for _ in range(50)]
    for n in numbers:
        said = answers("order", str(n))
        assert said == answers("order", hex(n))
        widths = [w for w in (16, 32, 64) if n < 2 ** w]
        assert [row["bits"] for row in said] == \
            [w for w in widths for _ in range(2)]
        for row in said:
            code = {16: "H", 32: "I", 64: "Q"}[row["bits"]]
            value = n
            if row["order"] == "network":
                value, = struct.unpack("=" + code, struct.pack("!" + code, n))
            assert row["value"] == value, row
            assert int(row["hex"], 16) == value
            assert bytes.fromhex(row["bytes"]) == \
                struct.pack("=" + code, value), row
    by_order = {(r["bits"], r["order"]): r["value"]
                for r in answers("order", "1234")}
    assert by_order[16, "network"] == socket.htons(1234)
    assert by_order[32, "network"] == socket.htonl(1234)


def what_is_no_number_is_told():
    for word, why in [("x", "no number"), ("-1", "no number"),
                      ("0x", "no number"), (str(2 ** 64), "64 bits"),
                      ("0x1" + "0" * 16, "64 bits")]:
        status, out, err = run("order", "--", word)
        assert (status, out) == (2, "") and why in err, (word, err)
        assert err.count("\n") == 1


# ---- port ----------------------------------------------------------------------


def python_port(port, protocol):
    try:
        return socket.getservbyport(port, protocol)
    except OSError:
        return None


def ports_are_what_python_says():
    known = {}
    for port in list(range(1, 1100)) + [3306, 5432, 65535]:
        for protocol in "tcp", "udp":
            if name := python_port(port, protocol):
                known[port, protocol] = name
    assert len(known) > 50
    every = list(known.items())
    for at in range(0, len(every), 50):
        some = every[at:at + 50]
        said = answers("port", *(f"{p}/{proto}" for (p, proto), _ in some))
        for ((port, protocol), name), row in zip(some, said):
            assert row == {"service": name, "port": port,
                           "protocol": protocol}, row
    for (port, protocol), name in every[::7]:
        row, = answers("port", f"{name}/{protocol}")
        assert row["port"] == socket.getservbyname(name, protocol), row
    status, out, err = run("port", "domain")
    assert (status, err) == (0, "")
    assert "domain\t53\ttcp\ndomain\t53\tudp\n" in out
    assert answers("port", "www/tcp") == answers("port", "80/tcp")


def what_is_no_service_is_told():
    free = next(p for p in range(60000, 65536) if not python_port(p, "tcp"))
    for word in f"{free}/tcp", "frob", "http/frob", "a\x1b[2J":
        status, out, err = run("port", word)
        assert (status, out) == (1, ""), (word, out)
        assert err.startswith("tenon port: ") and err.count("\n") == 1, err
        assert err.endswith(": no service, says /etc/services\n"), err
        assert "\x1b" not in err
    status, out, err = run("port", "frob", "80/tcp")
    assert (status, out) == (1, "http\t80\ttcp\n"), "the rest is answered"
    for word in "65536", "http/", "/tcp", "", "x" * 200:
        status, out, err = run("port", word)
        assert (status, out) == (2, "") and err.count("\n") == 1, word


# ---- host ----------------------------------------------------------------------


def this_machine_is_what_python_says():
    said, = answers("host")
    assert said["name"] == socket.gethostname()
    assert said["fqdn"] == socket.getfqdn(), said
    addresses = {a["address"]: a for a in said["address"]}
    assert addresses["127.0.0.1"]["kind"] == "loopback"
    assert addresses["127.0.0.1"]["bits"] == 8
    names = {name for _, name in socket.if_nameindex()}
    assert {a["interface"] for a in said["address"]} <= names
    assert rows(run("host")[1])["name"] == said["name"]


def hosts_are_what_python_says():
    for name in "localhost", socket.gethostname():
        try:
            canonical, aliases, addresses = socket.gethostbyname_ex(name)
        except OSError:  # some machines do not know themselves
            continue
        said, = answers("host", name)
        assert said["name"] == canonical, said
        assert set(aliases) <= set(said["alias"]), said
        assert set(addresses) <= set(said["address"]), said
    for address in "127.0.0.1", "::1":
        try:
            name, aliases, addresses = socket.gethostbyaddr(address)
        except OSError:
            assert run("host", address)[0] == 1
            continue
        said, = answers("host", address)
        assert said["name"] == name and said["alias"] == aliases, said
        assert said["address"] == addresses, said
        assert isinstance(said["confirmed"], bool)


def why_there_is_no_answer():
    """.invalid is nobody's (RFC 2606); who asks is told so, or that nobody
    could be asked."""
    status, out, err = run("host", "nobody.invalid", "localhost")
    assert status in (1, 124) and out.startswith("name\tlocalhost\n"), out
    assert err.startswith("tenon host: look up nobody.invalid: "), err
    assert err.count("\n") == 1, err
    status, out, err = run("host", "a\x1b[2Jb")
    assert status in (1, 124) and "\x1b" not in err, err
    status, out, err = run("host", "--timeout", "soon")
    assert (status, out) == (2, ""), err


# ---- for a person ----------------------------------------------------------------


def a_terminal_has_columns_and_colour():
    for words in (["ip", "2001:db8::1"], ["ip", "10.1.2.3/8"], ["host"],
                  ["port", "53"], ["order", "1234"]):
        plain = terminal(*words, NO_COLOR="1")
        assert "\x1b" not in plain, words
        assert "\t" not in plain and plain.endswith("\n"), words
        assert all(len(line) <= 80 for line in plain.splitlines()
                   if not line.startswith("reverse ")), plain
    assert "\x1b[2mdecimal\x1b[0m" in terminal("ip", "10.0.0.1",
                                               NO_COLOR="")
    lines = terminal("ip", "10.0.0.1", NO_COLOR="1").splitlines()
    assert lines[0] == "address      10.0.0.1", lines
    assert lines[1] == "kind         private: private use, 10.0.0.0/8 " \
        "(RFC 1918 section 3)", lines
    lines = terminal("order", "1234", NO_COLOR="1").splitlines()
    if sys.byteorder == "little":
        assert lines[0] == "16  host     1234                  " \
            "0x04d2              d2 04", lines


support.main([
    addresses_are_what_python_says,
    every_form_is_read,
    networks_are_what_python_says,
    scripts_can_ask_what_lies_where,
    what_is_no_address_is_told,
    orders_are_what_python_says,
    what_is_no_number_is_told,
    ports_are_what_python_says,
    what_is_no_service_is_told,
    this_machine_is_what_python_says,
    hosts_are_what_python_says,
    why_there_is_no_answer,
    a_terminal_has_columns_and_colour,
])

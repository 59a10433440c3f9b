"""Fibers in gdb:  source tools/gdb/tenon.py

tenon fibers     every fiber of every loop: number, state, what it waits for
tenon bt NUMBER  the stack of one fiber (of a live process on x86-64 or AArch64)
"""
import gdb

STATES = ("running", "ready", "parked", "ended")
# What tn__context_swap() leaves on a stack: register and place above sp.
SAVED = {
    "i386:x86-64": {"r15": 8, "r14": 16, "r13": 24, "r12": 32, "rbx": 40,
                    "rbp": 48, "rip": 56, "sp": 64},
    "aarch64": {**{f"x{n}": 8 * (n - 19) for n in range(19, 31)},
                "pc": 88, "sp": 176},
}


def container(node, type_name, member):
    kind = gdb.lookup_type(type_name)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    return (node.cast(gdb.lookup_type("char").pointer()) - offset).cast(
        kind.pointer())


def entries(head, type_name, member):
    node = head["next"]
    while node != head.address:
        yield container(node, type_name, member)
        node = node["next"]


def loops():
    registry = gdb.lookup_global_symbol("registry") or \
        gdb.lookup_static_symbol("registry")
    yield from entries(registry.value(), "struct tn__loop", "registered")


def fibers():
    for loop in loops():
        for fiber in entries(loop["fibers"], "struct tn__fiber", "all"):
            yield loop, fiber


def text(pointer):
    return pointer.string() if int(pointer) else ""


def line(loop, fiber):
    name = fiber["name"].string()
    where = f"loop {int(loop['index'])}" if int(loop["poller"]) else "thread"
    what = text(fiber["what"])
    if what and int(fiber["io_count"]):
        what += f" on descriptor {int(fiber['ios'].dereference()['fd'])}"
    return (f"{int(fiber['id']):6} {where:10} "
            f"{STATES[int(fiber['state'])]:8} {name or '-':16} {what}").rstrip()


class Tenon(gdb.Command):
    """Commands for programs on libtenon."""

    def __init__(self):
        super().__init__("tenon", gdb.COMMAND_STACK, prefix=True)


class Fibers(gdb.Command):
    """Every fiber of every loop, and what it waits for."""

    def __init__(self):
        super().__init__("tenon fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for loop, fiber in fibers():
            print(line(loop, fiber))


class Backtrace(gdb.Command):
    """The stack of the fiber with this number."""

    def __init__(self):
        super().__init__("tenon bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        number = int(argument)
        found = [(l, f) for l, f in fibers() if int(f["id"]) == number]
        if not found:
            raise gdb.GdbError(f"no fiber {number}; see tenon fibers")
        loop, fiber = found[0]
        print(line(loop, fiber))
        if not int(fiber["stack"]) or STATES[int(fiber["state"])] == "running":
            raise gdb.GdbError("it runs on a thread: use thread and bt")
        self.on_stack(int(fiber["context"]["sp"]))

    def on_stack(self, sp):
        """bt with the saved registers in the place of the thread's."""
        frame = gdb.newest_frame()
        saved = SAVED.get(frame.architecture().name())
        if saved is None:
            raise gdb.GdbError("only on x86-64 and AArch64")
        word = gdb.lookup_type("unsigned long").pointer()
        names = list(saved)
        before = {n: int(gdb.parse_and_eval(f"(unsigned long)${n}"))
                  for n in names}
        try:
            for name, place in saved.items():
                value = sp + place if name == "sp" else int(
                    gdb.Value(sp + place).cast(word).dereference())
                gdb.execute(f"set ${name} = {value}", to_string=True)
            gdb.execute("bt")
        finally:
            for name in names:
                gdb.execute(f"set ${name} = {before[name]}", to_string=True)


Tenon()
Fibers()
Backtrace()

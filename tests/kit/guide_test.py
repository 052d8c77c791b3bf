#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Does what docs/guests.md says, line by line, in an empty folder, with nothing but an installed prefix.

Usage: guide_test.py GUIDE PREFIX

An indented block after "`NAME`:" is the file NAME. In other indented blocks a line after "$ " is a command; the lines below
it are what it prints, where there are any.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile


def steps(text):
    """Yields ("file", name, contents) and ("command", command, expected output) in order."""
    name = None
    for block in re.split(r"\n{2,}(?!    )|(?<=:)\n\n(?=    )|\n\n(?=    \$)", text):
        indented = all(not line or line.startswith("    ") for line in block.splitlines())
        body = "\n".join(line[4:] for line in block.splitlines()) + "\n"
        if not indented:
            named = re.search(r"(?:^|\n)`([\w./]+)`:$", block.strip())
            name = named.group(1) if named else None
        elif name:
            yield "file", name, body
            name = None
        else:
            for command in re.split(r"(?m)^\$ ", body)[1:]:
                line, _, output = command.partition("\n")
                yield "command", line, output


def main():
    guide, prefix = sys.argv[1:]
    with open(guide, encoding="utf-8") as file:
        todo = list(steps(file.read()))
    commands = [step for step in todo if step[0] == "command"]
    if len(commands) < 5 or len(todo) - len(commands) < 4:
        sys.exit("the guide has hardly anything to do: is it read rightly?")
    environment = {"PATH": os.path.join(prefix, "bin") + ":/usr/bin:/bin", "HOME": "/nowhere", "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryDirectory() as folder:
        # One shell, so that a variable set by one command is there in the next.
        script = "set -euo pipefail\nexec 3>&1\n"
        for number, (kind, what, rest) in enumerate(todo):
            if kind == "file":
                os.makedirs(os.path.dirname(os.path.join(folder, what)), exist_ok=True)
                with open(os.path.join(folder, what), "w", encoding="utf-8") as file:
                    file.write(rest)
            else:
                script += "echo %s >&3\n{ %s\n} >output.%d\n" % (shlex.quote("$ " + what), what, number)
        done = subprocess.run(["bash", "-c", script + "echo done >&3", "guide"], cwd=folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            sys.exit("a command of the guide failed:\n" + done.stdout)
        for number, (kind, what, rest) in enumerate(todo):
            if kind == "command" and rest.strip():
                with open(os.path.join(folder, "output.%d" % number), encoding="utf-8") as file:
                    printed = file.read()
                if printed.strip() != rest.strip():
                    sys.exit("%s\nprinted:\n%s\nnot:\n%s" % (what, printed, rest))
    print("the guide's %d commands do what it says" % len(commands))


main()

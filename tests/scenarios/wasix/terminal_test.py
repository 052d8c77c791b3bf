#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command under a pseudo-terminal: raw mode and back at each kind of end, and signals from outside.

usage: terminal_test.py COMMAND GUESTS
"""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

command, guests = sys.argv[1:]
deadline_seconds = 60


def read_until(fd, wanted):
    text, end = b"", time.monotonic() + deadline_seconds
    while wanted not in text:
        ready, _, _ = select.select([fd], [], [], end - time.monotonic())
        assert ready, f"{wanted!r} did not come, but {text!r}"
        piece = os.read(fd, 1024)
        assert piece, f"{wanted!r} did not come, but {text!r} and the end"
        text += piece
    return text


def start(arguments, **streams):
    return subprocess.Popen([command, "run", "--wasm-cache", "off", *arguments], cwd=guests, **streams)


def terminal_run(end, arguments, expected_code):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 91, 0, 0))
    before = termios.tcgetattr(slave)
    run = start(["uses_terminal.wasm", *arguments], stdin=slave, stdout=slave, stderr=subprocess.DEVNULL)
    read_until(master, b"ready\r\n")
    os.write(master, b"a")
    assert read_until(master, b"[a]") == b"[a]", "the terminal echoed, too"
    assert termios.tcgetattr(slave)[3] & termios.ICANON == 0
    end(run, master)
    assert run.wait(deadline_seconds) == expected_code, run.returncode
    assert termios.tcgetattr(slave) == before, "the terminal did not get its mode back"
    os.close(master)
    os.close(slave)


def type_q(run, master):
    os.write(master, b"q")


terminal_run(type_q, [], 0)
terminal_run(type_q, ["trap"], 134)
# The guest has the C library's handler, whose default ends it.
terminal_run(lambda run, master: run.send_signal(signal.SIGTERM), [], 128 + signal.SIGTERM)
assert start(["uses_terminal.wasm"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
             stderr=subprocess.DEVNULL).wait(deadline_seconds) == 0

for number, *computes in ((signal.SIGTERM,), (signal.SIGINT,), (signal.SIGTERM, "computes"), (signal.SIGINT, "computes")):
    run = start(["takes_signals.wasm", str(int(number)), *computes], stdout=subprocess.PIPE)
    assert run.stdout.readline() == b"waiting\n"
    run.send_signal(number)
    assert run.communicate(timeout=deadline_seconds)[0] == b"ok handled 1\n", number
    assert run.returncode == 0

# Nothing handles this one.
for computes in ([], ["computes"]):
    run = start(["takes_signals.wasm", str(int(signal.SIGTERM)), *computes], stdout=subprocess.PIPE)
    assert run.stdout.readline() == b"waiting\n"
    run.kill()
    assert run.wait(deadline_seconds) == -signal.SIGKILL, run.returncode

# One that computes without a check is ended by what the signal does by default.
run = start(["--dir", guests + "::/", "computes_alone.wasm"], stdout=subprocess.PIPE)
assert run.stdout.readline() == b"computing\n"
run.send_signal(signal.SIGTERM)
assert run.wait(deadline_seconds) in (-signal.SIGTERM, 128 + signal.SIGTERM), run.returncode
print("ok")

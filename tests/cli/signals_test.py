#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a running program can be asked by a signal, and that it goes on.

Usage: signals_test.py INTERLINK GUESTS
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

INTERLINK, GUESTS = sys.argv[1:3]
DEADLINE = 60


class Signals(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def start(self, program, *options):
        """The command, with standard error in a file, so that nothing blocks."""
        self.errors = os.path.join(self.scratch, "errors")
        cache = os.environ.get("INTERLINK_SCENARIO_CACHE", os.path.join(self.scratch, "cache"))
        errors = open(self.errors, "wb")
        self.addCleanup(errors.close)
        child = subprocess.Popen([INTERLINK, "run", "--wasm-cache", cache, "--watchdog", "off", "--dir", ".",
                                  "--lib-path", ".", *options, program + ".wasm"], cwd=GUESTS, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=errors,
                                 env={**os.environ, "TMPDIR": self.scratch})
        self.addCleanup(child.communicate)
        self.addCleanup(child.kill)
        return child

    def await_handlers(self, child):
        """Until the command catches the signal: before, it would end it."""
        caught = 0
        while caught >> (signal.SIGQUIT - 1) & 1 == 0:
            time.sleep(0.01)
            with open(f"/proc/{child.pid}/status", encoding="ascii") as status:
                caught = int(re.search(r"SigCgt:\s*(\w+)", status.read()).group(1), 16)

    def said(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def ask(self, child, what, until):
        """Sends the signal until the answer shows what the program comes to sooner or later."""
        self.await_handlers(child)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            before = len(self.said())
            child.send_signal(what)
            answer = ""
            while not re.search(until, answer) and "\n" not in answer and time.monotonic() < end:
                time.sleep(0.02)
                answer = self.said()[before:]
            time.sleep(0.05)
            if re.search(until, self.said()[before:]):
                return self.said()[before:]
            self.assertIsNone(child.poll(), self.said())
        self.fail("not said: " + until + "\n" + self.said())

    def end(self, child):
        out, _ = child.communicate(b"x\n", timeout=DEADLINE)
        self.assertEqual(child.returncode, 0, self.said())
        return out

    def test_sigquit_says_what_all_threads_do_and_who_holds_whom(self):
        child = self.start("waits_for_a_constructor_that_reads")
        # Not the first answer that names the holder: a thread may have come to wait since the coordinator was asked.
        said = self.ask(child, signal.SIGQUIT, r"(?s)requests that wait: next_constructor.*held by thread 2"
                                               r".*thread 2: waits in fd_read.*read_in_constructor")
        self.assertRegex(said, r"coordinator: operation \d+ is published; \d+ modules in 2 groups; \d+ slots")
        self.assertRegex(said, r"requests that wait: (next_constructor|await_load) of thread 1")
        self.assertRegex(said, r"thread 2: waits in fd_read")
        self.assertRegex(said, r"read_in_constructor")  # its guest frames, though it waits since before the question
        self.assertRegex(said, r"thread 1: waits since \d+ ms for another thread's constructors")
        self.end(child)

    def test_sigusr1_writes_the_flight_recorder(self):
        child = self.start("waits_for_a_constructor_that_reads")
        self.ask(child, signal.SIGQUIT, r"held by thread 2")
        said = self.ask(child, signal.SIGUSR1, r"the flight recorder is in ")
        path = re.search(r"the flight recorder is in (\S+)", said).group(1)
        self.assertTrue(path.startswith(self.scratch))
        with open(path, encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        self.assertEqual(events[0]["schema"], "interlink-trace")
        opened = [each["name"] for each in events if each.get("kind") == "open" and each["phase"] == "begin"]
        self.assertIn("libreads.so", [os.path.basename(name) for name in opened])
        told = subprocess.run([INTERLINK, "trace", path], capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(told.returncode, 0, told)
        self.assertIn("flight recorder", told.stdout)
        self.end(child)

    def test_a_reader_that_goes_away_ends_the_trace_and_not_the_program(self):
        pipe = os.path.join(self.scratch, "pipe.jsonl")
        os.mkfifo(pipe)
        reader = subprocess.Popen(["head", "-n", "1", pipe], stdout=subprocess.PIPE)
        child = self.start("waits_for_a_constructor_that_reads", "--trace", pipe)
        self.assertIn(b"interlink-trace", reader.communicate(timeout=DEADLINE)[0])
        self.end(child)
        self.assertEqual(self.said().count("the trace ends here"), 1, self.said())
        self.assertIn("Broken pipe", self.said())

    def test_a_reader_that_stops_half_way_holds_nobody_up(self):
        pipe = os.path.join(self.scratch, "pipe.jsonl")
        os.mkfifo(pipe)
        child = self.start("opens_beside_spawns", "--trace", pipe)
        with open(pipe, "rb") as reader:
            self.assertIn(b"interlink-trace", reader.read(64))  # and no more
            child.communicate(timeout=DEADLINE)
            self.assertEqual(child.returncode, 0, self.said())

    def test_a_full_disk_is_told_of_once(self):
        folder = os.path.join(self.scratch, "small")
        os.mkdir(folder)
        cache = os.environ.get("INTERLINK_SCENARIO_CACHE", "off")
        line = (f'ulimit -f 8; exec "{INTERLINK}" run --wasm-cache {cache} --dir . --lib-path . '
                f'--trace "{folder}/run.jsonl" opens_beside_spawns.wasm')
        ran = subprocess.run(["bash", "-c", line], cwd=GUESTS, capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(ran.returncode, 0, ran)
        self.assertEqual(ran.stderr.count("the trace ends here, the program goes on"), 1, ran)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

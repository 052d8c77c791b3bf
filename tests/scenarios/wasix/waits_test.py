#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every call that can wait: a report says so, a signal that the guest handles ends it, and so does the process's end.

Usage: waits_test.py INTERLINK GUESTS LIMITED_HOST
"""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

INTERLINK, GUESTS, LIMITED_HOST = sys.argv[1:4]
DEADLINE = 60
CALLS = ("sock_accept_v2", "sock_connect", "sock_connect_local", "sock_recv_from", "sock_send_to", "sock_send_file",
         "fd_read", "fd_write", "epoll_wait", "proc_join", "resolve")


class Waits(unittest.TestCase):
    def start(self, *arguments):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        subprocess.run(["cp", os.path.join(GUESTS, "waits_in_calls.wasm"), scratch.name], check=True)
        self.errors = os.path.join(scratch.name, "errors")
        environment = {**os.environ, "INTERLINK_TEST_SILENT_RESOLVER": "1"}
        if arguments[0] == "resolve":
            environment["LD_PRELOAD"] = LIMITED_HOST
            # The address sanitizer wants to be the first library, without need here.
            environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        cache = os.environ.get("INTERLINK_SCENARIO_CACHE", os.path.join(scratch.name, "cache"))
        with open(self.errors, "wb") as errors:
            child = subprocess.Popen([INTERLINK, "run", "--wasm-cache", cache, "--net", "all", "--dir",
                                      scratch.name + "::/", os.path.join(scratch.name, "waits_in_calls.wasm"),
                                      *arguments], stdout=subprocess.PIPE, stderr=errors, env=environment)
        self.addCleanup(child.communicate)
        self.addCleanup(child.kill)
        return child

    def said(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def test_reports_name_them_and_signals_end_them(self):
        for call in CALLS:
            with self.subTest(call):
                child = self.start(call)
                self.assertEqual(child.stdout.readline(), b"waiting\n", self.said())
                words = "thread 1: waits in " + call.removesuffix("_local")
                end = time.monotonic() + DEADLINE
                while words not in self.said() and time.monotonic() < end:
                    child.send_signal(signal.SIGQUIT)
                    time.sleep(0.05)
                self.assertIn(words, self.said())
                child.send_signal(signal.SIGTERM)
                self.assertEqual(child.communicate(timeout=DEADLINE)[0], b"answers 27\n", self.said())
                self.assertEqual(child.returncode, 3)

    def test_the_end_of_the_process_ends_them(self):
        for call in CALLS:
            with self.subTest(call):
                child = self.start(call, "beside")
                child.communicate(timeout=DEADLINE)
                self.assertEqual(child.returncode, 7, self.said())

    def test_who_waits_keeps_few_operations(self):
        """Main waits for eight threads, which make and free closures: with each it would fall behind for ever."""
        if "INTERLINK_SANITIZED" in os.environ:
            self.skipTest("a sanitizer keeps the memory that is given back")
        def peak_kib(cycles_of_each):
            cache = os.environ.get("INTERLINK_SCENARIO_CACHE", "off")
            child = subprocess.Popen([INTERLINK, "run", "--wasm-cache", cache,
                                      os.path.join(GUESTS, "uses_closures.wasm"), "cycles", str(cycles_of_each), "8"],
                                     stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(child.returncode, 0)
            return usage.ru_maxrss
        few, many = peak_kib(1_000), peak_kib(12_500)
        print(f"8,000 cycles: {few} KiB; 100,000: {many} KiB", file=sys.stderr)
        self.assertLess(many - few, 24 << 10)  # 50 MiB, were all kept


unittest.main(argv=sys.argv[:1])

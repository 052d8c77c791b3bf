#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks what the guests are made of, by their import and export sections alone. Usage: guests_test.py FOLDER TOOLS"""

import os
import sys
import unittest

FOLDER = sys.argv.pop(1)
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv.pop(1))
import wasm_sections  # noqa: E402

LINKER_NAMES = {"memory", "__indirect_function_table", "__stack_pointer", "__memory_base", "__table_base", "__heap_base",
                "__c_longjmp", "__cpp_exception",
                "interlink_guard"}  # weak: C++ programs alone have it
REAL_LIBRARIES = ("libz.so", "liblua.so", "libsqlite3.so")


def module(name):
    with open(os.path.join(FOLDER, name), "rb") as file:
        return file.read()


def linked_names(name):
    """What a module wants from other modules."""
    return {n for m, n, _ in wasm_sections.imports(module(name)) if m in ("env", "GOT.mem", "GOT.func")} - LINKER_NAMES


def exported_names(name):
    return {n for n, _ in wasm_sections.exports(module(name))}


class Guests(unittest.TestCase):
    def test_LeaveNothingOfTheLibcToTheHost(self):
        for name in ("uses_files.wasm", "ends_threads.wasm", "keeps_time.wasm", "plain_threads.wasm", "embedded.wasm"):
            self.assertEqual(linked_names(name), set(), name)

    def test_GiveTheRealLibrariesAllTheyImport(self):
        main = exported_names("demo.wasm")
        for name in REAL_LIBRARIES:
            self.assertEqual(linked_names(name) - main - exported_names(name), set(), name)

    def test_ImportOnlyKnownModules(self):
        known = {'interlink_v1', "env", "interlink_v1", "GOT.mem", "GOT.func", "wasi_snapshot_preview1", "wasi", "wasix_32v1", "interlink_host",
                 "test", "embedder", "host"}  # the last three are what tests and examples offer
        for name in sorted(os.listdir(FOLDER)):
            if not name.startswith(("bare_", "libbad_bytes")):  # no libc's; no module at all
                self.assertLessEqual({m for m, _, _ in wasm_sections.imports(module(name))}, known, name)

    def test_ExportWhatTheLinkerCallsInEachThread(self):
        wanted = {"__wasm_init_tls", "__tls_base", "__tls_size", "__tls_align"}
        for name in ("libtls.so", "symbols_cross_modules.wasm", "fixed_main_with_tls_side_and_threads.wasm"):
            self.assertLessEqual(wanted, exported_names(name), name)


unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that check_layers.py finds each kind of breach, and nothing in a file that keeps the rules."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_layers  # noqa: E402

check_layers.SHARES_BECAUSE = {}


def breaches(path, text):
    """What the check prints for a tree of one file."""
    with tempfile.TemporaryDirectory() as root:
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full))
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            count = check_layers.check(root)
        return count, printed.getvalue()


class CheckLayers(unittest.TestCase):
    def assert_breach(self, path, text, words):
        count, printed = breaches(path, text)
        self.assertEqual(count, 1, printed)
        self.assertIn(words, printed)
        self.assertIn(path + ":", printed)

    def assert_fine(self, path, text):
        self.assertEqual(breaches(path, text), (0, ""))

    def test_RefusesAnUpwardInclude(self):
        self.assert_breach("messages/a.hh", '#include "linker/b.hh"\n', "messages/ includes linker/")

    def test_RefusesASibling(self):
        self.assert_breach("linker/a.cc", '#include "engine/engine.hh"\n', "linker/ includes engine/")
        self.assert_breach("wasi/a.cc", '#include "actors/mailbox.hh"\n', "wasi/ includes actors/")

    def test_RefusesALibraryThatALayerMayNotUse(self):
        self.assert_breach("linker/a.cc", "#include <asio/post.hpp>\n", "linker/ includes <asio/post.hpp>")
        self.assert_breach("engine/engine.hh", "#include <wasmtime.h>\n", "engine/ includes <wasmtime.h>")
        self.assert_breach("groups/a.cc", "#include <CLI/App.hpp>\n", "groups/ includes <CLI/App.hpp>")

    def test_LetsTheAdapterSeeWasmtime(self):
        self.assert_fine("engine/wasmtime_store.cc", "#include <wasmtime.h>\n")

    def test_RefusesPathsThatDoNotBeginAtTheRoot(self):
        self.assert_breach("linker/a.cc", '#include "../messages/error.hh"\n', "an include with ..")
        self.assert_breach("linker/a.cc", '#include "b.hh"\n', "not a path from the root")

    def test_RefusesThreadsOutsideActors(self):
        for text in ("std::mutex lock;\n", "std::atomic<int> value;\n", "std::thread run;\n", "thread_local int value;\n",
                     "std::condition_variable_any wake;\n"):
            self.assert_breach("groups/a.cc", text, "outside actors/ and wasi/")
            self.assert_fine("actors/a.cc", text)
        self.assert_fine("groups/a.cc", "unsigned cores = std::thread::hardware_concurrency();\n")

    def test_RefusesAssertThrowAndStreams(self):
        self.assert_breach("linker/a.cc", "  assert(x);\n", "plain assert")
        self.assert_fine("linker/a.cc", "  static_assert(sizeof(int) == 4);\n  INTERLINK_ASSERT(x);\n")
        self.assert_breach("linker/a.cc", "  throw 1;\n", "throw")
        self.assert_breach("groups/a.cc", "  std::cerr << 1;\n", "a standard stream")
        self.assert_fine("cli/a.cc", "  std::cerr << 1;\n")

    def test_RefusesNotesToOneself(self):
        self.assert_breach("linker/a.cc", "// TO" "DO: more\n", "TO" "DO")

    def test_ReadsNeitherCommentsNorTextsAsCode(self):
        self.assert_fine("linker/a.cc", '// a std::mutex would throw here\n/* assert(x) */ auto t = "std::atomic, throw 1";\n')

    def test_RefusesLongFiles(self):
        self.assert_breach("linker/a.cc", "\n" * 700, "more than 600 lines")


unittest.main()

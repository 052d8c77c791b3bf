#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that check_layers.py finds each kind of breach, and nothing in a file that keeps the rules."""

import contextlib
import io
import os
import sys
import tempfile
import unittest
import unittest.mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_layers  # noqa: E402

check_layers.SHARES_BECAUSE = {}
check_layers.LAYERS = {layer: (ours, set()) for layer, (ours, _) in check_layers.LAYERS.items()}


def breaches(files):
    """What the check prints for a tree of these files, path to text."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            count = check_layers.check(root)
        return count, printed.getvalue()


class CheckLayers(unittest.TestCase):
    def assert_breach(self, path, text, words):
        count, printed = breaches({path: text})
        self.assertEqual(count, 1, printed)
        self.assertIn(words, printed)
        self.assertIn(path + ":", printed)

    def assert_fine(self, path, text):
        self.assertEqual(breaches({path: text}), (0, ""))

    def test_RefusesAnUpwardInclude(self):
        self.assert_breach("messages/a.hh", '#include "linker/b.hh"\n', "messages/ includes linker/")

    def test_RefusesASibling(self):
        self.assert_breach("linker/a.cc", '#include "engine/engine.hh"\n', "linker/ includes engine/")
        self.assert_breach("wasi/a.cc", '#include "actors/mailbox.hh"\n', "wasi/ includes actors/")

    def test_RefusesALibraryThatALayerMayNotUse(self):
        self.assert_breach("linker/a.cc", "#include <asio/post.hpp>\n", "linker/ includes <asio/post.hpp>")
        self.assert_breach("engine/engine.hh", "#include <wasmtime.h>\n", "engine/ includes <wasmtime.h>")
        self.assert_breach("groups/a.cc", "#include <CLI/App.hpp>\n", "groups/ includes <CLI/App.hpp>")

    def test_RefusesACircleOfUnits(self):
        # A unit is a header with its source: no single file includes itself here.
        count, printed = breaches({"linker/a.hh": '#include "linker/b.hh"\n', "linker/b.hh": "", "wasm/c.hh": "",
                                   "linker/b.cc": '#include "linker/b.hh"\n#include "linker/a.hh"\n',
                                   "linker/d.cc": '#include "linker/a.hh"\n'})
        self.assertEqual(count, 1, printed)
        self.assertIn("an include circle of linker/a, linker/b:", printed)

    def test_TellsCirclesApart(self):
        two = {"linker/a.hh": '#include "linker/b.hh"\n', "linker/b.hh": '#include "linker/c.hh"\n',
               "linker/c.hh": '#include "linker/a.hh"\n', "wasm/d.hh": '#include "wasm/e.hh"\n',
               "wasm/e.hh": '#include "wasm/d.hh"\n', "linker/f.hh": '#include "linker/a.hh"\n'}
        count, printed = breaches(two)
        self.assertEqual(count, 2, printed)
        self.assertIn("linker/a, linker/b, linker/c:", printed)
        self.assertIn("wasm/d, wasm/e:", printed)

    def test_RefusesARowOfItsListsThatIsNotNeeded(self):
        with unittest.mock.patch.dict(check_layers.SHARES_BECAUSE, {"groups/a.cc": "why", "groups/gone.cc": "why"}):
            count, printed = breaches({"groups/a.cc": "// a std::mutex\n"})
            self.assertEqual(count, 2, printed)
            self.assertIn("groups/a.cc, which shares nothing", printed)
            self.assertIn("groups/gone.cc, which does not exist", printed)
        with unittest.mock.patch.dict(check_layers.SHARES_BECAUSE, {"groups/a.cc": "why"}):
            self.assertEqual(breaches({"groups/a.cc": "std::mutex m;\n"}), (0, ""))
        with unittest.mock.patch.dict(check_layers.LAYERS, {"groups": ({"groups"}, {"asio"})}):
            self.assert_fine("groups/a.cc", "#include <asio/post.hpp>\n")
            count, printed = breaches({"groups/a.cc": "#include <vector>\n"})
            self.assertEqual(count, 1, printed)
            self.assertIn("asio for groups/, which does not include it", printed)

    def test_RefusesAReferenceOutOfTheRepository(self):
        self.assert_breach("linker/a.cc", "// Source: des" "ign section 5.\n", "is outside of the repository")
        self.assert_breach("linker/a.cc", "// Source: tool" "chain rule 7\n", "is outside of the repository")
        self.assert_breach("tests/guests/a.c", "// Source: lin" "king ABI\n", "is outside of the repository")

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

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every function of docs/wasix.md is imported, as the raw call, by a guest of the tests.

Usage: imports_test.py SOURCES GUESTS
"""
import os
import re
import sys

SOURCES, GUESTS = sys.argv[1:3]
sys.path.insert(0, os.path.join(SOURCES, "tools"))
import wasm_sections  # noqa: E402

with open(os.path.join(SOURCES, "docs/wasix.md"), encoding="utf-8") as document:
    expected = set(re.findall(r"^\| `(\w+)` \| (?:served|refused) ", document.read(), re.MULTILINE))
imported = set()
for name in sorted(os.listdir(GUESTS)):
    if not name.endswith((".wasm", ".so")):
        continue
    with open(os.path.join(GUESTS, name), "rb") as file:
        module = file.read()
    if module.startswith(wasm_sections.HEADER):
        imported |= {each for host, each, _ in wasm_sections.imports(module) if host == "wasix_32v1"}
assert len(expected) > 90, expected
assert expected <= imported, sorted(expected - imported)

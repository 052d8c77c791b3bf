#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CPU time of the compiler for a source that includes <interlink/interlink.hh>, beside one that includes only what of
asio a coroutine needs that calls it. Parsed alone, as in a translation unit that uses neither; the two take turns, and
the figures are medians."""
import argparse
import os
import resource
import statistics
import subprocess
import tempfile

SOURCES = {
    "asio": "#include <asio.hpp>\n",
    "interlink": "#include <asio.hpp>\n#include <interlink/interlink.hh>\n",
}


def seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", action="append", required=True)
    parser.add_argument("--repeat", type=int, default=7)
    asked = parser.parse_args()
    taken = {name: [] for name in SOURCES}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in SOURCES.items():
            with open(os.path.join(folder, name + ".cc"), "w", encoding="utf-8") as file:
                file.write(text)
        for _ in range(asked.repeat):
            for name in SOURCES:
                taken[name].append(seconds(
                    [asked.compiler, "-std=c++23", "-fsyntax-only", "-DASIO_STANDALONE"] +
                    [f"-I{path}" for path in asked.include] + [os.path.join(folder, name + ".cc")]))
    medians = {name: statistics.median(each) for name, each in taken.items()}
    print(f"asio {medians['asio']:.2f} s, with interlink {medians['interlink']:.2f} s: "
          f"{medians['interlink'] - medians['asio']:.2f} s more")


main()

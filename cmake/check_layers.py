#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that the sources keep the rules of the layers. Usage: check_layers.py ROOT

Prints a line for each breach (file, line, what is wrong, what to do) and ends with 1 when there is one.
"""

import os
import re
import sys
from pathlib import Path

# What each layer may include of ours, and of others. Read top to bottom it is the picture of the architecture.
BELOW = {"messages", "wasm", "linker", "actors", "engine", "wasi"}
LAYERS = {
    "messages": ({"messages"}, set()),
    "wasm": ({"messages", "wasm"}, {"elfutils"}),
    "linker": ({"messages", "linker"}, set()),
    "actors": ({"messages", "actors"}, {"asio"}),
    "engine": ({"messages", "engine"}, set()),
    "wasi": ({"messages", "wasi"}, set()),
    "trace": ({"messages", "trace"}, {"fmt", "nlohmann"}),
    "groups": (BELOW | {"groups"}, {"fmt"}),
    "loader": (BELOW | {"groups", "loader"}, {"fmt", "nettle", "xxhash"}),
    "process": (BELOW | {"trace", "groups", "loader", "process"}, {"asio", "fmt"}),
    # What programs include and link; its headers see nothing of the rest.
    "embed": ({"messages", "actors", "engine", "wasi", "groups", "loader", "process", "embed"}, {"asio", "fmt", "spdlog"}),
    # The command embeds the library as any program does: by completion tokens, and with host directories that it grants.
    "cli": ({"messages", "wasm", "linker", "engine", "wasi", "loader", "process", "trace", "cli"}, {"CLI", "asio", "fmt", "spdlog"}),
}

# Headers of others, by how their names begin. What is not here is the standard library's or the system's.
OTHERS = {"asio": "asio", "fmt/": "fmt", "spdlog/": "spdlog", "xxhash": "xxhash", "nettle/": "nettle", "elfutils/": "elfutils", "dwarf.h": "elfutils",
          "libelf.h": "elfutils", "CLI/": "CLI", "nlohmann/": "nlohmann",
          "wasmtime": "wasmtime", "wasm.h": "wasmtime", "wasi.h": "wasmtime", "gtest/": "gtest", "gmock/": "gtest",
          "rapidcheck": "rapidcheck", "benchmark/": "benchmark"}

# The engine's C interface is seen by the adapter's files alone.
ADAPTER = re.compile(r"^engine/wasmtime_[a-z_]*\.(cc|hh)$")

THREADS = re.compile(r"\bstd::(mutex|shared_mutex|recursive_mutex|timed_mutex|condition_variable\w*|thread\b(?!::(?:id|hardware_concurrency))|jthread"
                     r"|atomic\w*|counting_semaphore|binary_semaphore|latch|barrier|call_once|once_flag|future|promise|async)\b"
                     r"|\bthread_local\b|\bpthread_\w+\s*\(")
# Actors are where threads meet; wasi's descriptor table is shared by the threads of a process by its nature.
MAY_SHARE = ("actors", "wasi")

# Files outside those that share something all the same. Each says why; the list may only shrink, but for what the engine forces on us.
SHARES_BECAUSE = {
    "cli/reserved_threads.cc": "stands in for the C library's pthread_create while the engine starts its threads",
    "embed/guest_context.cc": "where a function's type was compared last, so that its next call need not",
    "embed/include/interlink/handles.hh": "the same: a function is called by several threads",
    "embed/operation_state.hh": "an embedder's completion, cancellation and group meet there: whoever comes first completes",
    "engine/wasmtime_faults.cc": "a signal handler is the process's: it reads the places of memories without a lock",
    "engine/wasmtime_function_types.hh": "types of host functions: every thread makes the same, the first one tells the engine",
    "engine/wasmtime_global_blocks.hh": "modules of the engine's, compiled at first need by whichever thread comes first",
    "groups/coordinator_messages.hh": "a group's lane, the word that says a request is answered, and what a group waits for, for reports",
    "groups/instance_group.hh": "what a group waits in and whether its frames are wanted, for reports; signals sent to it",
    "groups/pending_operation.hh": "an embedder's cancellation meets the group that carries the operation out",
    "groups/statistics.hh": "counters for INTERLINK_DEBUG=statistics; nothing is decided by them",
    "linker/open_count.hh": "a library's handles: counted without a turn while another handle is left",
    "process/process_core.hh": "the end of a process is seen without a message by those who would send one",
}

# (pattern, files it is allowed in, what is wrong, what to do)
BANNED = [
    (re.compile(r"(?<![\w_:])assert\s*\("), None, "plain assert", "use INTERLINK_ASSERT (messages/assert.hh)"),
    (re.compile(r"(?<![\w:])throw\b(?!\()"), re.compile(r"^cli/|^embed/include/interlink/process\.hh$"), "throw",
     "return a result<T>; only an option's check may throw, in cli/, for the parser wants it so, and a public object's "
     "constructor, as asio's do"),
    (re.compile(r"\bstd::(cout|cerr|clog)\b"), re.compile(r"^cli/"), "a standard stream", "only cli/ prints"),
]
# The reader has this repository and nothing else.
OUTSIDE = re.compile(r"\b([Dd]esign section|[Tt]oolchain rule|[Ll]inking ABI)\b")
BANNED_IN_COMMENTS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
LINES_MAX = 600


def without_comments(text):
    """The text with comments and string contents blanked out; line breaks stay."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        kept = match.group(0)
        return '""' if kept[0] in "\"R" else re.sub(r"[^\n]", " ", kept) if kept[0] == "/" else "' '"

    return pattern.sub(blank, text)


def check_include(layer, path, quoted, name):
    """The breach of one include line, or None."""
    ours, others = LAYERS[layer]
    if quoted:
        if ".." in name.split("/"):
            return "an include with ..", "name the header by its path from the root"
        folder = name.split("/")[0]
        if "/" not in name or folder not in LAYERS:
            return f'"{name}" is not a path from the root to a layer', "name the header by its path from the root"
        if folder not in ours:
            return f"{layer}/ includes {folder}/", f"{layer}/ may include {', '.join(sorted(ours))}"
        return None
    for begin, library in OTHERS.items():
        if name.startswith(begin):
            if library == "wasmtime" and ADAPTER.match(path):
                return None
            if library not in others:
                return f"{layer}/ includes <{name}>", f"{layer}/ may use {', '.join(sorted(others)) or 'no library'}"
    return None


def outside_of_repository(line):
    """The breach of a line that sends its reader to a document of which the repository has no copy, if there is one."""
    found = OUTSIDE.search(line)
    if found:
        yield f'"{found.group(0)}" is outside of the repository', "say here what a reader needs"


def check_file(layer, path, text):
    """Yields (line, what is wrong, what to do)."""
    lines = text.split("\n")
    if len(lines) > LINES_MAX:
        yield len(lines), f"more than {LINES_MAX} lines", "split the file by its nouns"
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include:
            breach = check_include(layer, path, include.group(1) == '"', include.group(2))
            if breach:
                yield (number, *breach)
        if BANNED_IN_COMMENTS.search(line):
            yield number, BANNED_IN_COMMENTS.search(line).group(0), "do it, or write an issue"
        for what, remedy in outside_of_repository(line):
            yield number, what, remedy
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        found = THREADS.search(line)
        if found and layer not in MAY_SHARE and path not in SHARES_BECAUSE:
            yield number, f"{found.group(0).strip()} outside actors/ and wasi/", "send a message, or share a snapshot"
        for pattern, allowed, what, remedy in BANNED:
            if pattern.search(line) and not (allowed and allowed.match(path)):
                yield number, what, remedy


def include_circles(texts):
    """Groups of units, a header with its source, that include each other, directly or not. Sorted."""
    uses = {}
    for path, text in texts.items():
        unit = os.path.splitext(path)[0]
        named = {os.path.splitext(name)[0] for _, name in re.findall(INCLUDE.pattern, text, re.M)}
        uses.setdefault(unit, set()).update(named - {unit})

    def reached(unit):
        seen, rest = set(), [unit]
        while rest:
            new = uses.get(rest.pop(), set()) - seen
            seen |= new
            rest.extend(new)
        return seen

    reach = {unit: reached(unit) for unit in uses}
    in_circle = [unit for unit in sorted(uses) if unit in reach[unit]]
    return sorted({tuple(other for other in in_circle if other in reach[unit] and unit in reach[other])
                   for unit in in_circle})


def rows_without_need(texts):
    """What the tables above allow and nobody uses. Sorted."""
    for path in sorted(SHARES_BECAUSE):
        if path not in texts:
            yield f"{path}, which does not exist"
        elif not THREADS.search(without_comments(texts[path])):
            yield f"{path}, which shares nothing"
    for layer, (_, others) in LAYERS.items():
        included = [name for path, text in texts.items() if path.split("/")[0] == layer
                    for _, name in re.findall(INCLUDE.pattern, text, re.M)]
        for library in sorted(others if included else ()):
            if not any(OTHERS[begin] == library for begin in OTHERS for name in included if name.startswith(begin)):
                yield f"{library} for {layer}/, which does not include it"


def check(root):
    """Prints all breaches; returns their number."""
    count = 0
    texts = {}
    for layer in LAYERS:
        for folder, _, names in sorted(os.walk(os.path.join(root, layer))):
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if not name.endswith((".cc", ".hh")):
                    continue
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    texts[path] = file.read()
                for number, what, remedy in check_file(layer, path, texts[path]):
                    print(f"{path}:{number}: {what}: {remedy}")
                    count += 1
    for folder in ("bench", "examples", "guest", "tests"):
        for path in sorted(Path(root, folder).rglob("*")):
            if path.suffix in (".c", ".cc", ".h", ".hh", ".s"):
                for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
                    for what, remedy in outside_of_repository(line):
                        print(f"{path.relative_to(root)}:{number}: {what}: {remedy}")
                        count += 1
    for circle in include_circles(texts):
        print(f"{circle[0]}: an include circle of {', '.join(circle)}: hand down what one of them reaches up for")
        count += 1
    for row in rows_without_need(texts):
        print(f"cmake/check_layers.py: the allow-list has {row}: take it out")
        count += 1
    return count


if __name__ == "__main__":
    sys.exit(1 if check(sys.argv[1]) else 0)

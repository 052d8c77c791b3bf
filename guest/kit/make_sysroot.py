#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the parts of the guests' sysroot that are not compiled here.

Usage: make_sysroot.py headers SYSROOT LIBC OURS        the C headers, with the folder OURS on top
       make_sysroot.py libc SYSROOT LIBC OUR_LIBRARY    libc.a: the packaged library less what OUR_LIBRARY replaces
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

TARGET_FOLDER = "wasm32-emscripten"
# What serves a browser, a compiler or another C++ library than ours.
FOREIGN = {"AL", "EGL", "GL", "GLES", "GLES2", "GLES3", "GLFW", "KHR", "SDL", "X11", "c++", "emscripten", "emscripten.h",
           "mach-o", "sanitizer", "scsi", "uuid", "webgl", "webgpu", "wasm_simd128.h", "compat", "atomic_arch.h",
           "crt_arch.h", "fp_arch.h", "pthread_arch.h", "syscall_arch.h", "alltypes.h.in", "kstat.h", "libunwind.h",
           "__libunwind_config.h", "unwind.h", "dlfcn.h", "sys/kd.h", "sys/soundcard.h", "sys/vt.h", "bits/kd.h",
           "bits/soundcard.h", "bits/vt.h"}
# Of the package's second folder, headers for other processors.
FOREIGN_COMPAT = re.compile(r".*intrin\.h|arm_neon\.h|stdarg\.h")
# Libraries that a program may name and whose functions are in libc.a.
WITHIN_LIBC = ["m", "dl", "pthread", "rt", "util", "resolv", "crypt", "xnet"]


def copy_header(source, target):
    """The macro of the triple has a meaning of its own to sources; the headers get one that only ours has."""
    with open(source, encoding="utf-8") as file:
        text = file.read()
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w", encoding="utf-8") as file:
        file.write(text.replace("__EMSCRIPTEN__", "__interlink__"))


def copy_headers(source, target, foreign):
    for folder, _, files in os.walk(source):
        for file in files:
            inside = os.path.relpath(os.path.join(folder, file), source)
            if not foreign(inside):
                copy_header(os.path.join(folder, file), os.path.join(target, inside))


def make_headers(sysroot, libc, ours):
    include = os.path.join(sysroot, "include")
    shutil.rmtree(include, ignore_errors=True)
    copy_headers(os.path.join(libc, "include"), include,
                 lambda name: name in FOREIGN or name.split("/")[0] in FOREIGN)
    first = os.path.join(include, TARGET_FOLDER)
    copy_headers(os.path.join(libc, "include", "compat"), first, FOREIGN_COMPAT.fullmatch)
    copy_headers(ours, first, lambda name: False)
    shutil.copyfile(os.path.join(libc, "copyright"), os.path.join(sysroot, "copyright"))


class Member:
    """What an object file of an archive defines and needs. Weak definitions give way, weak needs may stay unmet."""

    def __init__(self):
        self.strong, self.weak, self.needed = set(), set(), set()

    def note(self, kind, symbol):
        if kind == "U" and not symbol.startswith("__wasi_"):  # Those are imports, whose host the object names.
            self.needed.add(symbol)
        elif kind in "WV":
            self.weak.add(symbol)
        elif kind not in "Uw":
            self.strong.add(symbol)


class Archive:
    """Object files unpacked from an archive."""

    def __init__(self, archive, folder):
        name = os.path.basename(archive)
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        subprocess.run(["llvm-ar-22", "x", "--output", self.folder, archive], check=True)
        self.members = {}
        listed = subprocess.run(["llvm-nm-22", "-g", "-A", archive], check=True, capture_output=True, text=True).stdout
        for line in listed.splitlines():
            place, symbol = line.rsplit(":", 1)[0], line.rsplit(":", 1)[1].split()
            file = os.path.join(self.folder, place.rsplit(":", 1)[1])
            self.members.setdefault(file, Member()).note(symbol[-2], symbol[-1])

    def strong(self):
        return set().union(*(m.strong for m in self.members.values()))

    def defined(self):
        return self.strong().union(*(m.weak for m in self.members.values()))


def with_needs_met(members, given):
    """The members that lack nothing, whoever else of them is linked in too."""
    kept = dict(members)
    while True:
        defined = given.union(*(m.strong | m.weak for m in kept.values()))
        lacking = [file for file, member in kept.items() if not member.needed <= defined]
        if not lacking:
            return kept
        for file in lacking:
            del kept[file]


def make_libc(sysroot, libc, ours):
    """A member that defines what our library defines is left out, and so is one that only a browser can serve. So all of the
    archive can be linked into one program, for plugins that nobody knows yet, and no symbol is there twice. The compiler's
    runtime and the allocator are in it as well."""
    libraries = os.path.join(sysroot, "lib", TARGET_FOLDER)
    with open(os.path.join(libraries, "given-by-host.txt"), encoding="utf-8") as file:
        given = set(file.read().split())
    given |= {"__stack_pointer", "__memory_base", "__table_base", "__tls_base", "__dso_handle", "__indirect_function_table",
              "main", "__main_argc_argv", "__wasm_call_ctors", "__wasm_init_tls", "_start"}
    with tempfile.TemporaryDirectory() as work:
        own = Archive(ours, work)
        given |= own.defined()
        kept = {}
        taken = own.strong()
        for name in ("libprintf_long_double-mt", "libstandalonewasm-memgrow", "libc-mt", "libdlmalloc-mt", "libcompiler_rt-mt"):
            members = {f: m for f, m in Archive(os.path.join(libc, "lib", name + ".a"), work).members.items()
                       if not m.strong & taken}
            kept.update(members)
            taken |= set().union(*(m.strong for m in members.values()))
        kept = with_needs_met(kept, given)
        archive = os.path.join(libraries, "libc.a")
        if os.path.exists(archive):
            os.unlink(archive)
        subprocess.run(["llvm-ar-22", "rcsD", archive, *sorted(kept)], check=True)
    for name in WITHIN_LIBC:
        with open(os.path.join(libraries, "lib%s.a" % name), "wb") as file:
            file.write(b"!<arch>\n")


def main():
    {"headers": make_headers, "libc": make_libc}[sys.argv[1]](*sys.argv[2:])


main()

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The kit's compilers behave as a C compiler's driver, and what they link runs. Usage: driver_test.sh KIT INTERLINK
set -euo pipefail
kit=$1 interlink=$2 tests=$(realpath "$(dirname "$0")")
PATH=$kit/bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "$1" >&2; exit 1; }
# says TEXT COMMAND...: the command succeeds and prints just TEXT.
says() {
  local expected=$1 said
  shift
  said=$("$@" 2>&1) || fail "failed: $*: $said"
  [ "$said" = "$expected" ] || fail "$*: said '$said', not '$expected'"
}
# fails_with TEXT COMMAND...: the command fails and names TEXT.
fails_with() {
  local expected=$1 said
  shift
  if said=$("$@" 2>&1); then fail "succeeded: $*"; fi
  [[ $said == *"$expected"* ]] || fail "$*: said '$said', not '$expected'"
}
run() { "$interlink" run --dir . "$@"; }

cat >add.c <<'C'
int add(int a, int b) { return a + b; }
C
cat >plugin.c <<'C'
#include <stdio.h>
int add(int, int);
int twice(int a) { return printf("twice ") > 0 ? add(a, a) : 0; }
C
cat >main.c <<'C'
#include <dlfcn.h>
#include <paths.h>
#include <stdio.h>
#include <threads.h>
#if defined __EMSCRIPTEN__ || !defined __interlink__ || RTLD_GLOBAL != 4
#error "another system's headers"
#endif
int add(int, int);
static int in_thread(void *value) { return add(*(int *)value, 1); }
int main(int argc, char **argv) {
  thrd_t thread;
  int value = 20, result = 0;
  if (thrd_create(&thread, in_thread, &value) != thrd_success || thrd_join(thread, &result) != thrd_success) return 9;
  void *plugin = dlopen("./libplugin.so", RTLD_NOW);
  if (plugin == 0) return puts(dlerror()), 8;
  int (*twice)(int) = (int (*)(int))dlsym(plugin, "twice");
  printf("%d %.2Lf\n", twice(result), 1.25L);
  return argc > 1;
}
C

# Compile, assemble, preprocess, depend.
interlink-cc -O2 -Wall -Werror -MD -MF main.d -c main.c -o main.o
grep 'main.o:.*main.c' main.d >/dev/null || fail "no dependency file"
interlink-cc -S add.c -o add.s
interlink-cc -c add.s -o add.o
interlink-cc -E -dM - </dev/null | grep '__interlink__ 1' >/dev/null || fail "no macro"
says 'add.o: add.c' interlink-cc -MM add.c
interlink-cc --version | grep 'clang version 22' >/dev/null || fail "no version"
says wasm32-unknown-emscripten interlink-cc -dumpmachine
[ -f "$(interlink-cc -print-file-name=libc.a)" ] || fail "-print-file-name does not find the C library"

# A library with a soname, and options that only ELF has.
interlink-cc -shared -fPIC plugin.c -o libplugin.so -Wl,-soname,libplugin.so.1 -Wl,--version-script=x \
  -Wl,-z -Wl,now,--build-id -Xlinker -rpath -Xlinker /nowhere -lc
grep -qa 'libplugin.so.1' libplugin.so || fail "no soname"
interlink-strip libplugin.so
grep -qa 'libplugin.so.1' libplugin.so || fail "interlink-strip took the soname"

# Programs: with named plugins, with unknown ones, from a response file.
interlink-cc main.o add.o --interlink-plugin=libplugin.so -ldl -lpthread -lm -o main
says 'twice 42 1.25' run main
for option in -rdynamic -Wl,--export-dynamic '-Xlinker -export-dynamic'; do # GNU ld takes all of them.
  interlink-cc $option main.o add.o -o whole
  says 'twice 42 1.25' run whole
done
echo "-O2 'main.c' \"add.c\" -Wl,-E" >words
interlink-cc @words -o from_file
says 'twice 42 1.25' run from_file

# Needed libraries are found beside the program, by their own names.
interlink-cc -shared add.c -o libadd.so -Wl,-soname,libadd.so.2
cp libadd.so libadd.so.2
interlink-cc main.o -L. -ladd --interlink-plugin=libplugin.so -o needs
rm libadd.so
says 'twice 42 1.25' run needs
"$interlink" ldd needs | grep 'libadd.so.2' >/dev/null || fail "the needed name is not the library's own"

# Checks of configure and CMake fail when they should.
echo 'int main(void) { extern int no_such_function(void); return no_such_function(); }' >lacks.c
fails_with 'undefined symbol: no_such_function' interlink-cc lacks.c
fails_with 'undefined symbol: main' interlink-cc add.c
fails_with "unknown argument: '-fno-such-option'" interlink-cc -fno-such-option -c add.c
fails_with 'no_such_library' interlink-cc main.o add.o -lno_such_library

# Archives, static programs, setjmp, C++ with exceptions in threads.
interlink-ar rcs libadd.a add.o && interlink-ranlib libadd.a && interlink-nm libadd.a | grep 'T add' >/dev/null || fail "no archive"
printf '#include <setjmp.h>\n#include <stdlib.h>\nstatic jmp_buf place;
int add(int, int);
int main(void) { if (setjmp(place) == 0) longjmp(place, 3); exit(add(3, 4)); }\n' >jumps.c
code=0
interlink-cc -static jumps.c -L. -ladd -o jumps && run jumps || code=$?
[ "$code" = 7 ] || fail "the static program ended with $code"
cat >throws.cc <<'CC'
#include <format>
#include <iostream>
#include <stdexcept>
#include <thread>
int main() {
  std::string said;
  std::thread([&] {
    try {
      throw std::runtime_error(std::format("{}{}", "for", 'd'));
    } catch (const std::exception &error) {
      said = error.what();
    }
  }).join();
  std::cout << said << std::endl;
}
CC
interlink-c++ -std=c++23 throws.cc -o throws
says ford run throws
printf '#include <stdexcept>\nint main() { throw std::out_of_range("far away"); }\n' >uncaught.cc
interlink-c++ uncaught.cc -o uncaught
fails_with 'uncaught exception of type std::out_of_range: far away' run uncaught

# libffi's interface: what libffi itself prints natively.
interlink-cc -O2 "$tests/ffi_test.c" -lffi -o ffi
says "$(cat "$tests/ffi_test.txt")" run ffi
echo "the compilers behave"

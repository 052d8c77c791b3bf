# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# XZ Utils, by their configure, and `make check` of theirs.
packages=(xz-utils=5.4.1-1+deb12u2)

build() {
  cd xz-5.4.1
  ./configure $HOST CC="$CC" AR="$AR" RANLIB="$RANLIB" STRIP="$STRIP" NM="$NM" CFLAGS=-O2 --disable-shared --disable-nls \
    --disable-doc --disable-scripts --disable-lzmadec --disable-lzmainfo --disable-assembler --disable-dependency-tracking
  make -j"$jobs"
  make -C tests -j"$jobs" check TESTS=
  as_commands src/xz/xz src/xzdec/xzdec tests/create_compress_files $(cd tests && printf 'tests/%s\n' test_*.c | sed 's/\.c$//')
}

# Each of their tests, and how it ends.
check() {
  cd xz-5.4.1
  make -C tests -j"$jobs" check | grep -E '^(PASS|FAIL|SKIP|XFAIL|XPASS|ERROR|# [A-Z]+): ' | LC_ALL=C sort
  seq 1 300000 | src/xz/xz -T2 --block-size=500KiB | src/xz/xz -dc -T2 | sha256sum
}

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The shell of SQLite, as its configure and make build it, with extensions that it opens by `.load`, and two of its own test
# programs. Needs tclsh.
packages=(sqlite3=3.40.1-2+deb12u2)
extensions=(csv eval fileio ieee754 regexp series sha1 uuid zorder decimal rot13 spellfix closure percentile)

build() {
  cd sqlite3-3.40.1
  ./configure $HOST --disable-shared --disable-tcl --disable-readline --enable-tempstore=yes CC="$CC" AR="$AR" RANLIB="$RANLIB" \
    CFLAGS="-O2 -DSQLITE_MAX_MMAP_SIZE=0" LDFLAGS="-rdynamic" BUILD_CC=cc
  make -j"$jobs" sqlite3.c sqlite3 sqlite3ext.h fuzzcheck
  local extension
  for extension in "${extensions[@]}"; do
    $CC -O2 -shared -fPIC -I. -Isrc "ext/misc/$extension.c" -o "$extension.so"
  done
}

# Fuzzed statements of its own collection; then each extension, and what the shell needs of the system.
check() {
  cd sqlite3-3.40.1
  run ./fuzzcheck --limit-mem 100M test/fuzzdata1.db test/fuzzdata2.db | grep -v 'seconds'
  local extension
  for extension in "${extensions[@]}"; do
    echo "$extension"
    run ./sqlite3 :memory: ".load ./$extension" "select count(*) > 100 from pragma_function_list"
  done
  rm -f check.db
  run ./sqlite3 check.db ".load ./series" "create table t(a integer primary key, b text)" \
    "insert into t select value, printf('%08.3f', value * 1.5) from generate_series(1, 20000)" \
    "create index i on t(b)" "select count(*), sum(a), max(b), avg(length(b)) from t where b between '01' and '2'" \
    "pragma integrity_check" "select sum(value) from generate_series(1, 1000000)" "vacuum" "select count(*) from t"
  run ./sqlite3 check.db ".load ./sha1" "select sha1(group_concat(b)) from t" ".schema" \
    "select json_extract('{\"a\":[1,2,{\"b\":3}]}', '$.a[2].b')" "select datetime(0, 'unixepoch'), strftime('%J', '2020-02-29')" \
    "with recursive f(x, y) as (select 1, 1 union all select x + 1, y * (x + 1) from f where x < 20) select max(y) from f"
}

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Lua with three C modules that it opens by `require`: LPeg, cjson, lfs. Their makefiles are upstream's, unmodified.
packages=(lua5.4=5.4.4-3+deb12u1 lua-lpeg=1.0.2-2 lua-cjson=2.1.0+dfsg-2.2 lua-filesystem=1.8.0-3)
environment=(LUA_PATH LUA_CPATH)

build() {
  local include=$PWD/lua-5.4.4/src
  # A seed of its own for each run would print the fields of a table in another order each time.
  make -C lua-5.4.4 -j"$jobs" linux MYCFLAGS="'-Dluai_makeseed(state)=0u'" CC="$CC -std=gnu99" AR="$AR rcu" RANLIB="$RANLIB"
  make -C lpeg-1.0.2 -j"$jobs" linux CC="$CC" LUADIR="$include"
  make -C lua-cjson-2.1.0+dfsg CC="$CC" LUA_INCLUDE_DIR="$include"
  make -C lua-filesystem-1.8.0 CC="$CC" LUA_INC="-I$include"
  cp lua-cjson-2.1.0+dfsg/cjson.so lua-cjson-2.1.0+dfsg/tests/
  cp -r lua-cjson-2.1.0+dfsg/lua/* lua-cjson-2.1.0+dfsg/tests/
}

# Each module's own tests. A NaN has no sign of its own on wasm.
check() {
  local lua=$PWD/lua-5.4.4/src/lua
  export LUA_PATH='./?.lua' LUA_CPATH='./?.so;./src/?.so'
  (cd lpeg-1.0.2 && run "$lua" test.lua)
  (cd lua-cjson-2.1.0+dfsg/tests && perl genutf8.pl 2>/dev/null && run "$lua" -e 'unpack = table.unpack' test.lua | sed 's/-nan/nan/')
  (cd lua-filesystem-1.8.0 && run "$lua" tests/test.lua)
}

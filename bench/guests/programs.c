// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Real programs as work: sqlite fills and queries a table in memory, lua computes. Both are opened at run time; each
// run checks its own result and returns 0 when that was right.
//
// All functions are looked up in one call of the host and used in later ones: without the check, only a call from the
// host fills the slots that a look-up gave.
#include <stdio.h>
#include <stdint.h>
#include <string.h>

#include "dlfcn.h"
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"
#include "sqlite3.h"

#define SQLITE(x) x(sqlite3_open) x(sqlite3_exec) x(sqlite3_close)
#define LUA(x) \
  x(luaL_newstate) x(luaL_openlibs) x(luaL_loadstring) x(lua_pushinteger) x(lua_setglobal) x(lua_pcallk) \
  x(lua_tolstring) x(lua_tointegerx) x(lua_close)
#define DECLARE(name) __typeof__(&name) name##_;
#define FIND(name) api.name##_ = (__typeof__(&name))dlsym(library, #name);

static struct {
  SQLITE(DECLARE)
  LUA(DECLARE)
} api;

int bench_open_programs(void) {
  void *library = dlopen("./libsqlite3.so", RTLD_NOW);
  if (library == 0) {
    return 1;
  }
  SQLITE(FIND)
  library = dlopen("./liblua.so", RTLD_NOW);
  if (library == 0) {
    return 2;
  }
  LUA(FIND)
  return 0;
}

static int note_number(void *result, int columns, char **values, char **names) {
  (void)columns;
  (void)names;
  return sscanf(values[0], "%d", (int *)result) != 1;
}

int bench_sqlite(int rows) {
  sqlite3 *database = 0;
  char statement[512];
  int groups = -1, failed = api.sqlite3_open_(":memory:", &database);
  snprintf(statement, sizeof statement,
           "create table t(n integer primary key, word text, weight real);"
           "with recursive c(n) as (select 1 union all select n + 1 from c where n < %d)"
           " insert into t select n, 'word ' || (n * 7919 %% 1000), n * 0.5 from c;"
           "create index by_word on t(word);",
           rows);
  failed |= api.sqlite3_exec_(database, statement, 0, 0, 0);
  failed |= api.sqlite3_exec_(
      database,
      "select count(*) from (select word, sum(weight) as w from t group by word having w > 0 order by w desc)",
      note_number, &groups, 0);
  failed |= api.sqlite3_close_(database);
  return failed != 0 || groups != (rows < 1000 ? rows : 1000);
}

static const char script[] =
    "local numbers, seed = {}, 12345\n"
    "for i = 1, count do seed = (seed * 1103515245 + 12345) % 2147483648; numbers[i] = seed end\n"
    "table.sort(numbers, function(a, b) return a < b end)\n"
    "for i = 2, count do assert(numbers[i - 1] <= numbers[i]) end\n"
    "local words = {}\n"
    "for i = 1, count do words[#words + 1] = string.format('%d:%x', i, numbers[i]) end\n"
    "local joined = table.concat(words, ','):gsub('%d+:', '')\n"
    "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
    "assert(fib(20) == 6765 and #joined > count)\n"
    "return count";

int bench_lua(int count) {
  lua_State *state = api.luaL_newstate_();
  api.luaL_openlibs_(state);
  api.lua_pushinteger_(state, count);
  api.lua_setglobal_(state, "count");
  int failed = api.luaL_loadstring_(state, script);
  if (failed == LUA_OK) {
    failed = api.lua_pcallk_(state, 0, 1, 0, 0, 0);
  }
  if (failed != LUA_OK) {
    printf("lua: %s\n", api.lua_tolstring_(state, -1, 0));
  }
  int wrong = failed != LUA_OK || api.lua_tointegerx_(state, -1, 0) != count;
  api.lua_close_(state);
  return wrong;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "work.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "checks.h"
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"
#include "sqlite3.h"
#include "zlib.h"

// The function of that name in the library, with the type its header declares.
#define SYMBOL(library, name) ((__typeof__(&name))symbol_in(library, #name))

double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void *open_library(const char *path) {
  void *library = dlopen(path, RTLD_NOW);
  if (library == 0) {
    printf("wrong: %s\n", dlerror());
    exit(1);
  }
  return library;
}

static void *symbol_in(void *library, const char *name) {
  void *address = dlsym(library, name);
  if (address == 0) {
    printf("wrong: %s\n", dlerror());
    exit(1);
  }
  return address;
}

void use_zlib(const struct file *file, struct report *report) {
  void *zlib = open_library("./libz.so");
  __typeof__(&compress2) compress_bytes = SYMBOL(zlib, compress2);
  __typeof__(&uncompress) uncompress_bytes = SYMBOL(zlib, uncompress);
  report->crc32 = (crc32_function *)SYMBOL(zlib, crc32);
  double began = milliseconds();
  uLongf compressed_size = SYMBOL(zlib, compressBound)(file->size), size = file->size;
  unsigned char *compressed = malloc(compressed_size), *back = malloc(file->size);
  if (compressed == 0 || back == 0) {
    checks_expect(0, "memory for the compressed file");
    return;
  }
  int error = compress_bytes(compressed, &compressed_size, file->bytes, file->size, 1);
  checks_expect(error == Z_OK && compressed_size < file->size, "zlib compresses the file");
  error = uncompress_bytes(back, &size, compressed, compressed_size);
  checks_expect(error == Z_OK && size == file->size && memcmp(back, file->bytes, size) == 0,
                "the file comes back as it was");
  checks_expect(report->crc32(0, back, (unsigned)size) == file->crc, "zlib's CRC-32 is the one of the definition");
  report->compressed_size = compressed_size;
  free(compressed);
  free(back);
  report->compress_ms = milliseconds() - began;
}

// The parts of lua that the callback below needs as well.
struct lua {
  __typeof__(&lua_tointegerx) to_integer;
  __typeof__(&lua_pushboolean) push_boolean;
};

static _Thread_local struct lua lua_here;
static _Thread_local int comparisons;

// lua calls this function of main for each comparison of its sort.
static int comes_before(lua_State *state) {
  comparisons += 1;
  lua_here.push_boolean(state, lua_here.to_integer(state, 1, 0) < lua_here.to_integer(state, 2, 0));
  return 1;
}

static const char script[] =
    "local numbers, seed, sum = {}, 12345, 0\n"
    "for i = 1, count do seed = (seed * 1103515245 + 12345) % 2147483648; numbers[i] = seed; sum = sum + seed end\n"
    "table.sort(numbers, comes_before)\n"
    "for i = 2, count do assert(numbers[i - 1] <= numbers[i]) end\n"
    "local failed, text = pcall(function() error('thrown on purpose', 0) end)\n"
    "assert(not failed and text == 'thrown on purpose')\n"
    "return sum";

static lua_Integer expected_sum(void) {
  lua_Integer seed = 12345, sum = 0;
  for (int i = 0; i < sorted_numbers; ++i) {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    sum += seed;
  }
  return sum;
}

void use_lua(struct report *report) {
  void *lua = open_library("./liblua.so");
  lua_here.to_integer = SYMBOL(lua, lua_tointegerx);
  lua_here.push_boolean = SYMBOL(lua, lua_pushboolean);
  __typeof__(&lua_setglobal) set_global = SYMBOL(lua, lua_setglobal);
  double began = milliseconds();
  lua_State *state = SYMBOL(lua, luaL_newstate)();
  SYMBOL(lua, luaL_openlibs)(state);
  SYMBOL(lua, lua_pushcclosure)(state, comes_before, 0);
  set_global(state, "comes_before");
  SYMBOL(lua, lua_pushinteger)(state, sorted_numbers);
  set_global(state, "count");
  comparisons = 0;
  int error = SYMBOL(lua, luaL_loadstring)(state, script);
  if (error == LUA_OK) {
    error = SYMBOL(lua, lua_pcallk)(state, 0, 1, 0, 0, 0);
  }
  if (error != LUA_OK) {
    printf("lua: %s\n", SYMBOL(lua, lua_tolstring)(state, -1, 0));
  }
  checks_expect(error == LUA_OK, "the lua script runs to its end");
  checks_expect(lua_here.to_integer(state, -1, 0) == expected_sum(), "lua's sum is right");
  checks_expect(comparisons > sorted_numbers, "lua's sort called back into main");
  SYMBOL(lua, lua_close)(state);
  report->lua_ms = milliseconds() - began;
}

static int note_result(void *result, int columns, char **values, char **names) {
  (void)names;
  if (columns == 2 && values[0] != 0 && values[1] != 0) {
    snprintf(result, 64, "%s %s", values[0], values[1]);
  }
  return 0;
}

void use_sqlite(struct report *report) {
  void *sqlite = open_library("./libsqlite3.so");
  __typeof__(&sqlite3_exec) run = SYMBOL(sqlite, sqlite3_exec);
  double began = milliseconds();
  sqlite3 *database = 0;
  checks_expect(SYMBOL(sqlite, sqlite3_open)(":memory:", &database) == SQLITE_OK, "sqlite opens a database");
  char statement[256], result[64] = "";
  snprintf(statement, sizeof statement,
           "create table t(n integer primary key, parity text);"
           "with recursive c(n) as (select 1 union all select n + 1 from c where n < %d)"
           " insert into t select n, case n %% 2 when 0 then 'even' else 'odd' end from c;",
           table_rows);
  checks_expect(run(database, statement, 0, 0, 0) == SQLITE_OK, "sqlite fills a table");
  int error = run(database, "select count(*), sum(n) from t where parity = 'even'", note_result, result, 0);
  char expected[64];
  snprintf(expected, sizeof expected, "%d %d", table_rows / 2, table_rows / 2 * (table_rows / 2 + 1));
  checks_expect(error == SQLITE_OK && strcmp(result, expected) == 0, "sqlite counts and sums the even rows");
  SYMBOL(sqlite, sqlite3_close)(database);
  report->sqlite_ms = milliseconds() - began;
}

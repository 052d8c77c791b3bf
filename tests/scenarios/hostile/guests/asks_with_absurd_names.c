// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names of any length and any bytes, for libraries, symbols, search paths, files and directories; buffers for errors of any
// length. Every call answers an error, within its buffer.
#include <stdbool.h>
#include <stdint.h>

#include "guest.h"

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))
#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(name)))

WASIX("dlopen")
int wasix_dlopen(const char *path, size_t path_size, uint32_t flags, char *error, size_t error_size,
                 const char *library_path, size_t library_path_size, uint32_t *handle);
WASIX("dlsym")
int wasix_dlsym(uint32_t handle, const char *symbol, size_t symbol_size, char *error, size_t error_size,
                uintptr_t *address);
WASIX("chdir") int wasix_chdir(const char *path, uint32_t size);
WASIX("callback_signal") void callback_signal(const char *name, uint32_t size);
WASI("path_open")
int path_open(int fd, int lookup, const char *path, size_t size, int flags, uint64_t rights, uint64_t inherited,
              int fd_flags, int *opened);

enum { room = 2000000, error_room = 300 };

static char *text;
static char error[error_room + 1];

static bool is_utf8(const char *at) {
  while (*at != 0) {
    unsigned char first = (unsigned char)*at++;
    int more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first >= 0x80 && first < 0xc2) {
      return false;
    }
    for (; more > 0; --more) {
      if (((unsigned char)*at++ & 0xc0) != 0x80) {
        return false;
      }
    }
  }
  return true;
}

// The text ends in the buffer, is UTF-8, and nothing was written behind it.
static void check_error(size_t size, bool has_text) {
  REQUIRE(error[size] == '#');
  if (size > 0) {
    REQUIRE(memchr(error, 0, size) != 0 || !has_text);
    REQUIRE(!has_text || is_utf8(error));
  }
}

static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 30, 31, 32, 33, 34, 35, 36, error_room};

static void open_named(size_t size, const char *search, size_t search_size) {
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    uint32_t handle = 77;
    memset(error, '#', sizeof error);
    REQUIRE(wasix_dlopen(text, size, RTLD_NOW, error, sizes[i], search, search_size, &handle) != 0);
    REQUIRE(handle == 77);
    check_error(sizes[i], error[0] != '#');
  }
}

static void find_named(size_t size) {
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    uintptr_t address = 77;
    memset(error, '#', sizeof error);
    REQUIRE(wasix_dlsym(1, text, size, error, sizes[i], &address) != 0);
    REQUIRE(address == 77);
    check_error(sizes[i], error[0] != '#');
  }
}

static void ask_for_files(size_t size) {
  enum { longest = 255 }; // of a name that the host can have: such a file may well be made
  // However often one goes up, one stays in the root.
  REQUIRE(wasix_chdir(text, (uint32_t)size) != 0 || (memcmp(text, "0./", 3) == 0 && wasix_chdir("/", 1) == 0));
  for (int flags = 0; flags < 16; ++flags) {
    int opened = -1;
    REQUIRE(path_open(3, 1, text, size, flags, ~0ULL, ~0ULL, 0, &opened) != 0 ? opened == -1 : size <= longest);
  }
  callback_signal(text, (uint32_t)size);
}

static void ask_all(size_t size) {
  open_named(size, 0, 0);
  find_named(size);
  ask_for_files(size);
}

int main(void) {
  static const size_t lengths[] = {255,   256,    257,    4095,   4096,    4097,        65535,      65536,
                                   99999, 100000, 100001, 999999, 1000000, 0x7fffffffU, 0x80000000U, 0xffffffffU};
  text = malloc(room);
  REQUIRE(text != 0);
  // A character of two bytes starts at every odd place.
  for (int kind = 0; kind < 5; ++kind) {
    for (int i = 0; i < room; ++i) {
      static const char *const fill[] = {"x", "\xc3\xa4", "../", "\xff", "a:/"};
      text[i] = fill[kind][(size_t)i % strlen(fill[kind])];
    }
    text[0] = '0'; // no absolute path, no character cut in front
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
      ask_all(lengths[i]);
    }
    // Searched for in ever more directories.
    static const char bare[] = "libnowhere.so";
    char *search = text;
    text = (char *)bare;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
      open_named(sizeof bare - 1, search, lengths[i]);
    }
    text = search;
  }
  // Names that end early for who takes them for C strings.
  memcpy(text, "./libplain.so\0.so", 17);
  ask_all(17);
  memcpy(text, "main\0", 5);
  find_named(5);
  // Not UTF-8: cut, stray, overlong, surrogate, beyond Unicode.
  static const char *const bad[] = {"lib\xc3", "\x80lib", "\xc0\xaf" "etc", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xfe\xff"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    strcpy(text, bad[i]);
    ask_all(strlen(bad[i]));
  }
  find_named(0);
  // Nothing of this was found; a library still is.
  strcpy(text, "./libplain.so");
  uint32_t handle = 0;
  REQUIRE(wasix_dlopen(text, 13, RTLD_NOW, error, sizeof error, 0, 0, &handle) == 0);
  uintptr_t address = 0;
  REQUIRE(wasix_dlsym(handle, "plain_add", 9, error, sizeof error, &address) == 0 && ((binary *)address)(40, 2) == 42);
  printf("ok absurd names\n");
  return 0;
}

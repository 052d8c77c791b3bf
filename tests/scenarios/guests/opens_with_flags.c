// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the flags of dlopen, the handle of the program and dlerror mean: argv[1] says which.
#include "parts.h"

int flag_of_main(void) { return 100; }

static const char *const first_path = "./libflag_first.so", *const second_path = "./libflag_second.so",
                        *const user_path = "./libflag_user.so";

static void *open_with(const char *path, int flags) {
  void *library = dlopen(path, flags);
  if (library == 0) {
    printf("failed: dlopen %s: %s\n", path == 0 ? "NULL" : path, dlerror());
    exit(1);
  }
  return library;
}

static int call(void *library, const char *name) { return ((nullary *)find(library, name))(); }

// The text of the last failure begins with the prefix and has the word in it; it is given once.
static int said(const char *prefix, const char *word) {
  const char *text = dlerror();
  REQUIRE(text != 0);
  printf("%s\n", text);
  return strncmp(text, prefix, strlen(prefix)) == 0 && strstr(text, word) != 0 && dlerror() == 0;
}

static int fails_to_open(const char *path, int flags, const char *word) {
  return dlopen(path, flags) == 0 && said("failed to load module: ", word);
}

static int fails_to_find(void *library, const char *name, const char *word) {
  return dlsym(library, name) == 0 && said("failed to resolve symbol: ", word);
}

static void local(void) {
  void *first = open_with(first_path, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(call(first, "flag_first") == 1);
  REQUIRE(fails_to_find(RTLD_DEFAULT, "flag_first", "flag_first"));
  REQUIRE(fails_to_find(open_with(0, RTLD_NOW), "flag_first", "flag_first"));
  REQUIRE(fails_to_open(user_path, RTLD_NOW, "flag_first"));
}

static void global(void) {
  void *first = open_with(first_path, RTLD_NOW | RTLD_GLOBAL);
  REQUIRE(find(RTLD_DEFAULT, "flag_first") == find(first, "flag_first"));
  REQUIRE(find(open_with(0, RTLD_NOW), "flag_first") == find(first, "flag_first"));
  REQUIRE(call(open_with(user_path, RTLD_NOW), "flag_user_first") == 1);
}

static void promoted(void) {
  void *first = open_with(first_path, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(open_with(first_path, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL) == first);
  REQUIRE(find(RTLD_DEFAULT, "flag_first") == find(first, "flag_first"));
  REQUIRE(open_with(first_path, RTLD_NOW | RTLD_LOCAL) == first);  // Does not take it back.
  REQUIRE(call(open_with(user_path, RTLD_NOW), "flag_user_first") == 1);
}

static void ordered(void) {
  void *first = open_with(first_path, RTLD_NOW | RTLD_GLOBAL), *second = open_with(second_path, RTLD_NOW | RTLD_GLOBAL);
  REQUIRE(find(RTLD_DEFAULT, "flag_shared") == find(first, "flag_shared") && call(second, "flag_shared") == 2);
  REQUIRE(call(open_with(user_path, RTLD_NOW), "flag_user_shared") == 1);
  REQUIRE(find(RTLD_DEFAULT, "flag_of_main") == (void *)flag_of_main && call(first, "flag_of_main") == 1);
}

static void no_load(void) {
  REQUIRE(fails_to_open(first_path, RTLD_NOW | RTLD_NOLOAD, "RTLD_NOLOAD"));
  void *first = open_with(first_path, RTLD_NOW);
  REQUIRE(open_with(first_path, RTLD_LAZY | RTLD_NOLOAD) == first);
  REQUIRE(fails_to_open("./libflag_nowhere.so", RTLD_NOW | RTLD_NOLOAD, "libflag_nowhere.so"));
}

static void no_delete(void) {
  void *first = open_with(first_path, RTLD_NOW | RTLD_NODELETE);
  nullary *function = (nullary *)find(first, "flag_first");
  REQUIRE(dlclose(first) == 0);
  REQUIRE(function() == 1);
  REQUIRE(open_with(first_path, RTLD_NOW | RTLD_NOLOAD) == first);
  REQUIRE((nullary *)find(first, "flag_first") == function);
}

static void lazy(void) {
  REQUIRE(fails_to_open(user_path, RTLD_NOW, "flag_first"));
  void *user = open_with(user_path, RTLD_LAZY);
  void *first = open_with(first_path, RTLD_NOW | RTLD_GLOBAL);
  REQUIRE(call(user, "flag_user_first") == 1 && call(first, "flag_first") == 1);
}

static void lazy_and_local(void) {
  void *user = open_with(user_path, RTLD_LAZY);
  open_with(first_path, RTLD_NOW | RTLD_LOCAL);
  call(user, "flag_user_first");  // Traps.
}

static void program(void) {
  void *self = open_with(0, RTLD_NOW);
  REQUIRE(self != 0 && open_with(0, RTLD_LAZY | RTLD_GLOBAL) == self);
  REQUIRE(find(self, "flag_of_main") == (void *)flag_of_main);
  REQUIRE(fails_to_find(self, "flag_nowhere", "flag_nowhere"));
  REQUIRE(dlclose(self) == 0 && call(self, "flag_of_main") == 100);
}

static void modes(void) {
  REQUIRE(dlopen(first_path, 0) == 0 && said("dlopen: ", "neither RTLD_LAZY nor RTLD_NOW"));
  REQUIRE(dlopen(first_path, RTLD_GLOBAL) == 0 && said("dlopen: ", "neither RTLD_LAZY nor RTLD_NOW"));
  REQUIRE(fails_to_open(first_path, RTLD_NOW | 0x1000, "unknown bits 0x1000 in the mode 0x1002"));
  REQUIRE(fails_to_open(0, 0x102, "unknown bits 0x100 in the mode 0x102"));
  REQUIRE(fails_to_open(0, -1, "unknown bits 0xffffff80"));
  REQUIRE(fails_to_open("./libflag_nowhere.so", RTLD_NOW | 0x1000, "unknown bits"));
  open_with(first_path, RTLD_LAZY);
}

static void *fail_elsewhere(void *unused) {
  (void)unused;
  REQUIRE(fails_to_find(RTLD_DEFAULT, "flag_nowhere", "flag_nowhere"));
  return 0;
}

static void errors(void) {
  REQUIRE(dlerror() == 0);
  REQUIRE(fails_to_open("./libflag_nowhere.so", RTLD_NOW, "libflag_nowhere.so"));
  REQUIRE(fails_to_find((void *)999, "flag_first", "999"));
  REQUIRE(dlclose((void *)999) != 0 && said("dlclose: ", "handle"));
  // Each thread has its own.
  REQUIRE(dlsym(RTLD_DEFAULT, "flag_absent") == 0);
  pthread_join(start(fail_elsewhere, 0), 0);
  REQUIRE(said("failed to resolve symbol: ", "flag_absent"));
  // A success leaves nothing of the failure before.
  REQUIRE(dlopen("./libflag_nowhere.so", RTLD_NOW) == 0);
  open_with(first_path, RTLD_NOW);
  REQUIRE(dlerror() == 0);
}

int main(int argc, char **argv) {
  static const struct part parts[] = {{"local", local}, {"global", global}, {"promoted", promoted}, {"ordered", ordered},
                                      {"no_load", no_load}, {"no_delete", no_delete}, {"lazy", lazy}, {"lazy_and_local", lazy_and_local},
                                      {"program", program}, {"errors", errors}, {"modes", modes}};
  return RUN_PART(parts);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// dladdr, dlinfo, dl_iterate_phdr and the rest of <dlfcn.h> and <link.h>.
#include "guest.h"

#include <limits.h>
#include <link.h>

int asks_common(void) { return 1; }

static int ends_with(const char *text, const char *end) {
  size_t size = strlen(text), tail = strlen(end);
  return size >= tail && strcmp(text + size - tail, end) == 0;
}

struct seen {
  int modules;
  const char *program;
  int has_library, segments;
  void *datum;
};

static int see(struct dl_phdr_info *info, size_t size, void *argument) {
  struct seen *seen = argument;
  REQUIRE(size >= sizeof(struct dl_phdr_info));
  if (seen->modules++ == 0) {
    REQUIRE(info->dlpi_name[0] == 0);
  }
  if (ends_with(info->dlpi_name, "/libasks.so")) {
    seen->has_library = 1;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
      seen->segments += (uintptr_t)seen->datum >= begin && (uintptr_t)seen->datum < begin + info->dlpi_phdr[i].p_memsz;
    }
  }
  return 0;
}

int main(void) {
  Dl_info info;
  void *library = open_now("./libasks.so");
  int *own = find(library, "asks_own");
  // A function by its address in whoever has it, a datum by the nearest name below, main's own.
  REQUIRE(dladdr(find(library, "asks_layer"), &info) != 0);
  REQUIRE(ends_with(info.dli_fname, "/libasks.so") && strcmp(info.dli_sname, "asks_layer") == 0);
  REQUIRE(info.dli_saddr == find(library, "asks_layer"));
  REQUIRE(dladdr((char *)own + 1, &info) != 0 && strcmp(info.dli_sname, "asks_own") == 0 && info.dli_saddr == own);
  REQUIRE((char *)info.dli_fbase <= (char *)own);
  REQUIRE(dladdr(find(dlopen(0, RTLD_NOW), "asks_common"), &info) != 0 && strcmp(info.dli_sname, "asks_common") == 0);
  REQUIRE(ends_with(info.dli_fname, "describes_addresses.wasm"));
  int on_stack = 0;
  REQUIRE(dladdr(&on_stack, &info) == 0 && dladdr((void *)0x7fffffff, &info) == 0);
  // The modules.
  struct seen seen = {.datum = own};
  REQUIRE(dl_iterate_phdr(see, &seen) == 0);
  REQUIRE(seen.modules == 3 && seen.has_library && seen.segments == 1);
  struct link_map *map = 0;
  char origin[PATH_MAX];
  REQUIRE(dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && ends_with(map->l_name, "/libasks.so"));
  int maps = 0;
  for (struct link_map *at = map; at != 0; at = at->l_prev) {
    ++maps;
  }
  for (struct link_map *at = map->l_next; at != 0; at = at->l_next) {
    ++maps;
  }
  REQUIRE(maps == 3);
  REQUIRE(dlinfo(library, RTLD_DI_ORIGIN, origin) == 0 && strncmp(origin, map->l_name, strlen(origin)) == 0);
  REQUIRE(dlinfo(library, 99, &map) != 0 && strstr(dlerror(), "dlinfo") != 0);
  REQUIRE(dlinfo((void *)999, RTLD_DI_LINKMAP, &map) != 0 && dlerror() != 0);
  REQUIRE(dlvsym(library, "asks_layer", "VERSION_1") == find(library, "asks_layer"));
  REQUIRE(dlmopen(LM_ID_NEWLM, "./libasks.so", RTLD_NOW) == 0 && strstr(dlerror(), "namespace") != 0);
  REQUIRE(dlmopen(LM_ID_BASE, "./libasks.so", RTLD_NOW) == library && dlclose(library) == 0);
  // After the close nothing is known of it.
  REQUIRE(dlclose(library) == 0);
  REQUIRE(dladdr(own, &info) == 0);
  seen = (struct seen){0};
  REQUIRE(dl_iterate_phdr(see, &seen) == 0 && seen.modules == 1);
  printf("ok described\n");
  return 0;
}

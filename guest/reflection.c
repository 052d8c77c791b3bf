// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What modules there are, and what lies at an address: dladdr, dlinfo, dl_iterate_phdr. The host tells; the strings and the
// list that it is told into live until the next call that finds their library closed.
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HOST(name) __attribute__((import_module("interlink_host"), import_name(name)))

struct module {
  uint32_t handle, memory_base, memory_size, table_base, table_size;
};

struct place {
  uint32_t handle, symbol_address;
};

// The module with the lowest handle above this one. 0, or an errno when there is none.
HOST("next_module") int interlink_next_module(uint32_t handle, struct module *module, char *path, size_t path_size);

// What lies at an address. The name is empty when no symbol is near. 0, or an errno.
HOST("find_address") int interlink_find_address(uint32_t address, struct place *place, char *name, size_t name_size);

int interlink_dl_refuse(const char *text);

// Symbol names that were told, by library.
struct name {
  struct name *next;
  char text[];
};

struct entry {
  struct link_map map;  // First: its users have a pointer to this alone.
  struct module module;
  struct name *names;
  char path[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct link_map *first;
static unsigned long long added, removed;

static void drop(struct entry *gone) {
  while (gone->names != 0) {
    struct name *name = gone->names;
    gone->names = name->next;
    free(name);
  }
  free(gone);
  ++removed;
}

static void link_after(struct link_map *before, struct link_map *map) {
  map->l_prev = before;
  map->l_next = before == 0 ? first : before->l_next;
  *(before == 0 ? &first : &before->l_next) = map;
  if (map->l_next != 0) {
    map->l_next->l_prev = map;
  }
}

static void unlink_map(struct link_map *map) {
  *(map->l_prev == 0 ? &first : &map->l_prev->l_next) = map->l_next;
  if (map->l_next != 0) {
    map->l_next->l_prev = map->l_prev;
  }
}

// Brings the list up to date; both are in the order of handles. 0 without memory.
static int refresh(void) {
  struct link_map *before = 0;
  uint32_t handle = 0;
  char path[PATH_MAX];
  struct module module;
  int is_there;
  do {
    is_there = interlink_next_module(handle, &module, path, sizeof path) == 0;
    struct link_map *at = before == 0 ? first : before->l_next;
    while (at != 0 && (!is_there || ((struct entry *)at)->module.handle < module.handle)) {
      struct link_map *next = at->l_next;
      unlink_map(at);
      drop((struct entry *)at);
      at = next;
    }
    if (is_there && (at == 0 || ((struct entry *)at)->module.handle != module.handle)) {
      size_t size = strlen(path) + 1;
      struct entry *made = calloc(1, sizeof *made + size);
      if (made == 0) {
        return 0;
      }
      made->module = module;
      memcpy(made->path, path, size);
      made->map.l_addr = module.memory_base;
      made->map.l_name = made->path;
      link_after(before, &made->map);
      at = &made->map;
      ++added;
    }
    before = at;
    handle = is_there ? module.handle : 0;
  } while (is_there);
  return 1;
}

static struct entry *find(uint32_t handle) {
  struct link_map *at = first;
  while (at != 0 && ((struct entry *)at)->module.handle != handle) {
    at = at->l_next;
  }
  return (struct entry *)at;
}

static const char *keep_name(struct entry *of, const char *text) {
  for (struct name *name = of->names; name != 0; name = name->next) {
    if (strcmp(name->text, text) == 0) {
      return name->text;
    }
  }
  size_t size = strlen(text) + 1;
  struct name *made = malloc(sizeof *made + size);
  if (made == 0) {
    return 0;
  }
  memcpy(made->text, text, size);
  made->next = of->names;
  of->names = made;
  return made->text;
}

int dladdr(const void *address, Dl_info *info) {
  struct place place;
  char name[1024];
  pthread_mutex_lock(&lock);
  struct entry *of = 0;
  if (interlink_find_address((uint32_t)(uintptr_t)address, &place, name, sizeof name) == 0 && refresh()) {
    of = find(place.handle);
  }
  if (of != 0) {
    info->dli_fname = of->path;
    info->dli_fbase = (void *)(uintptr_t)of->module.memory_base;
    info->dli_sname = name[0] == 0 ? 0 : keep_name(of, name);
    info->dli_saddr = info->dli_sname == 0 ? 0 : (void *)(uintptr_t)place.symbol_address;
  }
  pthread_mutex_unlock(&lock);
  return of != 0;
}

int dlinfo(void *handle, int request, void *result) {
  if (request != RTLD_DI_LINKMAP && request != RTLD_DI_ORIGIN) {
    return interlink_dl_refuse("dlinfo: no such request; there are RTLD_DI_LINKMAP and RTLD_DI_ORIGIN");
  }
  pthread_mutex_lock(&lock);
  struct entry *of = refresh() ? find((uint32_t)(uintptr_t)handle) : 0;
  if (of != 0 && request == RTLD_DI_LINKMAP) {
    *(struct link_map **)result = &of->map;
  } else if (of != 0) {
    const char *slash = strrchr(of->path, '/');
    size_t size = slash == 0 ? 0 : slash == of->path ? 1 : (size_t)(slash - of->path);
    memcpy(result, slash == 0 ? "." : of->path, slash == 0 ? 1 : size);
    ((char *)result)[slash == 0 ? 1 : size] = 0;
  }
  pthread_mutex_unlock(&lock);
  return of != 0 ? 0 : interlink_dl_refuse("dlinfo: not a handle of a loaded library");
}

// Each module's data as one loaded segment; the program's name is empty, as on ELF. The list is as it was when the call began:
// the callback may open and close.
int dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data) {
  pthread_mutex_lock(&lock);
  size_t count = 0;
  struct told {
    struct dl_phdr_info info;
    ElfW(Phdr) segment;
    char path[PATH_MAX];
  } *told = 0;
  if (refresh()) {
    for (struct link_map *at = first; at != 0; at = at->l_next) {
      ++count;
    }
    told = calloc(count, sizeof *told);
  }
  if (told != 0) {
    struct told *to = told;
    for (struct link_map *at = first; at != 0; at = at->l_next, ++to) {
      to->segment.p_type = PT_LOAD;
      to->segment.p_flags = PF_R | PF_W;
      to->segment.p_memsz = ((struct entry *)at)->module.memory_size;
      strncpy(to->path, at == first ? "" : at->l_name, sizeof to->path - 1);
      to->info.dlpi_addr = at->l_addr;
      to->info.dlpi_name = to->path;
      to->info.dlpi_phdr = &to->segment;
      to->info.dlpi_phnum = 1;
      to->info.dlpi_adds = added;
      to->info.dlpi_subs = removed;
    }
  }
  pthread_mutex_unlock(&lock);
  int answer = 0;
  for (size_t i = 0; told != 0 && i < count && answer == 0; ++i) {
    answer = callback(&told[i].info, sizeof told[i].info, data);
  }
  free(told);
  return answer;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

__attribute__((import_module("wasix_32v1"), import_name("chdir"))) int interlink_host_chdir(const char *, size_t);
__attribute__((import_module("wasix_32v1"), import_name("getcwd"))) int interlink_host_getcwd(char *, size_t *);

struct preopen {
  __wasi_fd_t directory;
  size_t name_size;
  char *name;  // Without "/" or "./" in front: "/" and "." are both the empty name.
};

static struct preopen *preopens;
static size_t preopen_count;
static pthread_once_t preopens_read = PTHREAD_ONCE_INIT;

// The current directory, with the same spelling as the names above.
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static char current[path_max];

static const char *without_root(const char *path) {
  for (;;) {
    if (*path == '/') {
      path += 1;
    } else if (path[0] == '.' && (path[1] == '/' || path[1] == 0)) {
      path += 1;
    } else {
      return path;
    }
  }
}

// Where the host says that the program starts.
static void read_current(void) {
  char first[path_max];
  size_t size = sizeof first - 1;
  if (interlink_host_getcwd(first, &size) == 0 && size < sizeof first) {
    first[size] = 0;
    strcpy(current, without_root(first));
  }
}

// Preopened directories are the descriptors from 3 on, without a gap.
static void read_preopens(void) {
  read_current();
  for (__wasi_fd_t directory = 3;; ++directory) {
    __wasi_prestat_t stat;
    if (__wasi_fd_prestat_get(directory, &stat) != 0) {
      return;
    }
    size_t size = stat.u.dir.pr_name_len;
    char *name = calloc(size + 1, 1);
    struct preopen *grown = realloc(preopens, (preopen_count + 1) * sizeof *preopens);
    if (name == 0 || grown == 0 || __wasi_fd_prestat_dir_name(directory, (uint8_t *)name, size) != 0) {
      return;
    }
    const char *kept = without_root(name);
    memmove(name, kept, strlen(kept) + 1);
    for (size = strlen(name); size != 0 && name[size - 1] == '/'; --size) {
      name[size - 1] = 0;
    }
    preopens = grown;
    preopens[preopen_count++] = (struct preopen){.directory = directory, .name_size = size, .name = name};
  }
}

static bool starts_with(const char *path, const struct preopen *preopen) {
  if (preopen->name_size == 0) {
    return true;
  }
  return strncmp(path, preopen->name, preopen->name_size) == 0 &&
         (path[preopen->name_size] == '/' || path[preopen->name_size] == 0);
}

static long join(char *out, const char *first, const char *second) {
  size_t first_size = strlen(first), second_size = strlen(second);
  if (first_size + second_size + 2 > path_max) {
    return -ENAMETOOLONG;
  }
  memcpy(out, first, first_size);
  if (first_size != 0 && second_size != 0) {
    out[first_size++] = '/';
  }
  memcpy(out + first_size, second, second_size + 1);
  return 0;
}

int interlink_is_preopen(int fd) {
  pthread_once(&preopens_read, read_preopens);
  for (size_t i = 0; i < preopen_count; ++i) {
    if (preopens[i].directory == (__wasi_fd_t)fd) {
      return 1;
    }
  }
  return 0;
}

static long from_current(const char *path, char *out) {
  pthread_once(&preopens_read, read_preopens);
  char directory[path_max] = "";
  if (path[0] != '/') {
    pthread_mutex_lock(&current_lock);
    strcpy(directory, current);
    pthread_mutex_unlock(&current_lock);
  }
  return join(out, directory, without_root(path));
}

static long set(struct location *found, __wasi_fd_t directory, const char *path) {
  found->directory = directory;
  found->size = strlen(path);
  return join(found->path, "", path);
}

// Takes "." and ".." out by their spelling, as `chdir` in a shell does.
static void normalise(char *path) {
  char *parts[path_max / 2];
  size_t count = 0;
  char *rest = 0;
  for (char *part = strtok_r(path, "/", &rest); part != 0; part = strtok_r(0, "/", &rest)) {
    if (strcmp(part, "..") == 0) {
      count -= count != 0;
    } else if (strcmp(part, ".") != 0) {
      parts[count++] = part;
    }
  }
  char *out = path;
  for (size_t i = 0; i < count; ++i) {
    size_t size = strlen(parts[i]);
    if (i != 0) {
      *out++ = '/';
    }
    memmove(out, parts[i], size);
    out += size;
  }
  *out = 0;
}

// The preopened directory with the longest name that the path begins with, or null.
static const struct preopen *find_preopen(const char *whole) {
  const struct preopen *best = 0;
  for (size_t i = 0; i < preopen_count; ++i) {
    if (starts_with(whole, &preopens[i]) && (best == 0 || preopens[i].name_size > best->name_size)) {
      best = &preopens[i];
    }
  }
  return best;
}

// Whether the path goes above the directory that it is taken from, by its spelling.
static bool goes_above(const char *path) {
  long depth = 0;
  while (*path != 0 && depth >= 0) {
    size_t size = strcspn(path, "/");
    depth += size == 2 && path[0] == '.' && path[1] == '.' ? -1 : size != 0 && !(size == 1 && path[0] == '.');
    path += size + (path[size] == '/');
  }
  return depth < 0;
}

long interlink_locate(long directory, const char *path, struct location *found) {
  if (path == 0) {
    return -EFAULT;
  }
  if (*path == 0) {
    return -ENOENT;
  }
  if (directory != AT_FDCWD && path[0] != '/') {
    return set(found, (__wasi_fd_t)directory, path);
  }
  pthread_once(&preopens_read, read_preopens);
  char whole[path_max];
  long error = from_current(path, whole);
  if (error != 0) {
    return error;
  }
  const struct preopen *best = find_preopen(whole);
  // The root's parent is the root, and that of another preopened directory lies in another one.
  if (best == 0 || goes_above(whole + best->name_size)) {
    normalise(whole);
    best = find_preopen(whole);
  }
  if (best == 0) {
    return -ENOENT;
  }
  const char *rest = without_root(whole + best->name_size);
  return set(found, best->directory, *rest == 0 ? "." : rest);
}

long __syscall_chdir(long path) {
  struct location place;
  long error = interlink_locate(AT_FDCWD, (const char *)path, &place);
  if (error != 0) {
    return error;
  }
  __wasi_filestat_t stat;
  error = __wasi_path_filestat_get(place.directory, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, place.path, place.size, &stat);
  if (error != 0) {
    return -error;
  }
  if (stat.filetype != __WASI_FILETYPE_DIRECTORY) {
    return -ENOTDIR;
  }
  char whole[path_max];
  error = from_current((const char *)path, whole);
  if (error != 0) {
    return error;
  }
  normalise(whole);
  pthread_mutex_lock(&current_lock);
  strcpy(current, whole);
  pthread_mutex_unlock(&current_lock);
  // The host finds relative library names from its own idea of the current directory. A host that has none says so; fine.
  char absolute[path_max + 1] = "/";
  strcpy(absolute + 1, whole);
  interlink_host_chdir(absolute, strlen(absolute));
  return 0;
}

long __syscall_getcwd(long buffer, long size) {
  pthread_once(&preopens_read, read_preopens);
  char *out = (char *)buffer;
  pthread_mutex_lock(&current_lock);
  size_t length = strlen(current) + 2;
  bool fits = length <= (size_t)size;
  if (fits) {
    out[0] = '/';
    strcpy(out + 1, current);
  }
  pthread_mutex_unlock(&current_lock);
  return fits ? (long)length : -ERANGE;
}

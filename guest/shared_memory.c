// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared memory objects: files of which threads of one program map the same memory.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { path_max = sizeof "/dev/shm/" + NAME_MAX };

// Where shm_open finds its objects: the guest has a folder for them, or one for what is temporary.
static char *path_of(const char *name, char *out) {
  static const char usual[] = "/dev/shm", other[] = "/tmp";
  const char *folder = access(usual, F_OK) == 0 ? usual : other;
  name += strspn(name, "/");
  size_t length = strnlen(name, NAME_MAX + 1);
  if (length == 0 || memchr(name, '/', length) != 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
    errno = EINVAL;
    return 0;
  }
  if (length > NAME_MAX) {
    errno = ENAMETOOLONG;
    return 0;
  }
  stpcpy(stpcpy(stpcpy(out, folder), "/"), name);
  return out;
}

int shm_open(const char *name, int flags, mode_t mode) {
  char path[path_max];
  return path_of(name, path) == 0 ? -1 : open(path, flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

int shm_unlink(const char *name) {
  char path[path_max];
  return path_of(name, path) == 0 ? -1 : unlink(path);
}

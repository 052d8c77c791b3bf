// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Directories: reading them, and the calls that change what they hold. The library reads directories by a call that keeps the
// place in the kernel; WASI hands the place out as a cookie, so streams are ours.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "paths.h"

enum { buffer_size = 4096 };

struct __dirstream {
  int fd;
  __wasi_dircookie_t cookie;
  size_t begin, end;  // What of the buffer is still to be given out.
  int at_end;
  __wasi_dircookie_t *told;  // Places that were asked for: a long has no room for one, but for its number here.
  size_t told_count;
  struct dirent entry;
  char buffer[buffer_size];
};

DIR *fdopendir(int fd) {
  struct stat stat;
  if (fstat(fd, &stat) != 0) {
    return 0;
  }
  if (!S_ISDIR(stat.st_mode)) {
    errno = ENOTDIR;
    return 0;
  }
  DIR *stream = calloc(1, sizeof *stream);
  if (stream != 0) {
    stream->fd = fd;
  }
  return stream;
}

DIR *opendir(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) {
    return 0;
  }
  DIR *stream = fdopendir(fd);
  if (stream == 0) {
    close(fd);
  }
  return stream;
}

int closedir(DIR *stream) {
  int result = close(stream->fd);
  free(stream->told);
  free(stream);
  return result;
}

int dirfd(DIR *stream) { return stream->fd; }

static void go_to(DIR *stream, __wasi_dircookie_t cookie) {
  stream->cookie = cookie;
  stream->begin = stream->end = 0;
  stream->at_end = 0;
}

// Place 0 is the beginning; others are one more than an index into those that were told. A foreign one is the beginning.
void seekdir(DIR *stream, long place) {
  size_t index = (size_t)place - 1;
  go_to(stream, place > 0 && index < stream->told_count ? stream->told[index] : 0);
}

void rewinddir(DIR *stream) { go_to(stream, 0); }

long telldir(DIR *stream) {
  if (stream->cookie == 0) {
    return 0;
  }
  for (size_t i = stream->told_count; i > 0; --i) {
    if (stream->told[i - 1] == stream->cookie) {
      return (long)i;
    }
  }
  __wasi_dircookie_t *told = reallocarray(stream->told, stream->told_count + 1, sizeof *told);
  if (told == 0) {
    return -1;
  }
  stream->told = told;
  told[stream->told_count] = stream->cookie;
  return (long)++stream->told_count;
}

static unsigned char type_of(__wasi_filetype_t type) {
  switch (type) {
    case __WASI_FILETYPE_DIRECTORY: return DT_DIR;
    case __WASI_FILETYPE_REGULAR_FILE: return DT_REG;
    case __WASI_FILETYPE_SYMBOLIC_LINK: return DT_LNK;
    case __WASI_FILETYPE_CHARACTER_DEVICE: return DT_CHR;
    case __WASI_FILETYPE_BLOCK_DEVICE: return DT_BLK;
    default: return DT_UNKNOWN;
  }
}

// The host fills the buffer to the brim: the last entry may be cut, and is then read anew by its cookie.
static int refill(DIR *stream) {
  __wasi_size_t size = 0;
  __wasi_errno_t error =
      __wasi_fd_readdir((__wasi_fd_t)stream->fd, (uint8_t *)stream->buffer, buffer_size, stream->cookie, &size);
  if (error != 0) {
    errno = error;
    return 0;
  }
  stream->begin = 0;
  stream->end = size;
  stream->at_end = size < buffer_size;
  return size != 0;
}

struct dirent *readdir(DIR *stream) {
  for (;;) {
    __wasi_dirent_t head;
    size_t left = stream->end - stream->begin;
    if (left >= sizeof head) {
      memcpy(&head, stream->buffer + stream->begin, sizeof head);
      if (left - sizeof head >= head.d_namlen && head.d_namlen < sizeof stream->entry.d_name) {
        memcpy(stream->entry.d_name, stream->buffer + stream->begin + sizeof head, head.d_namlen);
        stream->entry.d_name[head.d_namlen] = 0;
        stream->entry.d_ino = head.d_ino;
        stream->entry.d_off = (off_t)head.d_next;
        stream->entry.d_reclen = sizeof stream->entry;
        stream->entry.d_type = type_of(head.d_type);
        stream->begin += sizeof head + head.d_namlen;
        stream->cookie = head.d_next;
        return &stream->entry;
      }
    }
    if (stream->at_end || !refill(stream)) {
      return 0;
    }
  }
}

int readdir_r(DIR *stream, struct dirent *entry, struct dirent **result) {
  int before = errno;
  errno = 0;
  struct dirent *read = readdir(stream);
  int error = errno;
  errno = before;
  if (read != 0) {
    *entry = *read;
  }
  *result = read != 0 ? entry : 0;
  return read != 0 ? 0 : error;
}

long __syscall_mkdirat(long directory, long path, long mode) {
  struct location place;
  long error = interlink_locate(directory, (const char *)path, &place);
  if (error == 0) {
    error = -(long)__wasi_path_create_directory(place.directory, place.path, place.size);
  }
  if (error == 0) {
    (void)interlink_set_permissions_at(&place, interlink_masked(mode));
  }
  return error;
}

long __syscall_mkdir(long path, long mode) { return __syscall_mkdirat(AT_FDCWD, path, mode); }

long __syscall_unlinkat(long directory, long path, long flags) {
  struct location place;
  long error = interlink_locate(directory, (const char *)path, &place);
  if (error != 0) {
    return error;
  }
  return (flags & AT_REMOVEDIR) != 0 ? -(long)__wasi_path_remove_directory(place.directory, place.path, place.size)
                                     : -(long)__wasi_path_unlink_file(place.directory, place.path, place.size);
}

long __syscall_unlink(long path) { return __syscall_unlinkat(AT_FDCWD, path, 0); }
long __syscall_rmdir(long path) { return __syscall_unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

long __syscall_renameat(long from_directory, long from, long to_directory, long to) {
  struct location old, new;
  long error = interlink_locate(from_directory, (const char *)from, &old);
  if (error == 0) {
    error = interlink_locate(to_directory, (const char *)to, &new);
  }
  return error != 0 ? error : -(long)__wasi_path_rename(old.directory, old.path, old.size, new.directory, new.path, new.size);
}

long __syscall_rename(long from, long to) { return __syscall_renameat(AT_FDCWD, from, AT_FDCWD, to); }

long __syscall_linkat(long from_directory, long from, long to_directory, long to, long flags) {
  struct location old, new;
  long error = interlink_locate(from_directory, (const char *)from, &old);
  if (error == 0) {
    error = interlink_locate(to_directory, (const char *)to, &new);
  }
  __wasi_lookupflags_t lookup = (flags & AT_SYMLINK_FOLLOW) != 0 ? __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW : 0;
  return error != 0 ? error : -(long)__wasi_path_link(old.directory, lookup, old.path, old.size, new.directory, new.path, new.size);
}

long __syscall_link(long from, long to) { return __syscall_linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

long __syscall_symlinkat(long target, long directory, long path) {
  struct location place;
  long error = interlink_locate(directory, (const char *)path, &place);
  return error != 0 ? error : -(long)__wasi_path_symlink((const char *)target, strlen((const char *)target), place.directory, place.path, place.size);
}

long __syscall_symlink(long target, long path) { return __syscall_symlinkat(target, AT_FDCWD, path); }

long __syscall_readlinkat(long directory, long path, long buffer, long size) {
  struct location place;
  long error = interlink_locate(directory, (const char *)path, &place);
  if (error != 0) {
    return error;
  }
  __wasi_size_t used = 0;
  error = __wasi_path_readlink(place.directory, place.path, place.size, (uint8_t *)buffer, (__wasi_size_t)size, &used);
  return error != 0 ? -error : (long)used;
}

long __syscall_readlink(long path, long buffer, long size) {
  return __syscall_readlinkat(AT_FDCWD, path, buffer, size);
}

static __wasi_timestamp_t stamp(const struct timespec *time) {
  return (__wasi_timestamp_t)time->tv_sec * 1000000000 + (__wasi_timestamp_t)time->tv_nsec;
}

static __wasi_fstflags_t time_flags(const struct timespec *times) {
  if (times == 0) {
    return __WASI_FSTFLAGS_ATIM_NOW | __WASI_FSTFLAGS_MTIM_NOW;
  }
  __wasi_fstflags_t flags = 0;
  if (times[0].tv_nsec != UTIME_OMIT) {
    flags |= times[0].tv_nsec == UTIME_NOW ? __WASI_FSTFLAGS_ATIM_NOW : __WASI_FSTFLAGS_ATIM;
  }
  if (times[1].tv_nsec != UTIME_OMIT) {
    flags |= times[1].tv_nsec == UTIME_NOW ? __WASI_FSTFLAGS_MTIM_NOW : __WASI_FSTFLAGS_MTIM;
  }
  return flags;
}

long __syscall_utimensat(long directory, long path, long pointer, long flags) {
  const struct timespec *times = (const struct timespec *)pointer;
  __wasi_timestamp_t access = times != 0 ? stamp(&times[0]) : 0, change = times != 0 ? stamp(&times[1]) : 0;
  if (path == 0) {
    return -(long)__wasi_fd_filestat_set_times((__wasi_fd_t)directory, access, change, time_flags(times));
  }
  struct location place;
  long error = interlink_locate(directory, (const char *)path, &place);
  if (error != 0) {
    return error;
  }
  __wasi_lookupflags_t lookup = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
  return -(long)__wasi_path_filestat_set_times(place.directory, lookup, place.path, place.size, access, change, time_flags(times));
}

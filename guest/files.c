// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The library's file system calls on WASI preview 1. Reading, writing, seeking and closing need no help: the library calls
// WASI for them itself. Errno values are the same on both sides.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "descriptors.h"
#include "files.h"
#include "paths.h"
#include "wasix.h"

int __wasi_syscall_ret(__wasi_errno_t error);

// Calls that preview 1 lacks: the host's own module.
#define HOST(name) __attribute__((import_module("interlink_v1"), import_name(#name))) int interlink_##name
struct figures;
HOST(fd_permissions_get)(int fd, uint32_t *mode);
HOST(fd_permissions_set)(int fd, uint32_t mode);
HOST(path_permissions_get)(__wasi_fd_t fd, uint32_t lookup, const char *path, size_t size, uint32_t *mode);
HOST(path_permissions_set)(__wasi_fd_t fd, uint32_t lookup, const char *path, size_t size, uint32_t mode);
HOST(fd_filesystem_get)(int fd, struct figures *out);

static const __wasi_rights_t reading = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_READDIR;
static const __wasi_rights_t writing = __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_ALLOCATE |
                                       __WASI_RIGHTS_FD_FILESTAT_SET_SIZE | __WASI_RIGHTS_FD_DATASYNC;

__wasi_fdflags_t interlink_fd_flags(long flags) {
  __wasi_fdflags_t out = 0;
  out |= (flags & O_APPEND) != 0 ? __WASI_FDFLAGS_APPEND : 0;
  out |= (flags & O_NONBLOCK) != 0 ? __WASI_FDFLAGS_NONBLOCK : 0;
  out |= (flags & O_DSYNC) != 0 ? __WASI_FDFLAGS_DSYNC : 0;
  out |= (flags & O_SYNC) == O_SYNC ? __WASI_FDFLAGS_SYNC : 0;
  return out;
}

__wasi_oflags_t interlink_open_flags(long flags) {
  __wasi_oflags_t out = 0;
  out |= (flags & O_CREAT) != 0 ? __WASI_OFLAGS_CREAT : 0;
  out |= (flags & O_DIRECTORY) != 0 ? __WASI_OFLAGS_DIRECTORY : 0;
  out |= (flags & O_EXCL) != 0 ? __WASI_OFLAGS_EXCL : 0;
  out |= (flags & O_TRUNC) != 0 ? __WASI_OFLAGS_TRUNC : 0;
  return out;
}

__wasi_rights_t interlink_rights_of_mode(long flags) {
  __wasi_rights_t wanted = ~(reading | writing);
  long mode = flags & O_ACCMODE;
  wanted |= mode != O_WRONLY ? reading : 0;
  wanted |= mode == O_WRONLY || mode == O_RDWR ? writing : 0;
  return wanted;
}

// Asks for what the access mode needs and for whatever else the directory can pass on.
static __wasi_rights_t wanted_rights(__wasi_fd_t directory, long flags) {
  __wasi_rights_t wanted = interlink_rights_of_mode(flags);
  __wasi_fdstat_t stat;
  return __wasi_fd_fdstat_get(directory, &stat) == 0 ? wanted & stat.fs_rights_inheriting : wanted;
}

static bool is_absent(const struct location *place) {
  __wasi_filestat_t stat;
  return __wasi_path_filestat_get(place->directory, 0, place->path, place->size, &stat) == ENOENT;
}

// A file that the call makes gets its permissions from the caller; one that is there keeps its own.
long __syscall_openat(long directory, long path, long flags, ...) {
  struct location place;
  va_list list;
  va_start(list, flags);
  long mode = (flags & O_CREAT) != 0 ? va_arg(list, long) : 0;
  va_end(list);
  long error = interlink_locate(directory, (const char *)path, &place);
  if (error != 0) {
    return error;
  }
  __wasi_lookupflags_t lookup = (flags & O_NOFOLLOW) != 0 ? 0 : __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
  __wasi_rights_t rights = wanted_rights(place.directory, flags);
  __wasi_fd_t fd = 0;
  bool is_made = (flags & O_CREAT) != 0 && ((flags & O_EXCL) != 0 || is_absent(&place));
  error = __wasi_path_open(place.directory, lookup, place.path, place.size, interlink_open_flags(flags), rights,
                            rights, interlink_fd_flags(flags), &fd);
  if (error != 0) {
    return -error;
  }
  if (is_made) {
    (void)interlink_fd_permissions_set((int)fd, interlink_masked(mode));
  }
  return interlink_finish_descriptor((int)fd, (int)(flags & O_CLOEXEC));
}

long __syscall_open(long path, long flags, ...) {
  va_list list;
  va_start(list, flags);
  long mode = (flags & O_CREAT) != 0 ? va_arg(list, long) : 0;
  va_end(list);
  return __syscall_openat(AT_FDCWD, path, flags, mode);
}

static mode_t mode_of(__wasi_filetype_t type) {
  switch (type) {
    case __WASI_FILETYPE_DIRECTORY: return S_IFDIR | 0755;
    case __WASI_FILETYPE_REGULAR_FILE: return S_IFREG | 0644;
    case __WASI_FILETYPE_SYMBOLIC_LINK: return S_IFLNK | 0777;
    case __WASI_FILETYPE_CHARACTER_DEVICE: return S_IFCHR | 0666;
    case __WASI_FILETYPE_BLOCK_DEVICE: return S_IFBLK | 0660;
    case __WASI_FILETYPE_SOCKET_STREAM:
    case __WASI_FILETYPE_SOCKET_DGRAM: return S_IFSOCK | 0666;
    default: return S_IFIFO | 0666;  // Preview 1 has no type for pipes: hosts call them unknown.
  }
}

// Without an answer the bits stay as they are for a file of that type.
static void set_permissions(struct stat *out, int error, uint32_t permissions) {
  if (error == 0) {
    out->st_mode = (out->st_mode & S_IFMT) | (permissions & 07777);
  }
}

static struct timespec time_of(__wasi_timestamp_t time) {
  return (struct timespec){.tv_sec = (time_t)(time / 1000000000), .tv_nsec = (long)(time % 1000000000)};
}

static void fill(struct stat *out, const __wasi_filestat_t *in) {
  memset(out, 0, sizeof *out);
  out->st_dev = in->dev;
  out->st_ino = in->ino;
  out->st_mode = mode_of(in->filetype);
  out->st_nlink = (nlink_t)in->nlink;
  out->st_size = (off_t)in->size;
  out->st_blksize = 4096;
  out->st_blocks = (blkcnt_t)((in->size + 511) / 512);
  out->st_atim = time_of(in->atim);
  out->st_mtim = time_of(in->mtim);
  out->st_ctim = time_of(in->ctim);
}

long __syscall_fstat64(long fd, long out) {
  __wasi_filestat_t stat;
  uint32_t permissions = 0;
  long error = __wasi_fd_filestat_get((__wasi_fd_t)fd, &stat);
  if (error == 0) {
    fill((struct stat *)out, &stat);
    set_permissions((struct stat *)out, interlink_fd_permissions_get((int)fd, &permissions), permissions);
  }
  return -error;
}

long __syscall_fstatat64(long directory, long path, long out, long flags) {
  if ((flags & AT_EMPTY_PATH) != 0 && *(const char *)path == 0) {
    return __syscall_fstat64(directory, out);
  }
  struct location place;
  long error = interlink_locate(directory, (const char *)path, &place);
  if (error != 0) {
    return error;
  }
  __wasi_lookupflags_t lookup = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
  __wasi_filestat_t stat;
  uint32_t permissions = 0;
  error = __wasi_path_filestat_get(place.directory, lookup, place.path, place.size, &stat);
  if (error == 0) {
    fill((struct stat *)out, &stat);
    set_permissions((struct stat *)out,
                    interlink_path_permissions_get(place.directory, lookup, place.path, place.size, &permissions), permissions);
  }
  return -error;
}

long __syscall_stat64(long path, long out) { return __syscall_fstatat64(AT_FDCWD, path, out, 0); }
long __syscall_lstat64(long path, long out) {
  return __syscall_fstatat64(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

// By the bits of whomever they let most: as whom the host asks is not known here. An attempt to write tells the rest.
long __syscall_faccessat(long directory, long path, long mode, long flags) {
  (void)flags;
  struct stat stat;
  long error = __syscall_fstatat64(directory, path, (long)&stat, 0);
  if (error != 0) {
    return error;
  }
  mode_t any = (stat.st_mode | stat.st_mode >> 3 | stat.st_mode >> 6) & 7;
  return (mode & ~(long)any & 7) != 0 ? -EACCES : 0;
}

long __syscall_fchmod(long fd, long mode) {
  return -interlink_errno_of(interlink_fd_permissions_set((int)fd, (uint32_t)mode));
}

int interlink_set_permissions_at(const struct location *place, uint32_t mode) {
  return interlink_errno_of(interlink_path_permissions_set(place->directory, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, place->path,
                                                           place->size, mode));
}

long __syscall_fchmodat(long directory, long path, long mode, ...) {
  struct location place;
  long error = interlink_locate(directory, (const char *)path, &place);
  return error != 0 ? error : -interlink_set_permissions_at(&place, (uint32_t)mode);
}

long __syscall_chmod(long path, long mode) { return __syscall_fchmodat(AT_FDCWD, path, mode); }

// What the host says of a file system.
struct figures {
  uint64_t block_size, fragment_size, blocks, free, available, files, free_files, longest_name;
};

long __syscall_fstatfs64(long fd, long size, long out) {
  struct figures figures;
  struct statfs *filled = (struct statfs *)out;
  int error = size != sizeof *filled ? EINVAL : interlink_fd_filesystem_get((int)fd, &figures);
  if (error == 0) {
    memset(filled, 0, sizeof *filled);
    filled->f_bsize = (unsigned long)figures.block_size;
    filled->f_frsize = (unsigned long)figures.fragment_size;
    filled->f_blocks = figures.blocks;
    filled->f_bfree = figures.free;
    filled->f_bavail = figures.available;
    filled->f_files = figures.files;
    filled->f_ffree = figures.free_files;
    filled->f_namelen = (unsigned long)figures.longest_name;
  }
  return -interlink_errno_of(error);
}

long __syscall_statfs64(long path, long size, long out) {
  long fd = __syscall_open(path, O_RDONLY);
  if (fd < 0) {
    return fd;
  }
  long result = __syscall_fstatfs64(fd, size, out);
  (void)__wasi_fd_close((__wasi_fd_t)fd);
  return result;
}

static long set_size(long fd, long low, long high) {
  __wasi_filesize_t size = (uint32_t)low | (__wasi_filesize_t)(uint32_t)high << 32;
  return -(long)__wasi_fd_filestat_set_size((__wasi_fd_t)fd, size);
}

long __syscall_ftruncate64(long fd, long low, long high) { return set_size(fd, low, high); }

long __syscall_truncate64(long path, long low, long high) {
  long fd = __syscall_open(path, O_WRONLY);
  if (fd < 0) {
    return fd;
  }
  long result = set_size(fd, low, high);
  long closed = -(long)__wasi_fd_close((__wasi_fd_t)fd);
  return result != 0 ? result : closed;
}

static __wasi_filesize_t wide(long low, long high) {
  return (uint32_t)low | (__wasi_filesize_t)(uint32_t)high << 32;
}

long __syscall_fallocate(long fd, long mode, long offset_low, long offset_high, long size_low, long size_high) {
  if (mode != 0) {
    return -EOPNOTSUPP;
  }
  return -(long)__wasi_fd_allocate((__wasi_fd_t)fd, wide(offset_low, offset_high), wide(size_low, size_high));
}

long __syscall_fadvise64_64(long fd, long low, long high, long size_low, long size_high, long advice) {
  return -(long)__wasi_fd_advise((__wasi_fd_t)fd, wide(low, high), wide(size_low, size_high), (__wasi_advice_t)advice);
}

// The program did not open its preopened directories, so to it their numbers are not open: a loop that closes whatever the
// program may have inherited leaves it its files.
int close(int fd) {
  if (interlink_is_preopen(fd)) {
    errno = EBADF;
    return -1;
  }
  return __wasi_syscall_ret(__wasi_fd_close((__wasi_fd_t)fd));
}

long __syscall_fdatasync(long fd) { return -(long)__wasi_fd_datasync((__wasi_fd_t)fd); }

static long get_flags(long fd) {
  __wasi_fdstat_t stat;
  long error = __wasi_fd_fdstat_get((__wasi_fd_t)fd, &stat);
  if (error != 0) {
    return -error;
  }
  int reads = (stat.fs_rights_base & __WASI_RIGHTS_FD_READ) != 0;
  int writes = (stat.fs_rights_base & __WASI_RIGHTS_FD_WRITE) != 0;
  long flags = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
  flags |= (stat.fs_flags & __WASI_FDFLAGS_APPEND) != 0 ? O_APPEND : 0;
  flags |= (stat.fs_flags & __WASI_FDFLAGS_NONBLOCK) != 0 ? O_NONBLOCK : 0;
  flags |= (stat.fs_flags & __WASI_FDFLAGS_DSYNC) != 0 ? O_DSYNC : 0;
  flags |= (stat.fs_flags & __WASI_FDFLAGS_SYNC) != 0 ? O_SYNC : 0;
  return flags;
}

static long answer_if_open(long fd) {
  __wasi_fdstat_t stat;
  return -(long)__wasi_fd_fdstat_get((__wasi_fd_t)fd, &stat);
}

// Record locks keep processes apart, never threads. No other process is asked, so each is granted.
long __syscall_fcntl64(long fd, long command, ...) {
  va_list list;
  va_start(list, command);
  long argument = va_arg(list, long);
  va_end(list);
  switch (command) {
    case F_DUPFD: return interlink_duplicate((int)fd, (int)argument, false);
    case F_DUPFD_CLOEXEC: return interlink_duplicate((int)fd, (int)argument, true);
    case F_GETFD: return interlink_descriptor_flags((int)fd);
    case F_SETFD: return interlink_set_descriptor_flags((int)fd, (int)argument);
    case F_SETLK:
    case F_SETLKW: return answer_if_open(fd);
    case F_GETLK: ((struct flock *)argument)->l_type = F_UNLCK; return answer_if_open(fd);
    case F_GETFL: return get_flags(fd);
    case F_SETFL: return -(long)__wasi_fd_fdstat_set_flags((__wasi_fd_t)fd, interlink_fd_flags(argument));
    default: return -EINVAL;
  }
}

int __syscall_ioctl(int fd, int request, ...) {
  (void)fd;
  return request == FIONREAD ? -ENOSYS : -ENOTTY;
}

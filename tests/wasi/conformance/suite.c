// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program: its first argument is the name of a test, or `list`.
#include "suite.h"

int argument_count;
char **arguments;

static char *argument_places[16];
static char argument_bytes[4096];

static void say(u32 descriptor, const char *text) {
  u32 written = 0;
  fd_write(descriptor, &(struct iovec){(void *)text, size_of(text)}, 1, &written);
}

_Noreturn void fail(const char *file, u32 line, const char *text) {
  char digits[12] = {0};
  u32 at = sizeof digits - 1;
  do {
    digits[--at] = (char)('0' + line % 10);
    line /= 10;
  } while (line != 0);
  say(2, file);
  say(2, ":");
  say(2, digits + at);
  say(2, ": ");
  say(2, text);
  say(2, "\n");
  proc_exit(1);
}

bool equal(const void *left, const void *right, u32 size) {
  const char *a = left, *b = right;
  for (u32 i = 0; i < size; ++i) {
    if (a[i] != b[i]) {
      return false;
    }
  }
  return true;
}

u32 open_with(u32 directory, u32 lookup, const char *path, u32 flags, u64 rights, u64 inheriting, u32 fd_flags) {
  u32 descriptor = 0;
  OK(path_open(directory, lookup, PATH(path), flags, rights, inheriting, fd_flags, &descriptor));
  CHECK(descriptor > 2);
  return descriptor;
}

int try_open(u32 directory, u32 lookup, const char *path, u32 flags, u64 rights) {
  u32 descriptor = 0;
  return path_open(directory, lookup, PATH(path), flags, rights, 0, 0, &descriptor);
}

u32 open_root(void) {
  for (u32 i = 3;; ++i) {
    struct prestat found;
    char name[8];
    OK(fd_prestat_get(i, &found));
    if (found.name_size == 1 && fd_prestat_dir_name(i, name, 1) == success && name[0] == '/') {
      struct fdstat stat;
      OK(fd_fdstat_get(i, &stat));
      return open_with(i, 0, ".", o_directory, stat.base, stat.inheriting, 0);
    }
  }
}

u32 make_work(void) {
  const u32 root = open_root();
  OK(path_create_directory(root, PATH("work")));
  const u64 base = RIGHT(fd_filestat_right) | RIGHT(readdir_right) | RIGHT(create_file_right) |
                   RIGHT(create_directory_right) | RIGHT(remove_directory_right) | RIGHT(open_right) |
                   RIGHT(unlink_right) | RIGHT(link_source_right) | RIGHT(link_target_right) | RIGHT(readlink_right) |
                   RIGHT(rename_source_right) | RIGHT(rename_target_right) | RIGHT(path_filestat_right) |
                   RIGHT(path_set_size_right) | RIGHT(path_set_times_right) | RIGHT(symlink_right);
  const u64 inheriting = RIGHT(fd_read_right) | RIGHT(fd_write_right) | RIGHT(readdir_right) |
                         RIGHT(fd_filestat_right) | RIGHT(fd_seek_right) | RIGHT(link_source_right) |
                         RIGHT(link_target_right) | RIGHT(open_right) | RIGHT(unlink_right) |
                         RIGHT(path_filestat_right) | RIGHT(fd_set_flags_right) | RIGHT(fd_sync_right) |
                         RIGHT(fd_tell_right) | RIGHT(fd_advise_right) | RIGHT(fd_allocate_right) |
                         RIGHT(fd_set_size_right) | RIGHT(fd_set_times_right);
  return open_with(root, 0, "work", o_directory, base, inheriting, 0);
}

void make_file(u32 directory, const char *path) {
  OK(fd_close(open_with(directory, 0, path, o_create, 0, 0, 0)));
}

struct filestat status_of(u32 descriptor) {
  struct filestat status;
  OK(fd_filestat_get(descriptor, &status));
  return status;
}

struct filestat status_at(u32 directory, u32 lookup, const char *path) {
  struct filestat status;
  OK(path_filestat_get(directory, lookup, PATH(path), &status));
  return status;
}

void write_all(u32 descriptor, const void *bytes, u32 size) {
  u32 written = 0;
  OK(fd_write(descriptor, &(struct iovec){(void *)bytes, size}, 1, &written));
  CHECK(written == size);
}

u32 read_some(u32 descriptor, void *bytes, u32 size) {
  u32 count = 0;
  OK(fd_read(descriptor, &(struct iovec){bytes, size}, 1, &count));
  return count;
}

void _start(void) {
  static const struct test *const all[] = {descriptor_tests, file_tests, directory_tests,
                                           path_tests,       link_tests, process_tests};
  u32 count = 0, size = 0;
  OK(args_sizes_get(&count, &size));
  CHECK(count <= sizeof argument_places / sizeof *argument_places && size <= sizeof argument_bytes);
  OK(args_get(argument_places, argument_bytes));
  argument_count = (int)count;
  arguments = argument_places;
  CHECK(count > 1);
  const char *wanted = arguments[1];
  const bool list = equal(wanted, "list", 5);
  for (u32 group = 0; group < sizeof all / sizeof *all; ++group) {
    for (const struct test *each = all[group]; each->name != NULL; ++each) {
      if (list) {
        say(1, each->name);
        say(1, "\n");
      } else if (size_of(each->name) == size_of(wanted) && equal(each->name, wanted, size_of(wanted))) {
        each->run();
        return;
      }
    }
  }
  CHECK(list);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Directories: their entries, and what is in the way of their removal.
#include "suite.h"

/// The entries from `cookie` on that one call gives; the last cookie. Ends at the directory's end.
struct listing {
  u32 count;
  u64 cookie;
  bool ended;
};

/// What a look at a directory may find.
static struct {
  char name[32];
  struct directory_entry entry;
} entries[16];

static struct listing list(u32 directory, u64 cookie) {
  enum { buffer_size = 256 };
  char bytes[buffer_size];
  u32 used = 0, at = 0;
  OK(fd_readdir(directory, bytes, sizeof bytes, cookie, &used));
  CHECK(used <= sizeof bytes);
  struct listing found = {.cookie = cookie, .ended = used < sizeof bytes};
  while (used - at >= sizeof(struct directory_entry)) {
    struct directory_entry entry;
    __builtin_memcpy(&entry, bytes + at, sizeof entry);
    if (used - at < sizeof entry + entry.name_size) {
      break;
    }
    CHECK(entry.name_size < sizeof entries[0].name);
    __builtin_memset(entries[found.count].name, 0, sizeof entries[0].name);
    __builtin_memcpy(entries[found.count].name, bytes + at + sizeof entry, entry.name_size);
    entries[found.count++].entry = entry;
    found.cookie = entry.next;
    at += sizeof entry + entry.name_size;
  }
  return found;
}

/// Its number in the last listing.
static u32 entry_named(const struct listing *found, const char *name) {
  for (u32 i = 0; i < found->count; ++i) {
    if (equal(entries[i].name, name, size_of(name) + 1)) {
      return i;
    }
  }
  CHECK(!"the entry is there");
  return 0;
}

static void name_of(u32 number, char *name) {
  __builtin_memcpy(name, "file.000", 9);
  for (u32 i = 7; i > 4; --i) {
    name[i] = (char)('0' + number % 10);
    number /= 10;
  }
}

static void fd_readdir_lists(void) {
  const u32 work = make_work();
  const u64 inode = status_of(work).inode;
  struct listing found = list(work, 0);
  CHECK(found.ended && found.count == 2);
  const struct directory_entry self = entries[entry_named(&found, ".")].entry;
  CHECK(self.type == type_directory && self.inode == inode && self.name_size == 1);
  CHECK(entries[entry_named(&found, "..")].entry.type == type_directory);

  const u32 file =
      open_with(work, 0, "file", o_create, RIGHT(fd_read_right) | RIGHT(fd_write_right) | RIGHT(fd_filestat_right), 0, 0);
  found = list(work, 0);
  CHECK(found.ended && found.count == 3);
  entry_named(&found, ".");
  entry_named(&found, "..");
  const struct directory_entry added = entries[entry_named(&found, "file")].entry;
  CHECK(added.type == type_file && added.inode == status_of(file).inode);

  // The second entry's cookie leads to the third alone.
  char last[sizeof entries[0].name];
  __builtin_memcpy(last, entries[2].name, sizeof last);
  found = list(work, entries[1].entry.next);
  CHECK(found.ended && found.count == 1 && equal(entries[0].name, last, sizeof last));
  OK(path_unlink_file(work, PATH("file")));

  char name[16];
  enum { many = 1000 };
  for (u32 i = 0; i < many; ++i) {
    name_of(i, name);
    make_file(work, name);
  }
  u32 total = 0;
  found = (struct listing){0};
  while (!found.ended) {
    found = list(work, found.cookie);
    total += found.count;
  }
  CHECK(total == many + 2);
}

static void fdopendir_with_access(void) {
  const u32 directory = open_with(open_root(), 0, "fs-tests.dir/fopendir.dir", o_directory,
                                  RIGHT(readdir_right) | RIGHT(path_filestat_right), 0, 0);
  const struct listing found = list(directory, 0);
  CHECK(found.ended && found.count == 4);
  const u64 one = entries[entry_named(&found, "file-0")].entry.inode;
  const u64 other = entries[entry_named(&found, "file-1")].entry.inode;
  CHECK(one != other);
  CHECK(status_at(directory, 0, "file-0").inode == one && status_at(directory, 0, "file-1").inode == other);
}

static void remove_nonempty_directory(void) {
  const u32 work = make_work();
  OK(path_create_directory(work, PATH("dir")));
  OK(path_create_directory(work, PATH("dir/nested")));
  CHECK(path_remove_directory(work, PATH("dir")) == notempty);
  OK(path_remove_directory(work, PATH("dir/nested")));
  OK(path_remove_directory(work, PATH("dir")));
}

static void remove_directory_trailing_slashes(void) {
  const u32 root = open_root();
  OK(path_create_directory(root, PATH("dir")));
  OK(path_remove_directory(root, PATH("dir")));
  OK(path_create_directory(root, PATH("dir")));
  ANSWERS(path_remove_directory(root, PATH("dir/")), success, acces);
  make_file(root, "file");
  CHECK(path_remove_directory(root, PATH("file")) == notdir);
  CHECK(path_remove_directory(root, PATH("file/")) == notdir);
}

static void unlink_file_trailing_slashes(void) {
  const u32 work = make_work();
  OK(path_create_directory(work, PATH("dir")));
  CHECK(path_unlink_file(work, PATH("dir")) == isdir);
  CHECK(path_unlink_file(work, PATH("dir/")) == isdir);
  make_file(work, "file");
  CHECK(path_unlink_file(work, PATH("file/")) == notdir);
  OK(path_unlink_file(work, PATH("file")));
}

const struct test directory_tests[] = {
    {"fd_readdir", fd_readdir_lists},
    {"fdopendir-with-access", fdopendir_with_access},
    {"remove_nonempty_directory", remove_nonempty_directory},
    {"remove_directory_trailing_slashes", remove_directory_trailing_slashes},
    {"unlink_file_trailing_slashes", unlink_file_trailing_slashes},
    {NULL, NULL},
};

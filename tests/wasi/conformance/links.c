// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Links, symbolic and hard.
#include "suite.h"

static void dangling_symlink(void) {
  const u32 root = open_root();
  OK(path_symlink(PATH("target"), root, PATH("symlink")));
  ANSWERS(try_open(root, 0, "symlink", o_directory, 0), notdir, loop);
  CHECK(try_open(root, 0, "symlink", 0, 0) == loop);
  OK(path_unlink_file(root, PATH("symlink")));
}

static void nofollow_errors(void) {
  const u32 work = make_work();
  OK(path_create_directory(work, PATH("target")));
  OK(path_symlink(PATH("target"), work, PATH("symlink")));
  ANSWERS(try_open(work, 0, "symlink", o_directory, 0), loop, notdir);
  ANSWERS(try_open(work, 0, "symlink", 0, 0), loop, acces);
  open_with(work, follow, "symlink", o_directory, 0, 0, 0);
  OK(path_remove_directory(work, PATH("target")));
  make_file(work, "target");
  ANSWERS(try_open(work, 0, "symlink", o_directory, 0), loop, notdir);
  CHECK(try_open(work, 0, "symlink", 0, 0) == loop);
  CHECK(try_open(work, follow, "symlink", o_directory, 0) == notdir);
}

static void path_symlink_trailing_slashes(void) {
  const u32 work = make_work();
  CHECK(path_symlink(PATH("source"), work, PATH("target/")) == noent);
  OK(path_symlink(PATH("source"), work, PATH("target")));
  OK(path_unlink_file(work, PATH("target")));
  OK(path_create_directory(work, PATH("target")));
  CHECK(path_symlink(PATH("source"), work, PATH("target/")) == exist);
  CHECK(path_symlink(PATH("source"), work, PATH("target")) == exist);
  OK(path_remove_directory(work, PATH("target")));
  make_file(work, "target");
  ANSWERS(path_symlink(PATH("source"), work, PATH("target/")), notdir, noent, exist);
  CHECK(path_symlink(PATH("source"), work, PATH("target")) == exist);
}

static void readlink(void) {
  const u32 work = make_work();
  char bytes[10] = {0};
  u32 used = 0;
  make_file(work, "target");
  OK(path_symlink(PATH("target"), work, PATH("symlink")));
  OK(path_readlink(work, PATH("symlink"), bytes, sizeof bytes, &used));
  CHECK(used == 6 && equal(bytes, "target\0\0\0\0", 10));
  OK(path_readlink(work, PATH("symlink"), bytes, 4, &used));
  CHECK(used == 4 && equal(bytes, "targ", 4));
}

static void symlink_create(void) {
  const u32 work = make_work();
  make_file(work, "target");
  OK(path_symlink(PATH("target"), work, PATH("symlink")));
  open_with(work, follow, "symlink", 0, 0, 0, 0);
  OK(path_unlink_file(work, PATH("symlink")));
  OK(path_unlink_file(work, PATH("target")));
  OK(path_create_directory(work, PATH("target")));
  OK(path_symlink(PATH("target"), work, PATH("symlink")));
  open_with(work, follow, "symlink", o_directory, 0, 0, 0);
  OK(path_unlink_file(work, PATH("symlink")));
  CHECK(path_symlink(PATH("/"), work, PATH("symlink")) != success);
}

static void symlink_filestat(void) {
  const u32 work = make_work();
  make_file(work, "file");
  const struct filestat file = status_at(work, 0, "file");
  CHECK(file.size == 0);
  OK(path_symlink(PATH("file"), work, PATH("symlink")));
  const struct filestat link = status_at(work, 0, "symlink");
  OK(path_filestat_set_times(work, 0, PATH("symlink"), 0, link.change - 200, change_time));
  CHECK(status_at(work, 0, "symlink").change == link.change - 200);
  CHECK(status_at(work, 0, "file").change == file.change);
  CHECK(status_at(work, follow, "symlink").change == file.change);
  OK(path_filestat_set_times(work, follow, PATH("symlink"), 0, link.change, change_time));
  CHECK(status_at(work, 0, "file").change == link.change);
}

static void symlink_loop(void) {
  const u32 work = make_work();
  OK(path_symlink(PATH("symlink"), work, PATH("symlink")));
  CHECK(try_open(work, 0, "symlink", 0, 0) == loop);
}

static const u64 rights = RIGHT(fd_read_right) | RIGHT(link_source_right) | RIGHT(link_target_right) |
                          RIGHT(fd_filestat_right) | RIGHT(open_right) | RIGHT(unlink_right);

static void check_same_file(u32 one, u32 other) {
  const struct filestat a = status_of(one), b = status_of(other);
  CHECK(a.device == b.device && a.inode == b.inode && a.links == b.links && a.size == b.size && a.type == b.type);
  CHECK(a.access == b.access && a.change == b.change && a.status_change == b.status_change);
  struct fdstat c, d;
  OK(fd_fdstat_get(one, &c));
  OK(fd_fdstat_get(other, &d));
  CHECK(c.type == d.type && c.flags == d.flags);
  const bool has_rights = fd_fdstat_set_rights(one, c.base, c.inheriting) != notsup;
  CHECK(!has_rights || (c.base == d.base && c.inheriting == d.inheriting));
}

static void path_link_links(void) {
  const u32 work = make_work();
  const u32 file = open_with(work, 0, "file", o_create, rights, rights, 0);
  OK(path_link(work, 0, PATH("file"), work, PATH("link")));
  check_same_file(file, open_with(work, 0, "link", 0, rights, rights, 0));
  OK(path_unlink_file(work, PATH("link")));

  OK(path_create_directory(work, PATH("subdir")));
  const u32 directory = open_with(work, 0, "subdir", o_directory, rights, rights, 0);
  OK(path_link(work, 0, PATH("file"), directory, PATH("link")));
  check_same_file(file, open_with(directory, 0, "link", 0, rights, rights, 0));
  OK(path_unlink_file(directory, PATH("link")));

  make_file(work, "link");
  CHECK(path_link(work, 0, PATH("file"), work, PATH("link")) == exist);
  CHECK(path_link(work, 0, PATH("file"), work, PATH("file")) == exist);
  OK(path_unlink_file(work, PATH("link")));
  OK(path_create_directory(work, PATH("link")));
  CHECK(path_link(work, 0, PATH("file"), work, PATH("link")) == exist);
  OK(path_remove_directory(work, PATH("link")));
  ANSWERS(path_link(work, 0, PATH("subdir"), work, PATH("link")), perm, acces);
  CHECK(path_link(work, 0, PATH("file"), work, PATH("link/")) == noent);

  // Links to links: a dangling one, and one that leads to itself.
  static const char *const targets[] = {"target", "symlink"};
  for (u32 i = 0; i < 2; ++i) {
    OK(path_symlink(PATH(targets[i]), work, PATH("symlink")));
    OK(path_link(work, 0, PATH("symlink"), work, PATH("link")));
    OK(path_unlink_file(work, PATH("symlink")));
    OK(path_unlink_file(work, PATH("link")));
  }
  OK(path_symlink(PATH("target"), work, PATH("symlink")));
  CHECK(path_link(work, 0, PATH("file"), work, PATH("symlink")) == exist);
  ANSWERS(path_link(work, follow, PATH("symlink"), work, PATH("link")), inval, noent);
}

const struct test link_tests[] = {
    {"dangling_symlink", dangling_symlink},
    {"nofollow_errors", nofollow_errors},
    {"path_symlink_trailing_slashes", path_symlink_trailing_slashes},
    {"readlink", readlink},
    {"symlink_create", symlink_create},
    {"symlink_filestat", symlink_filestat},
    {"symlink_loop", symlink_loop},
    {"path_link", path_link_links},
    {NULL, NULL},
};

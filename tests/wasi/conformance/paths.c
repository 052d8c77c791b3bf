// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Paths: opens, moves, and spellings.
#include "suite.h"

static void dangling_fd(void) {
  const u32 root = open_root();
  make_file(root, "file");
  for (u32 round = 0; round < 2; ++round) {
    const u32 file = open_with(root, 0, "file", 0, 0, 0, 0);
    OK(path_unlink_file(root, PATH("file")));
    make_file(root, "file");
    OK(fd_close(file));
  }
  OK(path_create_directory(root, PATH("dir")));
  const u32 directory = open_with(root, 0, "dir", o_directory, 0, 0, 0);
  OK(path_remove_directory(root, PATH("dir")));
  OK(path_create_directory(root, PATH("dir")));
  OK(fd_close(directory));
}

static void interesting_paths(void) {
  const u32 work = make_work();
  OK(path_create_directory(work, PATH("dir")));
  OK(path_create_directory(work, PATH("dir/nested")));
  make_file(work, "dir/nested/file");
  ANSWERS(try_open(work, 0, "/dir/nested/file", 0, 0), perm, notcapable);
  open_with(work, 0, "dir/.//nested/../../dir/nested/../nested///./file", 0, 0, 0, 0);
  u32 descriptor = 0;
  static const char with_zero[] = "dir/nested/file";
  ANSWERS(path_open(work, 0, with_zero, sizeof with_zero, 0, 0, 0, 0, &descriptor), inval, ilseq, noent);
  ANSWERS(try_open(work, 0, "dir/nested/file/", 0, 0), notdir, noent);
  ANSWERS(try_open(work, 0, "dir/nested/file///", 0, 0), notdir, noent);
  open_with(work, 0, "dir/nested/", 0, 0, 0, 0);
  open_with(work, 0, "dir/nested///", 0, 0, 0, 0);
  ANSWERS(try_open(work, 0, "dir/nested/../../../work/dir/nested/file", 0, 0), perm, notcapable);
}

static void path_exists(void) {
  const u32 work = make_work();
  static const struct {
    const char *path;
    uint8_t type, followed;
  } expected[] = {{"subdir", type_directory, type_directory},
                  {"subdir/file", type_file, type_file},
                  {"link1", type_link, type_file},
                  {"link2", type_link, type_directory}};
  OK(path_create_directory(work, PATH("subdir")));
  make_file(work, "subdir/file");
  OK(path_symlink(PATH("subdir/file"), work, PATH("link1")));
  OK(path_symlink(PATH("subdir"), work, PATH("link2")));
  for (u32 i = 0; i < sizeof expected / sizeof *expected; ++i) {
    CHECK(status_at(work, 0, expected[i].path).type == expected[i].type);
    CHECK(status_at(work, follow, expected[i].path).type == expected[i].followed);
  }
}

static void path_open_create_existing(void) {
  const u32 work = make_work();
  make_file(work, "file");
  CHECK(try_open(work, 0, "file", o_create | o_exclusive, 0) == exist);
}

static void path_open_missing(void) {
  CHECK(try_open(make_work(), 0, "file", 0, 0) == noent);
}

static int moved(u32 directory, const char *from, const char *to) {
  return path_rename(directory, PATH(from), directory, PATH(to));
}

static void path_rename_moves(void) {
  const u32 work = make_work();
  const u32 none = 0;
  // A directory, to no path and onto an empty one.
  for (u32 target_exists = 0; target_exists < 2; ++target_exists) {
    OK(path_create_directory(work, PATH("source")));
    if (target_exists != 0) {
      OK(path_create_directory(work, PATH("target")));
    }
    OK(moved(work, "source", "target"));
    CHECK(try_open(work, none, "source", o_directory, 0) == noent);
    open_with(work, none, "target", o_directory, 0, 0, 0);
    OK(path_remove_directory(work, PATH("target")));
  }
  // A directory, onto one with entries, and onto a file.
  OK(path_create_directory(work, PATH("source")));
  OK(path_create_directory(work, PATH("target")));
  make_file(work, "target/file");
  CHECK(moved(work, "source", "target") == notempty);
  CHECK(moved(work, "source", "target/file") == notdir);
  OK(path_unlink_file(work, PATH("target/file")));
  OK(path_remove_directory(work, PATH("source")));
  OK(path_remove_directory(work, PATH("target")));
  // A file, to no path and onto another.
  for (u32 target_exists = 0; target_exists < 2; ++target_exists) {
    make_file(work, "source");
    if (target_exists != 0) {
      make_file(work, "target");
    }
    OK(moved(work, "source", "target"));
    CHECK(try_open(work, none, "source", 0, 0) == noent);
    open_with(work, none, "target", 0, 0, 0, 0);
    OK(path_unlink_file(work, PATH("target")));
  }
  // A file, onto a directory.
  make_file(work, "source");
  OK(path_create_directory(work, PATH("target")));
  CHECK(moved(work, "source", "target") == isdir);
}

static void path_rename_dir_trailing_slashes(void) {
  const u32 work = make_work();
  OK(path_create_directory(work, PATH("source")));
  OK(moved(work, "source/", "target"));
  OK(moved(work, "target", "source/"));
  OK(moved(work, "source/", "target/"));
  OK(moved(work, "target", "source"));
  OK(path_remove_directory(work, PATH("source")));
}

const struct test path_tests[] = {
    {"dangling_fd", dangling_fd},
    {"interesting_paths", interesting_paths},
    {"path_exists", path_exists},
    {"path_open_create_existing", path_open_create_existing},
    {"path_open_missing", path_open_missing},
    {"path_rename", path_rename_moves},
    {"path_rename_dir_trailing_slashes", path_rename_dir_trailing_slashes},
    {NULL, NULL},
};

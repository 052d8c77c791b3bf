// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Contents, lengths, places and times of files. The driver has laid out fs-tests.dir for the tests of the suite's C part.
#include "suite.h"

static const u64 reads = RIGHT(fd_read_right), writes = RIGHT(fd_write_right);

static u64 moved_to(u32 file, int64_t by, u32 whence) {
  u64 place = 0;
  OK(fd_seek(file, by, whence, &place));
  return place;
}

static u64 place_of(u32 file) {
  u64 place = 0;
  OK(fd_tell(file, &place));
  return place;
}

static void fd_advise_changes_no_size(void) {
  const u32 file =
      open_with(open_root(), 0, "new", o_create,
                reads | writes | RIGHT(fd_advise_right) | RIGHT(fd_filestat_right) | RIGHT(fd_set_size_right) |
                    RIGHT(fd_allocate_right),
                0, 0);
  CHECK(status_of(file).size == 0);
  OK(fd_filestat_set_size(file, 100));
  CHECK(status_of(file).size == 100);
  OK(fd_advise(file, 10, 50, 0));
  CHECK(status_of(file).size == 100);
  const int answer = fd_allocate(file, 100, 100);
  CHECK(answer == notsup || (answer == success && status_of(file).size == 200));
}

static void fd_filestat_set(void) {
  const u32 file = open_with(open_root(), 0, "new", o_create,
                             reads | writes | RIGHT(fd_filestat_right) | RIGHT(fd_set_size_right) |
                                 RIGHT(fd_set_times_right),
                             0, 0);
  CHECK(status_of(file).size == 0);
  OK(fd_filestat_set_size(file, 100));
  const struct filestat before = status_of(file);
  CHECK(before.size == 100);
  const u64 earlier = before.change - 100;
  OK(fd_filestat_set_times(file, earlier, earlier, change_time));
  const struct filestat after = status_of(file);
  CHECK(after.size == 100 && after.change == earlier && after.access == before.access);
}

static void fstflags_validate(void) {
  const u32 file = open_with(open_root(), 0, "new", o_create, reads | RIGHT(fd_set_times_right), 0, 0);
  CHECK(fd_filestat_set_times(file, 100, 200, change_time | change_now) == inval);
  CHECK(fd_filestat_set_times(file, 100, 200, access_time | access_now) == inval);
}

static void fd_flags_set(void) {
  const u32 root = open_root();
  const u32 file = open_with(root, 0, "new", o_create,
                             reads | writes | RIGHT(fd_seek_right) | RIGHT(fd_tell_right) | RIGHT(fd_set_flags_right),
                             0, append);
  char written[100], found[100];
  for (char round = 0; round < 3; ++round) {
    for (u32 i = 0; i < sizeof written; ++i) {
      written[i] = round;
    }
    if (round == 2) {
      OK(fd_fdstat_set_flags(file, 0));
    }
    CHECK(moved_to(file, 0, whence_set) == 0);
    write_all(file, written, sizeof written);
    CHECK(moved_to(file, round == 1 ? 100 : 0, whence_set) == (round == 1 ? 100 : 0));
    CHECK(read_some(file, found, sizeof found) == sizeof found && equal(written, found, sizeof found));
  }
  CHECK(status_at(root, 0, "new").size == 200);
}

static void file_allocate(void) {
  const u32 file =
      open_with(make_work(), 0, "file", o_create, reads | writes | RIGHT(fd_allocate_right) | RIGHT(fd_filestat_right), 0, 0);
  CHECK(status_of(file).size == 0);
  const int answer = fd_allocate(file, 0, 100);
  if (answer == notsup) {
    return;
  }
  CHECK(answer == success && status_of(file).size == 100);
  OK(fd_allocate(file, 10, 10));
  CHECK(status_of(file).size == 100);
  OK(fd_allocate(file, 90, 20));
  CHECK(status_of(file).size == 110);
}

static void file_pread_pwrite(void) {
  const u32 file = open_with(make_work(), 0, "file", o_create, reads | writes | RIGHT(fd_seek_right), 0, 0);
  char bytes[4] = {0};
  u32 count = 0;
  // In one piece and in two, of which a host may take the first alone.
  for (u32 size = 4; size >= 2; size -= 2) {
    const struct iovec out[] = {{"\0\1\2\3", size}, {"\2\3", 2}};
    for (u32 at = 0; at < 4; at += count) {
      OK(fd_pwrite(file, out + at / 2, at == 0 ? 4 / size : 1, at, &count));
      CHECK(count == 4 - at || count == size);
    }
    const struct iovec in[] = {{bytes, size}, {bytes + 2, 2}};
    for (u32 at = 0; at < 4; at += count) {
      OK(fd_pread(file, in + at / 2, at == 0 ? 4 / size : 1, at, &count));
      CHECK(count == 4 - at || count == size);
    }
    CHECK(equal(bytes, "\0\1\2\3", 4));
  }
  const struct iovec all = {bytes, 4};
  OK(fd_pread(file, &all, 1, 4, &count));
  CHECK(count == 0);
  bytes[2] = bytes[3] = 0;
  OK(fd_pread(file, &all, 1, 2, &count));
  CHECK(count == 2 && equal(bytes, "\2\3\0\0", 4));
  OK(fd_pwrite(file, &(struct iovec){"\1\0", 2}, 1, 2, &count));
  CHECK(count == 2);
  OK(fd_pread(file, &all, 1, 0, &count));
  CHECK(count == 4 && equal(bytes, "\0\1\1\0", 4));
}

static void file_seek_tell(void) {
  const u32 file =
      open_with(make_work(), 0, "file", o_create, reads | writes | RIGHT(fd_seek_right) | RIGHT(fd_tell_right), 0, 0);
  char bytes[100] = {0};
  u64 place = 0;
  CHECK(place_of(file) == 0);
  write_all(file, bytes, sizeof bytes);
  CHECK(place_of(file) == 100);
  CHECK(moved_to(file, -50, whence_current) == 50);
  CHECK(moved_to(file, 0, whence_set) == 0);
  CHECK(moved_to(file, 1000, whence_current) == 1000);
  CHECK(fd_seek(file, -2000, whence_current, &place) == inval);
  CHECK(moved_to(file, 0, whence_set) == 0);
  CHECK(read_some(file, bytes, sizeof bytes) == sizeof bytes && place_of(file) == 100);
}

static void file_truncation(void) {
  const u32 work = make_work();
  char bytes[100];
  const u32 writer = open_with(work, 0, "file", o_create, writes, 0, 0);
  write_all(writer, "to be cut off", 13);
  OK(fd_close(writer));
  CHECK(read_some(open_with(work, 0, "file", o_create | o_truncate, reads | writes, 0, 0), bytes, sizeof bytes) == 0);
}

static void file_unbuffered_write(void) {
  const u32 work = make_work();
  const u32 reader = open_with(work, 0, "file", o_create, reads, 0, 0);
  char byte = 0;
  write_all(open_with(work, 0, "file", 0, writes, 0, 0), "\1", 1);
  CHECK(read_some(reader, &byte, 1) == 1 && byte == 1);
}

static void path_filestat(void) {
  const u32 work = make_work();
  struct fdstat stat;
  OK(fd_fdstat_get(work, &stat));
  CHECK((stat.base & RIGHT(path_filestat_right)) != 0);
  const u64 rights = reads | writes | RIGHT(path_filestat_right);
  u32 file = 0;
  u32 flags = append | sync;
  int answer = path_open(work, 0, PATH("file"), o_create, rights, 0, flags, &file);
  if (answer == notsup) {
    flags = append;
    answer = path_open(work, 0, PATH("file"), o_create, rights, 0, flags, &file);
  }
  OK(answer);
  OK(fd_fdstat_get(file, &stat));
  CHECK((stat.flags & flags) == flags);
  const struct filestat before = status_at(work, 0, "file");
  CHECK(before.size == 0);
  const u64 earlier = before.change - 100;
  OK(path_filestat_set_times(work, 0, PATH("file"), 0, earlier, change_time));
  CHECK(status_at(work, 0, "file").change == earlier);
  CHECK(path_filestat_set_times(work, 0, PATH("file"), 0, earlier, change_time | change_now) == inval);
  CHECK(status_at(work, 0, "file").change == earlier);
  CHECK(path_filestat_set_times(work, 0, PATH("file"), 0, 0, access_time | access_now) == inval);
}

static u32 of_fixtures(const char *path, u32 flags, u64 rights, u32 fd_flags) {
  const u64 all = rights | RIGHT(fd_seek_right) | RIGHT(fd_tell_right) | RIGHT(fd_filestat_right);
  const u32 fixtures = open_with(open_root(), 0, "fs-tests.dir", o_directory, RIGHT(open_right) | RIGHT(create_file_right) | RIGHT(path_set_size_right),
                                 all, 0);
  return open_with(fixtures, 0, path, flags, all, 0, fd_flags);
}

static void fopen_with_access(void) {
  OK(fd_close(of_fixtures("file", 0, reads, 0)));
}

/// No directory is mapped, so that a C library finds none to look in.
static void fopen_with_no_access(void) {
  struct prestat found;
  CHECK(fd_prestat_get(3, &found) == badf);
  CHECK(try_open(3, follow, "fs-tests.dir/file", 0, reads) == badf);
}

static void lseek(void) {
  const u32 file = of_fixtures("lseek.txt", 0, reads, 0);
  char bytes[4];
  CHECK(read_some(file, bytes, 4) == 4 && moved_to(file, 0, whence_current) == 4);
  CHECK(read_some(file, bytes, 1) == 1 && moved_to(file, 0, whence_current) == 5 && bytes[0] == '4');
  CHECK(moved_to(file, 0, whence_set) == 0 && moved_to(file, 0, whence_end) == 8);
}

static void pread_with_access(void) {
  char bytes[3];
  u32 count = 0;
  OK(fd_pread(of_fixtures("pread.txt", 0, reads, 0), &(struct iovec){bytes, 3}, 1, 4, &count));
  CHECK(count == 3 && equal(bytes, "d-t", 3));
}

static void pwrite_with_access(void) {
  u32 count = 0;
  char bytes[16];
  const u32 writer = of_fixtures("writeable/new", o_create | o_exclusive, writes, 0);
  OK(fd_pwrite(writer, &(struct iovec){"very long text", 14}, 1, 0, &count));
  CHECK(count == 14);
  OK(fd_pwrite(writer, &(struct iovec){"test", 4}, 1, 3, &count));
  CHECK(count == 4);
  CHECK(read_some(of_fixtures("writeable/new", 0, reads, 0), bytes, 16) == 14 && equal(bytes, "vertestng text", 14));
}

static void pwrite_with_append(void) {
  const u32 file = of_fixtures("writeable/new", o_create | o_truncate, writes, append);
  u32 count = 0;
  write_all(file, "ab", 2);
  CHECK(moved_to(file, 0, whence_set) == 0);
  write_all(file, "cd", 2);
  CHECK(moved_to(file, 0, whence_current) == 4);
  OK(fd_pwrite(file, &(struct iovec){"efg", 3}, 1, 0, &count));
  CHECK(count == 3 && moved_to(file, 0, whence_current) == 4);
  const u64 end = moved_to(file, 0, whence_end);
  CHECK(end == 4 || end == 7);  // POSIX writes where it is told, Linux at the end
}

static void stat_dev_ino(void) {
  const struct filestat one = status_of(of_fixtures("file", 0, reads, 0));
  const struct filestat other = status_of(of_fixtures("lseek.txt", 0, reads, 0));
  CHECK(one.device == other.device && one.inode != other.inode);
}

const struct test file_tests[] = {
    {"fd_advise", fd_advise_changes_no_size},
    {"fd_filestat_set", fd_filestat_set},
    {"fstflags_validate", fstflags_validate},
    {"fd_flags_set", fd_flags_set},
    {"file_allocate", file_allocate},
    {"file_pread_pwrite", file_pread_pwrite},
    {"file_seek_tell", file_seek_tell},
    {"file_truncation", file_truncation},
    {"file_unbuffered_write", file_unbuffered_write},
    {"path_filestat", path_filestat},
    {"fopen-with-access", fopen_with_access},
    {"fopen-with-no-access", fopen_with_no_access},
    {"lseek", lseek},
    {"pread-with-access", pread_with_access},
    {"pwrite-with-access", pwrite_with_access},
    {"pwrite-with-append", pwrite_with_append},
    {"stat-dev-ino", stat_dev_ino},
    {NULL, NULL},
};

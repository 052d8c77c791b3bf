// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Descriptors: their numbers, rights and kinds.
#include "suite.h"

static struct fdstat stat_of(u32 descriptor) {
  struct fdstat stat;
  OK(fd_fdstat_get(descriptor, &stat));
  return stat;
}

static bool is_open(u32 descriptor) {
  struct fdstat stat;
  const int answer = fd_fdstat_get(descriptor, &stat);
  CHECK(answer == success || answer == badf);
  return answer == success;
}

static void fd_write_to_invalid_fd(void) {
  u32 written = 0;
  CHECK(fd_write((u32)-31337, NULL, 0, &written) == badf);
}

static void fd_write_to_stdout(void) {
  write_all(1, "hello", 5);
}

static void sock_shutdown_invalid_fd(void) {
  CHECK(sock_shutdown(3, 1) == badf);  // no directory is mapped
}

static void sock_shutdown_not_sock(void) {
  CHECK(sock_shutdown(1, 1) == notsock);
}

static void close_preopen(void) {
  const u32 root = open_root();
  CHECK(root > 3);
  OK(fd_close(3));
  CHECK(stat_of(root).type == type_directory);
  CHECK(!is_open(3));
}

static void overwrite_preopen(void) {
  const u32 work = make_work();
  CHECK(work > 3);
  const struct filestat old = status_of(work);
  OK(fd_renumber(work, 3));
  const struct filestat new = status_of(3);
  CHECK(old.device == new.device && old.inode == new.inode);
  CHECK(!is_open(work));
  OK(fd_close(3));
}

static void renumber(void) {
  const u32 work = make_work();
  const u64 rights = RIGHT(fd_read_right) | RIGHT(fd_write_right);
  const u32 from = open_with(work, 0, "file1", o_create, rights, 0, 0);
  const struct fdstat before = stat_of(from);
  const u32 to = open_with(work, 0, "file2", o_create, rights, 0, 0);
  OK(fd_renumber(from, to));
  CHECK(fd_close(from) == badf);
  const struct fdstat after = stat_of(to);
  CHECK(before.type == after.type && before.flags == after.flags);
  CHECK(before.base == after.base && before.inheriting == after.inheriting);
  CHECK(fd_renumber(to, from) == badf);
  OK(fd_close(to));
}

static void stdio(void) {
  const u32 work = make_work();
  for (u32 from = 0; from < 3; ++from) {
    u32 to = 0;  // from the second round on it is the number that became free
    OK(path_open(work, 0, PATH("file"), o_create, 0, 0, 0, &to));
    OK(fd_renumber(from, to));
    CHECK(is_open(to) && !is_open(from));
    OK(path_unlink_file(work, PATH("file")));
  }
}

static void is_a_tty(void) {
  const u32 file = open_with(make_work(), 0, "file", o_create, 0, 0, 0);
  CHECK(stat_of(file).type != 2);  // not a character device
}

static void fd_fdstat_set_rights_takes_away(void) {
  const u32 work = make_work();
  const u64 both = RIGHT(fd_read_right) | RIGHT(fd_write_right);
  const u64 all = both | RIGHT(fd_seek_right) | RIGHT(fd_tell_right);
  const u32 file = open_with(work, 0, "file", o_create, all, 0, 0);
  char bytes[4];
  u64 place = 0;
  u32 count = 0;
  const struct iovec buffer = {bytes, sizeof bytes};
  write_all(file, "\0\1\2\3", 4);
  OK(fd_seek(file, 0, whence_set, &place));
  CHECK(read_some(file, bytes, 4) == 4 && equal(bytes, "\0\1\2\3", 4));
  struct fdstat stat = stat_of(file);
  if (fd_fdstat_set_rights(file, stat.base & ~both, stat.inheriting) == notsup) {
    return;  // as a host without rights answers
  }
  stat = stat_of(file);
  CHECK((stat.base & both) == 0 && (stat.base & RIGHT(fd_seek_right)) != 0);
  ANSWERS(fd_read(file, &buffer, 1, &count), badf, notcapable);
  ANSWERS(fd_write(file, &buffer, 1, &count), badf, notcapable);
  CHECK(fd_fdstat_set_rights(file, stat.base | all, stat.inheriting | all) == notcapable);
}

static void directories_are_no_files(void) {
  struct prestat found;
  char name[8];
  CHECK(status_of(open_root()).type == type_directory);
  OK(fd_prestat_get(3, &found));
  ANSWERS(fd_prestat_dir_name(3, name, 0), inval, nametoolong);
  OK(fd_prestat_dir_name(3, name, found.name_size + 1));
  const u32 root = open_root();
  char bytes[128] = {0};
  const struct iovec buffer = {bytes, sizeof bytes};
  u32 count = 0;
  u64 place = 0;
  ANSWERS(fd_read(root, &buffer, 1, &count), isdir, badf, notcapable);
  ANSWERS(fd_pread(root, &buffer, 1, 0, &count), isdir, badf, notcapable);
  ANSWERS(fd_write(root, &buffer, 1, &count), isdir, badf, notcapable);
  ANSWERS(fd_pwrite(root, &buffer, 1, 0, &count), isdir, badf, notcapable);
  for (u32 whence = whence_set; whence <= whence_end; ++whence) {
    ANSWERS(fd_seek(root, 0, whence, &place), isdir, badf, notcapable);
  }
  ANSWERS(fd_tell(root, &place), isdir, badf, notcapable);
  ANSWERS(fd_allocate(root, 0, 1), isdir, badf, notcapable);
  ANSWERS(fd_filestat_set_size(root, 0), isdir, inval, badf, notcapable);
}

static void directory_seek(void) {
  const u32 root = open_root();
  u64 place = 0;
  OK(path_create_directory(root, PATH("dir")));
  const u32 directory = open_with(root, 0, "dir", o_directory, RIGHT(fd_seek_right), 0, 0);
  ANSWERS(fd_seek(directory, 0, whence_current, &place), isdir, notcapable, badf);
  const struct fdstat stat = stat_of(directory);
  CHECK(stat.type == type_directory && (stat.base & RIGHT(fd_seek_right)) == 0);
}

static void path_open_preopen(void) {
  const u64 base = RIGHT(create_directory_right) | RIGHT(create_file_right) | RIGHT(link_source_right) |
                   RIGHT(link_target_right) | RIGHT(open_right) | RIGHT(readdir_right) | RIGHT(readlink_right) |
                   RIGHT(rename_source_right) | RIGHT(rename_target_right) | RIGHT(symlink_right) |
                   RIGHT(remove_directory_right) | RIGHT(unlink_right) | RIGHT(path_filestat_right) |
                   RIGHT(path_set_times_right) | RIGHT(fd_filestat_right) | RIGHT(fd_set_times_right);
  const u64 inheriting = base | RIGHT(fd_datasync_right) | RIGHT(fd_read_right) | RIGHT(fd_seek_right) |
                         RIGHT(fd_set_flags_right) | RIGHT(fd_sync_right) | RIGHT(fd_tell_right) |
                         RIGHT(fd_write_right) | RIGHT(fd_advise_right) | RIGHT(fd_allocate_right) |
                         RIGHT(fd_set_size_right) | RIGHT(poll_right);
  struct prestat found;
  char name[8];
  OK(fd_prestat_get(3, &found));
  CHECK(found.type == 0 && found.name_size == 1);
  OK(fd_prestat_dir_name(3, name, found.name_size));
  const struct fdstat stat = stat_of(3);
  CHECK((stat.base & base) == base && (stat.inheriting & inheriting) == inheriting);
  open_with(3, 0, ".", 0, stat.base, stat.inheriting, 0);
  open_with(3, 0, ".", 0, 0, 0, 0);
  open_with(3, 0, ".", o_directory, 0, 0, 0);
  open_with(3, 0, ".", o_directory, RIGHT(fd_read_right), 0, 0);
  CHECK(try_open(3, 0, ".", o_directory, RIGHT(fd_read_right) | RIGHT(fd_write_right)) == isdir);
}

static void path_open_dirfd_not_dir(void) {
  const u32 file = open_with(make_work(), 0, "file", o_create, 0, 0, 0);
  ANSWERS(try_open(file, 0, "inner", o_create, 0), notdir, notcapable);
}

static void path_open_nonblock(void) {
  open_with(open_root(), 0, ".", 0, 0, 0, nonblock);
}

static void path_open_read_write(void) {
  const u32 root = open_root();
  const u64 reads = RIGHT(fd_read_right), writes = RIGHT(fd_write_right);
  char bytes[100] = {0};
  const struct iovec buffer = {bytes, sizeof bytes};
  u32 count = 0;
  make_file(root, "file");

  const u32 reader = open_with(root, 0, "file", 0, reads, 0, 0);
  CHECK((stat_of(reader).base & (reads | writes)) == reads);
  CHECK(read_some(reader, bytes, sizeof bytes) == 0);
  ANSWERS(fd_write(reader, &buffer, 1, &count), badf, notcapable, acces);

  const u32 writer = open_with(root, 0, "file", 0, writes, 0, 0);
  CHECK((stat_of(writer).base & (reads | writes)) == writes);
  ANSWERS(fd_read(writer, &buffer, 1, &count), badf, notcapable, acces);
  write_all(writer, bytes, 50);

  const u32 both = open_with(root, 0, "file", 0, reads | writes | RIGHT(fd_filestat_right), 0, 0);
  CHECK((stat_of(both).base & (reads | writes)) == (reads | writes));
  CHECK(read_some(both, bytes, sizeof bytes) == 50);
  write_all(both, bytes, 25);
  CHECK(status_of(both).size == 75);
}

static void truncation_rights(void) {
  const u32 work = make_work();
  make_file(work, "file");
  struct fdstat stat = stat_of(work);
  CHECK(stat.type == type_directory && stat.flags == 0 && (stat.base & RIGHT(fd_set_size_right)) == 0);
  if ((stat.base & RIGHT(path_set_size_right)) == 0) {
    return;  // as a host without this right answers
  }
  OK(try_open(work, 0, "file", o_truncate, 0));
  stat.inheriting &= ~RIGHT(fd_set_size_right);
  OK(fd_fdstat_set_rights(work, stat.base, stat.inheriting));
  OK(try_open(work, 0, "file", o_truncate, 0));
  OK(fd_fdstat_set_rights(work, stat.base & ~RIGHT(path_set_size_right), stat.inheriting));
  CHECK((stat_of(work).base & RIGHT(path_set_size_right)) == 0);
  ANSWERS(try_open(work, 0, "file", o_truncate, 0), perm, notcapable);
}

const struct test descriptor_tests[] = {
    {"fd_write-to-invalid-fd", fd_write_to_invalid_fd},
    {"fd_write-to-stdout", fd_write_to_stdout},
    {"sock_shutdown-invalid_fd", sock_shutdown_invalid_fd},
    {"sock_shutdown-not_sock", sock_shutdown_not_sock},
    {"close_preopen", close_preopen},
    {"overwrite_preopen", overwrite_preopen},
    {"renumber", renumber},
    {"stdio", stdio},
    {"isatty", is_a_tty},
    {"fd_fdstat_set_rights", fd_fdstat_set_rights_takes_away},
    {"dir_fd_op_failures", directories_are_no_files},
    {"directory_seek", directory_seek},
    {"path_open_preopen", path_open_preopen},
    {"path_open_dirfd_not_dir", path_open_dirfd_not_dir},
    {"path_open_nonblock", path_open_nonblock},
    {"path_open_read_write", path_open_read_write},
    {"truncation_rights", truncation_rights},
    {NULL, NULL},
};

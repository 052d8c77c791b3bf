// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Asks a host of WASI preview 1 one question after the other, and prints each with the answer: a call, on a kind of file,
// with a flag or right, and the number of the errno. The same program asks Interlink and other hosts.
//
// Undefined flags and numbers are not asked about: Wasmtime traps. It needs no libc, a writable directory as descriptor 3, and pipes as standard streams.
#include "../preview1.h"

enum { root = 3, closed = 77, create = 1, directory = 2, exclusive = 4, truncate = 8 };
enum { right_datasync = 1, right_read = 2, right_write = 64, right_allocate = 256, right_readdir = 1 << 14 };
static const u64 all_rights = 0x1fffffff;  // without sock_accept, which some hosts do not know

static char text[1 << 18];
static u32 length;

static void put(const char *word) {
  while (*word != 0) {
    text[length++] = *word++;
  }
}

static void put_number(u32 number) {
  char digits[10];
  u32 count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (count != 0) {
    text[length++] = digits[--count];
  }
}

static void answer(const char *call, const char *on, const char *with, int number) {
  put(call);
  put(" | ");
  put(on);
  put(" | ");
  put(with);
  put(" | ");
  put_number((u32)number);
  put("\n");
}

static u32 opened(const char *path, u32 flags, u64 rights) {
  u32 fd = closed;
  path_open(root, 1, PATH(path), flags, rights, all_rights, 0, &fd);
  return fd;
}

// The same files before every question.
static void make_files(void) {
  static const char *const files[] = {"file", "dir/inner", "new", "dir/new", "moved", "link", "to_dir", "dangling", "loop", "made", "missing"};
  for (u32 i = 0; i < sizeof files / sizeof *files; ++i) {
    path_unlink_file(root, PATH(files[i]));
  }
  path_remove_directory(root, PATH("dir"));
  path_remove_directory(root, PATH("moved"));
  path_remove_directory(root, PATH("new"));
  path_remove_directory(root, PATH("missing"));
  path_create_directory(root, PATH("dir"));
  u32 fd = opened("file", create | truncate, right_write);
  u32 written = 0;
  fd_write(fd, &(struct iovec){"0123456789", 10}, 1, &written);
  fd_close(fd);
  fd_close(opened("dir/inner", create, right_write));
  path_symlink(PATH("file"), root, PATH("link"));
  path_symlink(PATH("dir"), root, PATH("to_dir"));
  path_symlink(PATH("missing"), root, PATH("dangling"));
  path_symlink(PATH("loop"), root, PATH("loop"));
}

static struct {
  const char *name, *path;  // Without path: the number is the descriptor.
  u32 number, flags;
  u64 rights;
} const kinds[] = {
    {"closed", 0, closed, 0, 0},
    {"stdin", 0, 0, 0, 0},
    {"stdout", 0, 1, 0, 0},
    {"preopen", 0, root, 0, 0},
    {"directory", "dir", 0, directory, all_rights & ~(u64)right_write},
    {"file", "file", 0, 0, all_rights},
    {"file to read", "file", 0, 0, all_rights & ~(u64)right_write},
    {"file to write", "file", 0, 0, all_rights & ~(u64)(right_read | right_readdir)},
};
enum { kind_count = sizeof kinds / sizeof *kinds };

static u32 place[8];
static u64 wide[1];
static struct filestat status;
static struct prestat prestat;
static char bytes[64];
static struct iovec buffer = {bytes, 4};

static int number_of(u32 call, u32 fd) {
  struct fdstat stat;
  switch (call) {
    case 0: return fd_advise(fd, 0, 0, 0);
    case 1: return fd_allocate(fd, 0, 20);
    case 2: return fd_datasync(fd);
    case 3: return fd_sync(fd);
    case 4: return fd_fdstat_get(fd, &stat);
    case 5: return fd_filestat_get(fd, &status);
    case 6: return fd_filestat_set_size(fd, 5);
    case 7: return fd_filestat_set_times(fd, 1000000000, 2000000000, 5);
    case 8: return fd_filestat_set_times(fd, 1, 1, 3);
    case 9: return fd_pread(fd, &buffer, 1, 0, place);
    case 10: return fd_pwrite(fd, &buffer, 1, 0, place);
    case 11: return fd_read(fd, &buffer, 1, place);
    case 12: return fd_write(fd, &buffer, fd == 1 ? 0 : 1, place);
    case 13: return fd_readdir(fd, bytes, sizeof bytes, 0, place);
    case 14: return fd_seek(fd, 1, 0, wide);
    case 15: return fd_seek(fd, 0, 1, wide);
    case 16: return fd_seek(fd, 0, 2, wide);
    case 17: return fd_tell(fd, wide);
    case 18: return fd_prestat_get(fd, &prestat);
    case 19: return fd_renumber(fd, closed);
    case 20: return sock_shutdown(fd, 1);
    default: return fd_fdstat_set_flags(fd, call == 21 ? 0 : 1U << (call - 22));
  }
}

static void ask_about_descriptors(void) {
  static const char *const calls[][2] = {
      {"fd_advise", "normal"}, {"fd_allocate", ""}, {"fd_datasync", ""}, {"fd_sync", ""},
      {"fd_fdstat_get", ""}, {"fd_filestat_get", ""}, {"fd_filestat_set_size", ""}, {"fd_filestat_set_times", ""},
      {"fd_filestat_set_times", "time and now"}, {"fd_pread", ""}, {"fd_pwrite", ""}, {"fd_read", ""}, {"fd_write", ""},
      {"fd_readdir", ""}, {"fd_seek", "set"}, {"fd_seek", "current, by 0"}, {"fd_seek", "end"},
      {"fd_tell", ""}, {"fd_prestat_get", ""}, {"fd_renumber", "to a closed one"}, {"sock_shutdown", "reading"},
      {"fd_fdstat_set_flags", "none"}, {"fd_fdstat_set_flags", "append"}, {"fd_fdstat_set_flags", "dsync"},
      {"fd_fdstat_set_flags", "nonblock"}, {"fd_fdstat_set_flags", "rsync"}, {"fd_fdstat_set_flags", "sync"}};
  for (u32 call = 0; call < sizeof calls / sizeof *calls; ++call) {
    for (u32 kind = 0; kind < kind_count; ++kind) {
      make_files();
      u32 fd = kinds[kind].path == 0 ? kinds[kind].number : opened(kinds[kind].path, kinds[kind].flags, kinds[kind].rights);
      int number = number_of(call, fd);
      if (fd == 1 || fd == 0) {
        fd_fdstat_set_flags(fd, 0);
      }
      answer(calls[call][0], kinds[kind].name, calls[call][1], number);
      if (kinds[kind].path != 0) {
        fd_close(fd);
      }
    }
  }
}

static const char *const paths[] = {"file",   "file/", "dir",   "dir/",    "link",         "link/",    "to_dir", "to_dir/",
                                    "loop",   "dangling", "missing", "missing/", "dir/..", "dir/inner", "file/inner", "..",
                                    "../file", "dir/../../file", "/file", ".", ""};
enum { path_count = sizeof paths / sizeof *paths };

static void ask_about_paths(void) {
  for (u32 i = 0; i < path_count; ++i) {
    const char *path = paths[i];
    for (u32 follow = 0; follow < 2; ++follow) {
      const char *with = follow ? "follow" : "";
      make_files();
      answer("path_filestat_get", path, with, path_filestat_get(root, follow, PATH(path), &status));
      answer("path_filestat_set_times", path, with, path_filestat_set_times(root, follow, PATH(path), 1000, 2000, 5));
      answer("path_link", path, with, path_link(root, follow, PATH(path), root, PATH("made")));
    }
    answer("path_readlink", path, "", path_readlink(root, PATH(path), bytes, sizeof bytes, place));
    answer("path_create_directory", path, "", path_create_directory(root, PATH(path)));
    make_files();
    answer("path_remove_directory", path, "", path_remove_directory(root, PATH(path)));
    make_files();
    answer("path_unlink_file", path, "", path_unlink_file(root, PATH(path)));
    make_files();
    answer("path_rename from", path, "", path_rename(root, PATH(path), root, PATH("moved")));
    make_files();
    answer("path_rename to", path, "from a file", path_rename(root, PATH("file"), root, PATH(path)));
    make_files();
    answer("path_link to", path, "", path_link(root, 0, PATH("file"), root, PATH(path)));
    make_files();
    answer("path_symlink at", path, "", path_symlink(PATH("file"), root, PATH(path)));
    make_files();
    answer("path_symlink to", path, "", path_symlink(PATH(path), root, PATH("new")));
  }
}

static void ask_about_opens(void) {
  static const struct {
    const char *name;
    u64 rights;
  } wanted[] = {{"no right", 0},          {"read", right_read},         {"write", right_write}, {"read and write", right_read | right_write},
                {"datasync", right_datasync}, {"read, readdir, datasync", 0x4001 | right_read}, {"allocate", right_allocate}};
  static const struct {
    const char *name;
    u32 flags;
  } ways[] = {{"", 0}, {"create", create}, {"directory", directory}, {"create exclusive", create | exclusive},
              {"truncate", truncate}, {"create directory", create | directory}};
  for (u32 i = 0; i < path_count; ++i) {
    for (u32 right = 0; right < sizeof wanted / sizeof *wanted; ++right) {
      for (u32 way = 0; way < sizeof ways / sizeof *ways; ++way) {
        for (u32 follow = 0; follow < 2; ++follow) {
          make_files();
          u32 fd = closed;
          int number = path_open(root, follow, PATH(paths[i]), ways[way].flags, wanted[right].rights, 0, 0, &fd);
          put("path_open ");
          put(follow ? "follow " : "");
          answer(ways[way].name, paths[i], wanted[right].name, number);
          fd_close(fd);
        }
      }
    }
  }
  for (u32 bit = 0; bit < 5; ++bit) {
    static const char *const flags[] = {"append", "dsync", "nonblock", "rsync", "sync"};
    u32 fd = closed;
    make_files();
    answer("path_open", "file", flags[bit], path_open(root, 0, PATH("file"), 0, right_read, 0, 1U << bit, &fd));
    fd_close(fd);
  }
}

// Each right that a directory reports is enough to open it again.
static void ask_to_open_again(void) {
  struct fdstat stat = {0};
  fd_fdstat_get(root, &stat);
  u32 fd = closed;
  answer("path_open", ".", "the rights of the descriptor", path_open(root, 1, PATH("."), 0, stat.base, stat.inheriting, 0, &fd));
  fd_close(fd);
}

void _start(void) {
  ask_about_descriptors();
  ask_about_paths();
  ask_about_opens();
  ask_to_open_again();
  make_files();
  u32 done = 0, written = 0;
  while (done < length && fd_write(1, &(struct iovec){text + done, length - done}, 1, &written) == 0) {
    done += written;
  }
}

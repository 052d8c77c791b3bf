// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files, duplicates, pipes, counters and directories by the raw calls of WASIX. The root is preopened as "/".
#include <stdint.h>
#include <string.h>

#include "guest.h"
#include "wasix.h"

static void files(void) {
  int fd = -1;
  uint8_t stat[64] = {0};
  uint64_t size = 0;
  char text[16] = "";
  REQUIRE(wasi_path_create_directory(root, "/made", 5) == e_success);
  REQUIRE(open_at(root, "/made/file", open_create | open_exclusive, 0, &fd) == e_success && fd > root);
  REQUIRE(put(fd, "content", 7) == e_success && wasi_fd_close(fd) == e_success);
  // With the leading slash and without, and by way of what leads back inside.
  for (const char *const *path = (const char *const[]){"/made/file", "made/file", "//made/file", "/./made/file",
                                                       "/made/../made/file", "../made/file", "/../../made/file", 0};
       *path != 0; ++path) {
    REQUIRE(wasi_path_filestat_get(root, 1, *path, (uint32_t)strlen(*path), stat) == e_success);
    memcpy(&size, stat + 32, sizeof size);
    REQUIRE(size == 7);
    REQUIRE(open_at(root, *path, 0, 0, &fd) == e_success && get(fd, text, sizeof text) == 7);
    REQUIRE(memcmp(text, "content", 7) == 0 && wasi_fd_close(fd) == e_success);
  }
  REQUIRE(open_at(root, "/", open_directory, 0, &fd) == e_success && wasi_fd_close(fd) == e_success);
  REQUIRE(open_at(root, "/made/file", open_create | open_exclusive, 0, &fd) == e_exist);
  REQUIRE(open_at(root, "/missing", 0, 0, &fd) == e_noent && open_at(root, "", 0, 0, &fd) == e_noent);
  REQUIRE(open_at(root, "out/secret", 0, 0, &fd) == e_notcapable); // a link that leads out
  REQUIRE(open_at(root, "/made/file", 0, 2, &fd) == e_inval && open_at(77, "file", 0, 0, &fd) == e_badf);
  REQUIRE(open_at(root, "/made/file", 0, 0, (int *)-4) == e_memviolation);
  REQUIRE(wasix_path_open2(root, 1, (char *)-4, 8, 0, 0, 0, 0, 0, &fd) == e_memviolation);
  // Beneath another directory a leading slash still leads out.
  int made = -1;
  REQUIRE(open_at(root, "made", open_directory, 0, &made) == e_success);
  REQUIRE(open_at(made, "/file", 0, 0, &fd) == e_notcapable && open_at(made, "../made/file", 0, 0, &fd) == e_notcapable);
  REQUIRE(open_at(made, "file", 0, 0, &fd) == e_success);
  REQUIRE(wasi_fd_close(fd) == e_success && wasi_fd_close(made) == e_success);
}

static void directories(void) {
  char path[64] = "";
  uint32_t size = sizeof path;
  REQUIRE(wasix_chdir("/made", 5) == e_success && wasix_chdir("../made/.", 9) == e_success);
  REQUIRE(wasix_getcwd(path, &size) == e_success && size == 5 && strcmp(path, "/made") == 0);
  REQUIRE(wasix_chdir("file", 4) == e_notdir && wasix_chdir("none", 4) == e_noent);
  REQUIRE(wasix_chdir("/out", 4) == e_notcapable && wasix_chdir((char *)-4, 8) == e_memviolation);
  REQUIRE(wasix_chdir("../..", 5) == e_success);
  size = sizeof path;
  REQUIRE(wasix_getcwd(path, &size) == e_success && size == 1 && strcmp(path, "/") == 0);
}

static void duplicates(void) {
  int fd = -1, copy = -1, high = -1;
  char text[8] = "";
  uint16_t flags = 9;
  uint64_t place = 0;
  REQUIRE(open_at(root, "/made/file", 0, close_on_exec, &fd) == e_success);
  REQUIRE(wasix_fd_fdflags_get(fd, &flags) == e_success && flags == close_on_exec);
  REQUIRE(wasix_fd_dup(fd, &copy) == e_success && copy != fd);
  REQUIRE(wasix_fd_fdflags_get(copy, &flags) == e_success && flags == 0);
  REQUIRE(wasix_fd_dup2(fd, 40, 1, &high) == e_success && high == 40);
  REQUIRE(wasix_fd_fdflags_get(high, &flags) == e_success && flags == close_on_exec);
  REQUIRE(wasix_fd_fdflags_set(high, 0) == e_success && wasix_fd_fdflags_get(high, &flags) == e_success && flags == 0);
  // One offset for all three.
  REQUIRE(get(fd, text, 3) == 3 && get(copy, text, 2) == 2 && memcmp(text, "te", 2) == 0);
  REQUIRE(wasi_fd_seek(high, 0, 1, &place) == e_success && place == 5);
  int next = -1;
  REQUIRE(wasix_fd_dup2(fd, 40, 0, &next) == e_success && next == 41);
  REQUIRE(wasi_fd_close(fd) == e_success && get(copy, text, 8) == 2 && wasi_fd_close(copy) == e_success);
  REQUIRE(wasi_fd_close(high) == e_success && wasi_fd_close(next) == e_success);

  REQUIRE(wasix_fd_dup(77, &copy) == e_badf && wasix_fd_dup2(77, 0, 0, &copy) == e_badf);
  REQUIRE(wasix_fd_dup2(1, -1, 0, &copy) == e_inval && wasix_fd_dup(1, (int *)-1) == e_memviolation);
  REQUIRE(wasix_fd_fdflags_get(77, &flags) == e_badf && wasix_fd_fdflags_set(77, 0) == e_badf);
  REQUIRE(wasix_fd_fdflags_set(1, 2) == e_inval && wasix_fd_fdflags_get(1, (uint16_t *)-1) == e_memviolation);
}

static int write_end_of_pipe;

static void *write_later(void *unused) {
  (void)unused;
  usleep(20000);
  REQUIRE(put(write_end_of_pipe, "late", 4) == e_success && wasi_fd_close(write_end_of_pipe) == e_success);
  return 0;
}

static void pipes(void) {
  int ends[2] = {-1, -1};
  char text[8] = "";
  REQUIRE(wasix_fd_pipe(&ends[0], &ends[1]) == e_success && ends[0] != ends[1]);
  REQUIRE(get(ends[1], text, 4) == -e_notcapable && put(ends[0], "no", 2) == e_notcapable);
  REQUIRE(wasi_fd_fdstat_set_flags(ends[0], flag_nonblock) == e_success && get(ends[0], text, 4) == -e_again);
  REQUIRE(wasi_fd_fdstat_set_flags(ends[0], 0) == e_success);
  write_end_of_pipe = ends[1];
  const pthread_t writer = start(write_later, 0);
  REQUIRE(get(ends[0], text, 8) == 4 && memcmp(text, "late", 4) == 0 && get(ends[0], text, 8) == 0);
  REQUIRE(pthread_join(writer, 0) == 0 && wasi_fd_close(ends[0]) == e_success);

  REQUIRE(wasix_fd_pipe(&ends[0], &ends[1]) == e_success && wasi_fd_close(ends[0]) == e_success);
  REQUIRE(put(ends[1], "x", 1) == e_pipe && wasi_fd_close(ends[1]) == e_success);
  REQUIRE(wasix_fd_pipe((int *)-1, &ends[1]) == e_memviolation && wasix_fd_pipe(&ends[0], (int *)-1) == e_memviolation);
}

static void counters(void) {
  int fd = -1;
  uint64_t value = 0;
  const uint64_t large = 1ULL << 40;
  REQUIRE(wasix_fd_event(large, 0, &fd) == e_success && get(fd, &value, sizeof value) == 8 && value == large);
  REQUIRE(wasi_fd_fdstat_set_flags(fd, flag_nonblock) == e_success && get(fd, &value, sizeof value) == -e_again);
  value = 3;
  REQUIRE(put(fd, &value, sizeof value) == e_success && get(fd, &value, 4) == -e_inval);
  REQUIRE(get(fd, &value, sizeof value) == 8 && value == 3 && wasi_fd_close(fd) == e_success);
  REQUIRE(wasix_fd_event(2, 1, &fd) == e_success);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(get(fd, &value, sizeof value) == 8 && value == 1);
  }
  REQUIRE(wasi_fd_close(fd) == e_success);
  REQUIRE(wasix_fd_event(~0ULL, 0, &fd) == e_inval && wasix_fd_event(0, 2, &fd) == e_inval);
  REQUIRE(wasix_fd_event(0, 0, (int *)-1) == e_memviolation);
}

int main(void) {
  files();
  directories();
  duplicates();
  pipes();
  counters();
  REQUIRE(wasi_path_unlink_file(root, "/made/file", 10) == e_success);
  REQUIRE(wasi_path_remove_directory(root, "/made", 5) == e_success);
  printf("ok descriptors\n");
  return 0;
}

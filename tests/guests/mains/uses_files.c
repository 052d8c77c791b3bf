// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files and directories through the packaged libc and the support library, in the current directory, which is preopened.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "guest.h"

static void write_and_read(void) {
  FILE *file = fopen("work/a.txt", "w+");
  REQUIRE(file != 0 && fprintf(file, "hello %d\n", 42) == 9);
  rewind(file);
  char line[32];
  REQUIRE(fgets(line, sizeof line, file) != 0 && strcmp(line, "hello 42\n") == 0);
  REQUIRE(fclose(file) == 0);
  int fd = open("work/a.txt", O_WRONLY | O_APPEND);
  REQUIRE(fd >= 0 && write(fd, "more\n", 5) == 5 && close(fd) == 0);
  struct stat stat_of;
  REQUIRE(stat("work/a.txt", &stat_of) == 0 && stat_of.st_size == 14 && S_ISREG(stat_of.st_mode));
  REQUIRE(truncate("work/a.txt", 3) == 0 && stat("work/a.txt", &stat_of) == 0 && stat_of.st_size == 3);
}

static void list(int expected) {
  DIR *stream = opendir("work");
  REQUIRE(stream != 0);
  int count = 0;
  for (struct dirent *entry = 0; (entry = readdir(stream)) != 0;) {
    count += entry->d_name[0] != '.';
  }
  rewinddir(stream);
  REQUIRE(readdir(stream) != 0 && closedir(stream) == 0);
  REQUIRE(count == expected);
}

int main(void) {
  REQUIRE(mkdir("work", 0777) == 0);
  REQUIRE(mkdir("work", 0777) == -1 && errno == EEXIST);
  write_and_read();
  for (int i = 0; i < 200; ++i) {
    char name[64];
    snprintf(name, sizeof name, "work/a_name_that_needs_some_room_%03d", i);
    int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0666);
    REQUIRE(fd >= 0 && close(fd) == 0);
  }
  list(201);
  REQUIRE(rename("work/a.txt", "work/b.txt") == 0 && access("work/a.txt", R_OK) == -1 && errno == ENOENT);
  REQUIRE(chdir("work") == 0 && access("b.txt", R_OK) == 0 && access("../work/b.txt", R_OK) == 0);
  char path[256];
  REQUIRE(getcwd(path, sizeof path) != 0 && strcmp(path, "/work") == 0);
  REQUIRE(chdir("..") == 0);
  REQUIRE(open("../outside", O_RDONLY) == -1);
  for (int i = 0; i < 200; ++i) {
    char name[64];
    snprintf(name, sizeof name, "work/a_name_that_needs_some_room_%03d", i);
    REQUIRE(unlink(name) == 0);
  }
  REQUIRE(rmdir("work") == -1 && errno == ENOTEMPTY);
  REQUIRE(unlink("work/b.txt") == 0 && rmdir("work") == 0);
  printf("ok files\n");
  return 0;
}

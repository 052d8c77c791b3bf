// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Does what its arguments say, one after the other, and prints a line for each: the names and descriptors of a guest as a
// C program sees them.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char report[4096];

static void say(const char *what, const char *argument, int failed) {
  size_t used = strlen(report);
  snprintf(report + used, sizeof report - used, "%s %s: %s\n", what, argument, failed ? strerror(errno) : "yes");
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path) {
  DIR *directory = opendir(path);
  if (directory == 0) {
    say("list", path, 1);
    return;
  }
  char *names[64];
  size_t count = 0;
  for (struct dirent *entry = readdir(directory); entry != 0 && count < 64; entry = readdir(directory)) {
    names[count++] = strdup(entry->d_name);
  }
  closedir(directory);
  qsort(names, count, sizeof *names, compare);
  strcat(strcat(strcat(report, "list "), path), ":");
  for (size_t i = 0; i < count; ++i) {
    strcat(strcat(report, " "), names[i]);
  }
  strcat(report, "\n");
}

static void current_directory(void) {
  char path[256];
  strcat(strcat(strcat(report, "current directory "), getcwd(path, sizeof path) != 0 ? path : strerror(errno)), "\n");
}

static void create(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT, 0666);
  say("create", path, fd < 0);
  if (fd >= 0) {
    close(fd);
  }
}

static void close_all(void) {
  for (int fd = 3; fd < 64; ++fd) {
    close(fd);
  }
}

// Until it fails.
static void fill(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  static char block[4096];
  while (write(fd, block, sizeof block) > 0) {
  }
  say("fill", path, 1);
}

// Until it fails.
static void open_many(const char *path) {
  while (open(path, O_RDONLY) >= 0) {
  }
  say("open many", path, 1);
}

int main(int argc, char **argv) {
  struct stat status;
  char byte = 0;
  for (int i = 1; i < argc; ++i) {
    char what = argv[i][0];
    const char *path = argv[i] + 1;
    switch (what) {
      case 'c': say("enter", path, chdir(path)); break;
      case 'd': current_directory(); break;
      case 'l': list(path); break;
      case 's': say("status", path, stat(path, &status)); break;
      case 'n': create(path); break;
      case 'm': say("make directory", path, mkdir(path, 0777)); break;
      case 'o': {
        void *library = dlopen(path, RTLD_NOW);
        strcat(strcat(strcat(report, library != 0 ? "opened " : "refused "), library != 0 ? path : dlerror()), "\n");
        break;
      }
      case 'r': say("read", path, read(atoi(path), &byte, 1) < 0); break;
      case 'w': say("write", path, write(atoi(path), ".", 1) < 0); break;
      case 'f': say("sync", path, fsync(atoi(path))); break;
      case 'x': close_all(); break;
      case 'F': fill(path); break;
      case 'M': open_many(path); break;
    }
  }
  // On whichever is there.
  if (write(2, report, strlen(report)) < 0) {
    write(1, report, strlen(report));
  }
  return 0;
}

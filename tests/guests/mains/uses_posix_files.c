// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared mappings, permissions, devices, places in directories and other calls about files, by the C library's functions.
#define _GNU_SOURCE
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { size = 4096 };

static int fails_with(int result, int error) { return result == -1 && errno == error; }

static int file_of(const char *path, int length) {
  const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  REQUIRE(fd >= 0 && ftruncate(fd, length) == 0);
  return fd;
}

static char *map(int fd, int protection, int flags, int offset) {
  char *memory = mmap(0, size, protection, flags, fd, offset);
  REQUIRE(memory != MAP_FAILED);
  return memory;
}

static void *write_there(void *memory) {
  strcpy(memory, "from a thread");
  return 0;
}

static void shared_mappings(void) {
  char text[32] = "";
  const int fd = file_of("/mapped", 2 * size);
  char *one = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
  const int again = open("/mapped", O_RDWR);
  char *other = map(again, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
  char *second = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, size);
  REQUIRE(one == other && second != one && close(again) == 0);
  REQUIRE(pthread_join(start(write_there, one), 0) == 0 && strcmp(other, "from a thread") == 0);
  REQUIRE(pread(fd, text, sizeof text, 0) == sizeof text && *text == 0 && msync(one, size, MS_SYNC) == 0);
  REQUIRE(pread(fd, text, sizeof text, 0) == sizeof text && strcmp(text, "from a thread") == 0);
  strcpy(second, "by the last unmap");
  REQUIRE(munmap(second, size) == 0 && pread(fd, text, sizeof text, size) == sizeof text);
  REQUIRE(strcmp(text, "by the last unmap") == 0);
  strcpy(one, "shortened");
  REQUIRE(ftruncate(fd, 5) == 0 && munmap(one, size) == 0 && munmap(other, size) == 0 && close(fd) == 0);
  struct stat stat_;
  REQUIRE(stat("/mapped", &stat_) == 0 && stat_.st_size == 5);
  const int reader = open("/mapped", O_RDONLY);
  REQUIRE(mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED && errno == EACCES);
  REQUIRE(strncmp(map(reader, PROT_READ, MAP_SHARED, 0), "short", size) == 0);
  const int object = shm_open("/object", O_RDWR | O_CREAT, 0600);
  REQUIRE(object >= 0 && ftruncate(object, size) == 0 && *map(object, PROT_READ | PROT_WRITE, MAP_SHARED, 0) == 0);
  REQUIRE(shm_unlink("/object") == 0 && fails_with(shm_unlink("/object"), ENOENT));
  // This one is written as the program ends.
  const int last = file_of("/at_exit", 8);
  strcpy(map(last, PROT_READ | PROT_WRITE, MAP_SHARED, 0), "written");
}

static void permissions(void) {
  struct stat stat_;
  struct statvfs figures;
  close(file_of("/file", 1));
  REQUIRE(chmod("/file", 0400) == 0 && stat("/file", &stat_) == 0 && stat_.st_mode == (S_IFREG | 0400));
  REQUIRE(fails_with(access("/file", X_OK), EACCES) && access("/file", R_OK) == 0);
  const int fd = open("/file", O_RDONLY);
  REQUIRE(fchmod(fd, 0755) == 0 && fstat(fd, &stat_) == 0 && stat_.st_mode == (S_IFREG | 0755));
  REQUIRE(access("/file", X_OK) == 0 && fails_with(chmod("/none", 0600), ENOENT));
  REQUIRE(fails_with(chmod("/file", 04755), EPERM) && fails_with(fchmod(1000, 0600), EBADF));
  REQUIRE(close(open("/made", O_CREAT | O_WRONLY, 0666)) == 0 && stat("/made", &stat_) == 0);
  REQUIRE((stat_.st_mode & 0777) == 0644 && umask(0) == 022);
  REQUIRE(close(open("/made", O_CREAT | O_WRONLY, 0600)) == 0 && stat("/made", &stat_) == 0 && (stat_.st_mode & 0777) == 0644);
  REQUIRE(mkdir("/private", 0700) == 0 && stat("/private", &stat_) == 0 && stat_.st_mode == (S_IFDIR | 0700));
  char unique[] = "/tmp/uniqueXXXXXX";
  REQUIRE(close(mkstemp(unique)) == 0 && stat(unique, &stat_) == 0 && stat_.st_mode == (S_IFREG | 0600));
  REQUIRE(statvfs("/", &figures) == 0 && figures.f_bsize > 0 && figures.f_blocks >= figures.f_bfree);
  REQUIRE(fstatvfs(fd, &figures) == 0 && fails_with(statvfs("/none", &figures), ENOENT));
}

static void devices(void) {
  char bytes[4] = "abc";
  const int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY), random = open("/dev/urandom", O_RDONLY);
  REQUIRE(null >= 0 && write(null, "x", 1) == 1 && read(null, bytes, 1) == 0);
  REQUIRE(read(zero, bytes, 4) == 4 && *bytes == 0 && read(random, bytes, 4) == 4);
  FILE *file = fopen("/dev/null", "w");
  REQUIRE(file != 0 && fputs("gone", file) >= 0 && fclose(file) == 0);
}

static void places(void) {
  char name[16], third[16] = "";
  long place = -1;
  REQUIRE(mkdir("/many", 0755) == 0);
  for (int i = 0; i < 300; ++i) {
    snprintf(name, sizeof name, "/many/%d", i);
    close(file_of(name, 0));
  }
  DIR *directory = opendir("/many");
  const struct dirent *entry = 0;
  int count = 0;
  while ((entry = readdir(directory)) != 0) {
    if (++count == 200) {
      place = telldir(directory);
      REQUIRE(telldir(directory) == place);
    } else if (count == 201) {
      strcpy(third, entry->d_name);
    }
  }
  REQUIRE(count == 302);
  seekdir(directory, place);
  REQUIRE((entry = readdir(directory)) != 0 && strcmp(entry->d_name, third) == 0);
  seekdir(directory, 0);
  for (count = 0; readdir(directory) != 0; ++count) {
  }
  REQUIRE(count == 302 && closedir(directory) == 0);
}

static void stack_and_clocks(void) {
  pthread_attr_t attributes;
  void *low = 0;
  size_t bytes = 0;
  struct timespec time;
  REQUIRE(pthread_getattr_np(pthread_self(), &attributes) == 0 && pthread_attr_getstack(&attributes, &low, &bytes) == 0);
  REQUIRE((char *)&time > (char *)low && (char *)&time < (char *)low + bytes);
  REQUIRE(clock_gettime(CLOCK_MONOTONIC_COARSE, &time) == 0 && clock_gettime(CLOCK_BOOTTIME, &time) == 0);
  REQUIRE(clock_gettime(CLOCK_REALTIME_COARSE, &time) == 0 && time.tv_sec > 1700000000);
  REQUIRE(fails_with(clock_gettime(77, &time), EINVAL));
}

int main(void) {
  shared_mappings();
  permissions();
  devices();
  places();
  stack_and_clocks();
  printf("ok files\n");
  return 0;
}

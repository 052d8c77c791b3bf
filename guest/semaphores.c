// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Named semaphores: known within the program, which is all that could share one.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct named {
  sem_t semaphore;  // First: its address is the caller's.
  struct named *next;
  int users;
  bool is_unlinked;
  char name[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct named *all;

static struct named *find(const char *name) {
  struct named *one = all;
  while (one != 0 && (one->is_unlinked || strcmp(one->name, name) != 0)) {
    one = one->next;
  }
  return one;
}

// Called with the lock held.
static void drop_if_unused(struct named *one) {
  if (one->users != 0 || !one->is_unlinked) {
    return;
  }
  struct named **place = &all;
  while (*place != one) {
    place = &(*place)->next;
  }
  *place = one->next;
  free(one);
}

static struct named *make(const char *name, unsigned value) {
  struct named *one = calloc(1, sizeof *one + strlen(name) + 1);
  if (one == 0 || sem_init(&one->semaphore, 0, value) != 0) {
    free(one);
    return 0;
  }
  strcpy(one->name, name);
  one->next = all;
  all = one;
  return one;
}

static const char *checked(const char *name) {
  name += strspn(name, "/");
  size_t size = strlen(name);
  if (size == 0 || strchr(name, '/') != 0) {
    errno = EINVAL;
    return 0;
  }
  if (size > NAME_MAX) {
    errno = ENAMETOOLONG;
    return 0;
  }
  return name;
}

sem_t *sem_open(const char *path, int flags, ...) {
  const char *name = checked(path);
  if (name == 0) {
    return SEM_FAILED;
  }
  va_list list;
  va_start(list, flags);
  unsigned value = 0;
  if ((flags & O_CREAT) != 0) {
    (void)va_arg(list, mode_t);
    value = va_arg(list, unsigned);
  }
  va_end(list);
  pthread_mutex_lock(&lock);
  struct named *one = find(name);
  if (one != 0 && (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
    errno = EEXIST;
    one = 0;
  } else if (one == 0 && (flags & O_CREAT) == 0) {
    errno = ENOENT;
  } else if (one == 0) {
    one = make(name, value);
  }
  if (one != 0) {
    one->users += 1;
  }
  pthread_mutex_unlock(&lock);
  return one != 0 ? &one->semaphore : SEM_FAILED;
}

int sem_close(sem_t *semaphore) {
  struct named *one = (struct named *)semaphore;
  pthread_mutex_lock(&lock);
  one->users -= 1;
  drop_if_unused(one);
  pthread_mutex_unlock(&lock);
  return 0;
}

int sem_unlink(const char *path) {
  const char *name = checked(path);
  if (name == 0) {
    return -1;
  }
  pthread_mutex_lock(&lock);
  struct named *one = find(name);
  if (one != 0) {
    one->is_unlinked = true;
    drop_if_unused(one);
  }
  pthread_mutex_unlock(&lock);
  if (one == 0) {
    errno = ENOENT;
    return -1;
  }
  return 0;
}

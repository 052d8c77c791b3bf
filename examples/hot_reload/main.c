// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program that reloads its plugin while threads call it.
//
// Usage: hot_reload PLUGIN MILLISECONDS VERSION: looks at PLUGIN's file every MILLISECONDS; ends when all threads have called
// version VERSION. The state that the plugin works on is the program's and lives on.
//
// A version is closed when its last caller is out: a close while a thread is inside is an error, here as on any system.
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { callers = 8 };

// One loaded version.
struct version {
  void *library;
  int number;
  int (*step)(int *state);
  int users;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static struct version *current;
static int last_version;

static struct version *open_version(const char *path) {
  struct version *opened = calloc(1, sizeof *opened);
  opened->library = dlopen(path, RTLD_NOW | RTLD_RELOAD);
  if (opened->library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    free(opened);
    return NULL;
  }
  opened->number = ((int (*)(void))dlsym(opened->library, "plugin_version"))();
  opened->step = (int (*)(int *))dlsym(opened->library, "plugin_step");
  return opened;
}

static struct version *enter(void) {
  pthread_mutex_lock(&lock);
  struct version *entered = current;
  ++entered->users;
  pthread_mutex_unlock(&lock);
  return entered;
}

static void leave(struct version *entered) {
  pthread_mutex_lock(&lock);
  if (--entered->users == 0) {
    pthread_cond_signal(&left);
  }
  pthread_mutex_unlock(&lock);
}

// Calls whatever version is current, as often as it can. The sum of what the calls added is the state.
static void *call(void *argument) {
  long *calls = argument;
  int state = 0, expected = 0, seen = 0;
  while (seen < last_version) {
    struct version *version = enter();
    expected += version->number;
    if (version->step(&state) != expected) {
      fprintf(stderr, "a call was lost: %d, not %d\n", state, expected);
      exit(1);
    }
    seen = version->number;
    leave(version);
    ++*calls;
  }
  return NULL;
}

// The version that is replaced goes when its last caller is out; nobody can enter it any more.
static void replace(struct version *next) {
  pthread_mutex_lock(&lock);
  struct version *old = current;
  current = next;
  while (old != NULL && old->users != 0) {
    pthread_cond_wait(&left, &lock);
  }
  pthread_mutex_unlock(&lock);
  if (old != NULL) {
    dlclose(old->library);
    free(old);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: hot_reload PLUGIN MILLISECONDS VERSION\n");
    return 2;
  }
  last_version = atoi(argv[3]);
  struct stat seen, now;
  if (stat(argv[1], &seen) != 0) {
    perror(argv[1]);
    return 1;
  }
  struct version *first = open_version(argv[1]);
  if (first == NULL) {
    return 1;
  }
  replace(first);
  printf("version %d\n", current->number);
  fflush(stdout);
  pthread_t threads[callers];
  long calls[callers] = {0};
  for (int i = 0; i < callers; ++i) {
    pthread_create(&threads[i], NULL, call, &calls[i]);
  }
  while (current->number < last_version) {
    usleep((useconds_t)atoi(argv[2]) * 1000);
    // A builder writes beside the file and renames: whoever looks sees the old one or the new one.
    if (stat(argv[1], &now) != 0 || now.st_ino == seen.st_ino) {
      continue;
    }
    struct version *next = open_version(argv[1]);
    if (next != NULL) {
      seen = now;
      replace(next);
      printf("version %d\n", current->number);
      fflush(stdout);
    }
  }
  long sum = 0;
  for (int i = 0; i < callers; ++i) {
    pthread_join(threads[i], NULL);
    sum += calls[i];
  }
  printf("ok hot_reload: every call of %d threads was answered by one version\n", callers);
  return sum > 0 ? 0 : 1;
}

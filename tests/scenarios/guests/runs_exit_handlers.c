// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of libraries, at close and at exit: argv[1] says which. The words that are said are printed at the end.
#include "parts.h"

static char said[4096];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void say(const char *word) {
  pthread_mutex_lock(&lock);
  if (strlen(said) + strlen(word) + 2 < sizeof said) {
    strcat(strcat(said, word), " ");
  }
  pthread_mutex_unlock(&lock);
}

// Registered first, so run last.
static void show(void) {
  printf("said %s\n", said);
  fflush(stdout);
}

static void say_main(void) { say("m"); }
static void say_main_again(void) { say("M"); }

typedef int registers(void (*)(void));

static int call(void *library, const char *name) { return ((nullary *)find(library, name))(); }

static void heard(const char *words) {
  if (strcmp(said, words) != 0) {
    printf("failed: said %s, not %s\n", said, words);
    exit(1);
  }
}

static void closed(void) {
  void *library = open_now("./libhandlers_a.so");
  atexit(say_main_again);
  REQUIRE(dlclose(library) == 0);
  heard("a2 a1 ");
  library = open_now("./libhandlers_a.so");
  REQUIRE(dlclose(library) == 0);
  heard("a2 a1 a2 a1 ");
}

static void at_exit(void) {
  open_now("./libhandlers_a.so");
  atexit(say_main_again);
  open_now("./libhandlers_b.so");
}

static void for_another(void) {
  void *a = open_now("./libhandlers_a.so"), *b = open_now("./libhandlers_b.so");
  // b's function, in the name of a: the close of whichever goes first runs it.
  REQUIRE(((registers *)find(a, "handlers_register"))((void (*)(void))find(b, "handlers_say")) == 0);
  REQUIRE(dlclose(b) == 0);
  heard("bo b2 b1 ");
  REQUIRE(dlclose(a) == 0);
  heard("bo b2 b1 a2 a1 ");
}

static void of_main(void) {
  void *a = open_now("./libhandlers_a.so");
  REQUIRE(((registers *)find(a, "handlers_register"))(say_main_again) == 0);
  REQUIRE(dlclose(a) == 0);
  heard("M a2 a1 ");
}

static void in_a_handler(void) {
  void *a = open_now("./libhandlers_a.so");
  REQUIRE(call(a, "handlers_register_more") == 0);
  REQUIRE(dlclose(a) == 0);
  heard("ar an a2 a1 ");
}

static void kept(void) {
  void *library = dlopen("./libhandlers_a.so", RTLD_NOW | RTLD_NODELETE);
  REQUIRE(dlclose(library) == 0);
  heard("");
  atexit(say_main_again);
}

static atomic_int go, done;

static void *makes_object(void *library) {
  REQUIRE(call(library, "handlers_make_object") == 0);
  atomic_store(&done, 1);
  wait_for(&go);
  return 0;
}

// A thread-local object keeps its library until it is destroyed; the library goes with the next close.
static void of_thread(void) {
  void *library = open_now("./libhandlers_a.so"), *other = open_now("./libhandlers_b.so");
  pthread_t thread = start(makes_object, library);
  wait_for(&done);
  REQUIRE(dlclose(library) == 0);
  heard("");
  REQUIRE(dlopen("./libhandlers_a.so", RTLD_NOW | RTLD_NOLOAD) == library && dlclose(library) == 0);
  atomic_store(&go, 1);
  pthread_join(thread, 0);
  heard("at ");
  REQUIRE(dlclose(other) == 0);
  REQUIRE(strstr(said, "b2 b1") != 0 && strstr(said, "a2 a1") != 0);
  REQUIRE(dlopen("./libhandlers_a.so", RTLD_NOW | RTLD_NOLOAD) == 0);
}

static void of_main_thread(void) {
  void *library = open_now("./libhandlers_a.so");
  REQUIRE(call(library, "handlers_make_object") == 0);
  REQUIRE(dlclose(library) == 0);
  heard("");
}

static void ends_program(void) { exit(3); }

static void exits_in_a_handler(void) {
  void *a = open_now("./libhandlers_a.so");
  open_now("./libhandlers_b.so");
  REQUIRE(((registers *)find(a, "handlers_call_at_close"))(ends_program) == 0);
  dlclose(a);
}

static void ends_thread(void) { pthread_exit(0); }

static void *closes(void *library) {
  dlclose(library);
  return library;
}

// What is left of the close is left out, and its thread's leave ends it: the file can be opened anew.
static void ends_thread_in_a_handler(void) {
  void *a = open_now("./libhandlers_a.so");
  REQUIRE(((registers *)find(a, "handlers_call_at_close"))(ends_thread) == 0);
  void *result = a;
  pthread_join(start(closes, a), &result);
  REQUIRE(result == 0);
  void *again = open_now("./libhandlers_a.so");
  REQUIRE(again != a);
  REQUIRE(dlclose(again) == 0);
  heard("a2 a1 ");
}

static void *other_library;
static void opens_and_closes(void) {
  void *own = open_now("./libhandlers_a.so");  // A new incarnation beside the closing one.
  REQUIRE(dlclose(own) == 0);
  REQUIRE(dlclose(other_library) == 0);
  pthread_join(start(closes, open_now("./libhandlers_b.so")), 0);
}

static void closes_in_a_handler(void) {
  void *a = open_now("./libhandlers_a.so");
  other_library = open_now("./libhandlers_b.so");
  REQUIRE(((registers *)find(a, "handlers_call_at_close"))(opens_and_closes) == 0);
  REQUIRE(dlclose(a) == 0);
  heard("a2 a1 b2 b1 b2 b1 a2 a1 ");
}

static void closes_at_exit_now(void) {
  say("x");
  REQUIRE(dlclose(other_library) == 0);
}

static void closes_at_exit(void) {
  other_library = open_now("./libhandlers_b.so");
  open_now("./libhandlers_a.so");
  atexit(closes_at_exit_now);
}

static void *opens_and_closes_for_ever(void *unused) {
  (void)unused;
  for (;;) {
    void *library = dlopen("./libhandlers_a.so", RTLD_NOW);
    if (library != 0) {
      dlclose(library);
    }
    atomic_store(&done, 1);
  }
  return 0;
}

static void races_exit(void) {
  for (int i = 0; i < 3; ++i) {
    start(opens_and_closes_for_ever, 0);
  }
  wait_for(&done);
}

int main(int argc, char **argv) {
  static const struct part parts[] = {{"closed", closed},
                                      {"at_exit", at_exit},
                                      {"for_another", for_another},
                                      {"of_main", of_main},
                                      {"in_a_handler", in_a_handler},
                                      {"kept", kept},
                                      {"of_thread", of_thread},
                                      {"of_main_thread", of_main_thread},
                                      {"exits_in_a_handler", exits_in_a_handler},
                                      {"ends_thread_in_a_handler", ends_thread_in_a_handler},
                                      {"closes_in_a_handler", closes_in_a_handler},
                                      {"closes_at_exit", closes_at_exit},
                                      {"races_exit", races_exit}};
  REQUIRE(argc == 2);
  atexit(show);
  atexit(say_main);
  return RUN_PART(parts);
}

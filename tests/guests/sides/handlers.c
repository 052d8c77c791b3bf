// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that registers handlers for its close and the end of the program: LETTER marks the words that they say.
#include <stdlib.h>

void say(const char *word);

extern void *__dso_handle;
int __cxa_atexit(void (*function)(void *), void *argument, void *module);
int __cxa_thread_atexit(void (*function)(void *), void *argument, void *module);

static const char words[] = LETTER "1\0" LETTER "2\0" LETTER "t\0" LETTER "o\0" LETTER "n\0" LETTER "r\0" LETTER "q";
enum { first = 0, second = 3, of_thread = 6, for_another = 9, newer = 12, by_reference = 15, quick = 18 };

static void say_first(void) { say(words + first); }
static void say_word(void *word) { say(word); }

__attribute__((constructor)) static void constructed(void) {
  atexit(say_first);
  __cxa_atexit(say_word, (void *)(words + second), &__dso_handle);
}

// A thread-local object with a destructor, as a C++ compiler makes it.
static _Thread_local int is_made;
int handlers_make_object(void) {
  int was = is_made++;
  return was ? 0 : __cxa_thread_atexit(say_word, (void *)(words + of_thread), &__dso_handle);
}

// A function of whoever calls, in the name of this library.
int handlers_register(void (*function)(void)) { return atexit(function); }

void handlers_say(void) { say(words + for_another); }

// A handler that registers one more, through a pointer.
static void say_newer(void) { say(words + newer); }
static int (*volatile enter)(void (*)(void)) = atexit;
static void registers(void) {
  say(words + by_reference);
  enter(say_newer);
}
int handlers_register_more(void) { return enter(registers); }

static void say_quick(void) { say(words + quick); }
int handlers_register_quick(void) { return at_quick_exit(say_quick); }

// Calls what it was given, then the program's exit or the end of the thread.
static void (*then)(void);
static void calls_then(void) { then(); }
int handlers_call_at_close(void (*function)(void)) {
  then = function;
  return atexit(calls_then);
}

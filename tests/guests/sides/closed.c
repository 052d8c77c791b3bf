// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that tells main when it comes and goes: main's `note` gets NUMBER from its constructor and -NUMBER from its
// destructor. Its data must be new after each open. NEED is the number of a library that it calls, if any.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

void note(int number);

static int calls;
static int zeros[4096];
static int initial = NUMBER;
static _Thread_local int own = 7;

__attribute__((constructor)) static void constructed(void) { note(NUMBER); }
__attribute__((destructor)) static void destructed(void) { note(-NUMBER); }

#ifdef NEED
int JOIN(closed_of_, NEED)(void);
__attribute__((destructor)) static void uses_what_it_needs(void) { note(JOIN(closed_of_, NEED)() == NEED ? 1000 : -1000); }
#endif

int JOIN(closed_of_, NUMBER)(void) { return NUMBER; }

// How often it was called since it was opened; -1 when its data are not new.
int closed_count(void) {
  for (unsigned i = 0; i < sizeof zeros / sizeof *zeros; ++i) {
    if (zeros[i] != calls) {
      return -1;
    }
    ++zeros[i];
  }
  if (initial != NUMBER + calls) {
    return -1;
  }
  ++initial;
  return ++calls;
}

// The calling thread's variable: 8 at the first call in each thread.
int closed_own(void) { return ++own; }

// A function whose address main keeps.
int closed_number(void) { return NUMBER; }

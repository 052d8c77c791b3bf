// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library whose constructor notes its number in main, and whose function adds those of what it needs. NUMBER is the
// library's; NEED_1 and NEED_2 are those of the libraries it calls.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define FUNCTION(number) JOIN(order_value_, number)
#define SHALLOW(number) JOIN(order_own_, number)

void note(int number);

__attribute__((constructor)) static void constructed(void) { note(NUMBER); }

int SHALLOW(NUMBER)(void) { return NUMBER; }

#ifdef NEED_1
int SHALLOW(NEED_1)(void);
#endif
#ifdef NEED_2
int SHALLOW(NEED_2)(void);
#endif

int FUNCTION(NUMBER)(void) {
  int value = NUMBER;
#ifdef NEED_1
  value += SHALLOW(NEED_1)();
#endif
#ifdef NEED_2
  value += SHALLOW(NEED_2)();
#endif
  return value;
}

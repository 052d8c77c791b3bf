// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library of a megabyte, with a constructor, a thread-local variable and a function that it calls through a pointer.
static unsigned words[1 << 18] = {1, 2, 3};
static _Thread_local int calls = 40;
static int constructed;

__attribute__((constructor)) static void construct(void) { ++constructed; }

static int add(int x) { return (int)words[1] + x; }

static int (*volatile added)(int) = add;

// 42 in each fresh incarnation, and never twice.
int opened_again(void) {
  int fresh = constructed == 1 && words[0] == 1 && words[(1 << 18) - 1] == 0 ? added(calls) : -1;
  words[0] = words[(1 << 18) - 1] = 7;
  ++calls;
  ++constructed;
  return fresh;
}

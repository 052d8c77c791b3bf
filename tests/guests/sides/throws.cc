// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Throws an int. A small runtime in main carries it (eh_runtime.cc).
extern "C" void throws_int(int value)
{
  throw value;
}

extern "C" int throws_through(int (*function)(int), int value)
{
  return function(value) + 1;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loses a block of memory. The test of this program shows that the leak check, on which other tests rely, is switched
// on where they run.
#include <cstdio>
#include <cstring>

namespace {

__attribute__((noinline)) void lose()
{
  constexpr int size = 12'345;
  char* block = new char[size];
  std::memset(block, 1, size);
  asm volatile("" : : "r"(block) : "memory");
}

__attribute__((noinline)) void overwrite_stack()
{
  volatile char other[4096] = {};
  other[0] = 1;
}

} // namespace

int main()
{
  lose();
  overwrite_stack();
  std::puts("lost");
}

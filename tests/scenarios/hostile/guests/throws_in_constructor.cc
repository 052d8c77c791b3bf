// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Its constructor throws an int, which nobody in it catches.
__attribute__((constructor)) static void construct()
{
  throw 5;
}

extern "C" int thrown_value()
{
  return 6;
}

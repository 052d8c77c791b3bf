// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Defines what late.cc calls: it is opened, in global scope, after that.
extern "C" void late_throw(int value)
{
  throw value;
}

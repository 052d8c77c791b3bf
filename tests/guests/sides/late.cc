// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls functions that nobody defines when it is opened: it is opened lazily, and the first call finds them.
extern "C" {
void late_throw(int value);
void late_jump(void* place, int value);

void throws_late(int value)
{
  late_throw(value);
}

void jumps_late(void* place, int value)
{
  late_jump(place, value);
}
}

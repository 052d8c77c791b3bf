// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Catches what a callback throws; a guard shows that frames in between are unwound.
extern "C" int catches_unwound;
int catches_unwound;

namespace {
struct guard {
  ~guard() { catches_unwound += 1; }
};
} // namespace

extern "C" int catches_int(void (*callback)(int), int value)
{
  try {
    guard here;
    callback(value);
  } catch (int caught) {
    return caught;
  }
  return -1;
}

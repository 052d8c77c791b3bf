// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The outermost frame of a C++ program's threads: an exception that reaches it is nobody's, and std::terminate says its
// type and its text. On wasm nothing looks for a handler before the stack is unwound, so that this is where it is found
// out.

namespace std {
[[noreturn]] void terminate() noexcept;
}

extern "C" void* interlink_guard(void* (*function)(void*), void* argument)
{
  try {
    return function(argument);
  } catch (...) { // Not noexcept, which would leave std::terminate without the exception.
    std::terminate();
  }
}

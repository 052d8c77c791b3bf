# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The tags of longjmp and of C++ exceptions, for a program that opens no library. All others share the host's.
  .tagtype __c_longjmp i32
  .globl __c_longjmp
__c_longjmp:

  .tagtype __cpp_exception i32
  .globl __cpp_exception
__cpp_exception:

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls a function of main by another type than main gives it.
float main_function(float value);

float mismatch_use(float value) { return main_function(value); }

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that imports the embedder's function with another type than it has.
__attribute__((import_module("embedder"), import_name("describe"))) long long describe(float text);

long long wrong_type(void) { return describe(1); }

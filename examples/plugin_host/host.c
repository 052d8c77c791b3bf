// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The program that plugins are opened in: a C library for all of them, and threads to call them in. Nothing to run.

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Read before each source of musl that fills a hole of the packaged library: the words of musl's private headers.
#pragma once
#define hidden __attribute__((__visibility__("hidden")))
#define weak __attribute__((__weak__))
#define weak_alias(old, new) extern __typeof(old) new __attribute__((__weak__, __alias__(#old)))

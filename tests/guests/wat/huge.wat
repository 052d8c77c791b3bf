;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library that asks for more memory than can be had (3 GiB of data, by its dylink.0 section).
(module
  (import "env" "memory" (memory 0 65536 shared))
  (func (export "huge_value") (result i32) i32.const 1))

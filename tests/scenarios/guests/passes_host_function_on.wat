;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library that exports a function of the embedder's under another name.
(module
  (import "env" "memory" (memory 0 65536 shared))
  (import "env" "embedder_twice" (func $twice (param i32) (result i32)))
  (export "passed_on_twice" (func $twice)))

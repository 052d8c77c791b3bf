;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library whose start function sets main's word `constructing` and runs until its word `release` is set. It calls
;; nothing, so that the load runs it before its commit: for that long the load is in flight.
(module
  (import "env" "memory" (memory 0 65536 shared))
  (import "GOT.mem" "release" (global $release (mut i32)))
  (import "GOT.mem" "constructing" (global $constructing (mut i32)))
  (func $start
    (i32.atomic.store (global.get $constructing) (i32.const 1))
    (loop $again
      (br_if $again (i32.eqz (i32.atomic.load (global.get $release))))))
  (start $start)
  (func (export "spins_in_start_value") (result i32) (i32.const 1)))

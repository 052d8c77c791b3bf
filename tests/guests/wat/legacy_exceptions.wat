;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library in the encoding of exceptions that came before the standard.
(module
  (tag $thrown (param i32))
  (func (export "legacy_catch") (result i32)
    try (result i32)
      i32.const 5
      throw $thrown
    catch $thrown
    end))

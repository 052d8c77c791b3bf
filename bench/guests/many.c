// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 4,096 functions, bench_many_000 to bench_many_fff, whose addresses nobody has taken: each can be looked up for the
// first time once. Built for guests and natively.
#define FUNCTION(n) \
  int bench_many_##n(void) { return 0x##n; }
#define ROW(p) \
  FUNCTION(p##0) FUNCTION(p##1) FUNCTION(p##2) FUNCTION(p##3) FUNCTION(p##4) FUNCTION(p##5) FUNCTION(p##6) \
  FUNCTION(p##7) FUNCTION(p##8) FUNCTION(p##9) FUNCTION(p##a) FUNCTION(p##b) FUNCTION(p##c) FUNCTION(p##d) \
  FUNCTION(p##e) FUNCTION(p##f)
#define SQUARE(p) \
  ROW(p##0) ROW(p##1) ROW(p##2) ROW(p##3) ROW(p##4) ROW(p##5) ROW(p##6) ROW(p##7) \
  ROW(p##8) ROW(p##9) ROW(p##a) ROW(p##b) ROW(p##c) ROW(p##d) ROW(p##e) ROW(p##f)

SQUARE(0) SQUARE(1) SQUARE(2) SQUARE(3) SQUARE(4) SQUARE(5) SQUARE(6) SQUARE(7)
SQUARE(8) SQUARE(9) SQUARE(a) SQUARE(b) SQUARE(c) SQUARE(d) SQUARE(e) SQUARE(f)

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library with 100 exported data, each reached through an entry of its global offset table. PREFIX names it.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define DATUM(n) int JOIN(PREFIX, _##n) = 1##n;
#define TAKE(n) JOIN(PREFIX, _##n) +
#define ROW(m, p) m(p##0) m(p##1) m(p##2) m(p##3) m(p##4) m(p##5) m(p##6) m(p##7) m(p##8) m(p##9)
#define ALL(m) \
  ROW(m, 0) ROW(m, 1) ROW(m, 2) ROW(m, 3) ROW(m, 4) ROW(m, 5) ROW(m, 6) ROW(m, 7) ROW(m, 8) ROW(m, 9)

ALL(DATUM)

int JOIN(PREFIX, _sum)(void) { return ALL(TAKE) 0; }

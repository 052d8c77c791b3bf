// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Many functions with systematic names: addressed_N returns N, which is octal. There are 64 for each round, and rounds
// 010 to 027: round 010 has addressed_1000 to addressed_1077.
#pragma once

#define FOR_8(M, p) M(p##0) M(p##1) M(p##2) M(p##3) M(p##4) M(p##5) M(p##6) M(p##7)
#define FOR_64_(M, p)                                                                                         \
  FOR_8(M, p##0) FOR_8(M, p##1) FOR_8(M, p##2) FOR_8(M, p##3) FOR_8(M, p##4) FOR_8(M, p##5) FOR_8(M, p##6) \
  FOR_8(M, p##7)

// M(N) for each function of a round. The round may be a macro.
#define FOR_ROUND(M, round) FOR_64_(M, round)

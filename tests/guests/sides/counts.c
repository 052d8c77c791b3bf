// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Many copies of it are loaded under different names: INDEX tells them apart.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

extern int constructions;
static int value = INDEX;
static int add(int more) { return value + more; }
static int (*volatile through_table)(int) = add;

__attribute__((constructor)) static void construct(void) { __atomic_add_fetch(&constructions, 1, __ATOMIC_SEQ_CST); }

int JOIN(counts_, INDEX)(int more) { return through_table(more); }

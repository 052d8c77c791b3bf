// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers that constructors note in the order they run.
#pragma once

#include "guest.h"

static atomic_int notes[64];
static atomic_int note_count;

void note(int number) { atomic_store(&notes[atomic_fetch_add(&note_count, 1)], number); }

static inline int position_of(int number) {
  int found = -1;
  for (int i = 0; i < atomic_load(&note_count); ++i) {
    if (atomic_load(&notes[i]) == number) {
      REQUIRE(found == -1);
      found = i;
    }
  }
  REQUIRE(found != -1);
  return found;
}

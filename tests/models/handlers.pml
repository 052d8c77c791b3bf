/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   handlers.pml: handlers of libraries between closes in two threads and the exit of the program in a third
   (loader/exit_handlers.cc; close_library, run in loader/library_closer.cc). Two libraries; three handlers: one of each, and
   one that library 0 registers and whose function is library 1's. One more of library 0 may be registered meanwhile, by this
   one or by the first. Each closer has closed its library in turn 1; it runs handlers, newest first, until it may send turn 2.

   Properties: a handler runs once at most; its code and that of its library are there while it runs; without an exit every
   handler runs, and every library is unloaded at the end.

   Mutants: MUT_BEGIN_LATE (found waiting and marked begun in two steps), MUT_RETIRE_BLIND (a close does not look for
   handlers that have come), MUT_RETIRE_RUNNING (a close unloads what another thread runs), MUT_DROP_DEFERRED (nobody unloads
   what was left to the running thread), MUT_END_BLIND (it unloads without looking for handlers that have come). */
#define RECORDS 4
#define NONE 255

mtype = { unborn, waiting, begun, over };
mtype st[RECORDS] = unborn;
byte owner[RECORDS];
byte provider[RECORDS];
bit unloaded[2];
bit left_0[RECORDS], left_1[RECORDS];           /* record::unloads */
bit exiting;
bit runs[RECORDS];

#define IS_OF(r, m) (owner[r] == m || provider[r] == m)
#define touch(r) assert(!unloaded[owner[r]] && !unloaded[provider[r]])

/* Runs record r, which is marked begun, and says that it is over. */
inline run_record(r) {
  atomic {
    assert(!runs[r]);
    runs[r] = 1;
    touch(r)
  };
  if
  :: atomic { (r == 0 || r == 2) && st[3] == unborn -> st[3] = waiting; owner[3] = 0; provider[3] = 0 }  /* one more */
  :: true -> skip
  fi;
  atomic { touch(r) };
  atomic {                                      /* finish; it ends the closes that were left to it */
    st[r] = over;
#ifndef MUT_DROP_DEFERRED
    if
#ifdef MUT_END_BLIND
    :: left_0[r] -> unloaded[0] = 1
#else
    :: left_0[r] -> run Closer(0)
#endif
    :: else -> skip
    fi;
    if
    :: left_1[r] -> run Closer(1)
    :: else -> skip
    fi
#endif
  }
}

proctype Closer(byte m) {
  byte r;
again:
  atomic {                                      /* begin_newest_of */
    r = RECORDS;
    do
    :: r == 0 -> r = NONE; break
    :: else ->
         r--;
         if
         :: st[r] == waiting && IS_OF(r, m) -> break
         :: else -> skip
         fi
    od;
#ifndef MUT_BEGIN_LATE
    if
    :: r != NONE -> st[r] = begun
    :: else -> skip
    fi
#endif
  };
#ifdef MUT_BEGIN_LATE
  if
  :: r != NONE -> st[r] = begun
  :: else -> skip
  fi;
#endif
  if
  :: r != NONE -> run_record(r); goto again
  :: else -> skip
  fi;
  atomic {                                      /* retire */
    if
    :: exiting -> goto end
    :: else -> skip
    fi;
    r = 0;
    do
    :: r == RECORDS -> break
#ifndef MUT_RETIRE_BLIND
    :: r < RECORDS && st[r] == waiting && IS_OF(r, m) -> goto again
#endif
    :: else -> r++
    od;
    r = 0;
    do
    :: r == RECORDS -> break
#ifndef MUT_RETIRE_RUNNING
    :: r < RECORDS && st[r] == begun && IS_OF(r, m) ->
         if
         :: m == 0 -> left_0[r] = 1
         :: else -> left_1[r] = 1
         fi;
         goto end
#endif
    :: else -> r++
    od;
    r = 0;
    do                                          /* granted: what is left of theirs is forgotten */
    :: r == RECORDS -> break
    :: r < RECORDS && IS_OF(r, m) && st[r] == waiting -> st[r] = over; r++
    :: else -> r++
    od
  };
  unloaded[m] = 1;                              /* turn 2 */
end:
  skip
}

/* The C library's list, newest first. */
proctype Exit() {
  byte r = RECORDS;
  bit mine;
  do
  :: r == 0 -> break
  :: else ->
       r--;
       atomic {                                 /* begin */
         exiting = 1;
         mine = (st[r] == waiting);
         if
         :: mine -> st[r] = begun
         :: else -> skip
         fi
       };
       if
       :: mine -> run_record(r)
       :: else -> skip
       fi
  od
}

init {
  atomic {
    owner[0] = 0; provider[0] = 0; st[0] = waiting;
    owner[1] = 1; provider[1] = 1; st[1] = waiting;
    owner[2] = 0; provider[2] = 1; st[2] = waiting;
    run Closer(0);
    run Closer(1);
#ifndef NO_EXIT
    if
    :: run Exit()
    :: true -> skip
    fi
#endif
  };
  atomic {
    _nr_pr == 1 ->
    assert(exiting || unloaded[0] && unloaded[1]);
    assert(exiting || runs[0] && runs[1] && runs[2] && (st[3] == unborn || runs[3]))
  }
}

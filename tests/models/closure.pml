/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   closure.pml: closures, and calls of them meanwhile (change_closures, coordinator::turn(closure_request), set_closures,
   wasm/closure_module.cc). A publication is one step here: publish.pml says why.

   Two closures of one type. A is prepared once, and then again and again, while groups call it. B is prepared and freed, again and
   again: what it gives back may go to A, and the other way round. A trampoline is in the tables of groups by version; its record is
   memory. A turn writes the record, then publishes, if the slot is to hold another trampoline. Preparing needs a backing function,
   whose slot an operation has given before.

   Properties:
   C1 a call through A finds A's record whole, and never B's: the backing function and the datum were prepared together, for A;
   C2 agreement: the group has applied the version that gave the backing function its slot.

   Mutants: MUT_NO_CHECK (the trampoline trusts the check of its caller), MUT_CHECK_FIRST (its check stands ahead of the load of the
   record), MUT_TORN (the record is written in two halves), MUT_RECORD_LATE (the operation is published ahead of the record),
   MUT_MOVES (a closure that is prepared anew for its type takes another trampoline and gives the former one back). */
#ifndef N
#define N 2                              /* groups */
#endif
#ifndef OPS
#define OPS 6
#endif
#define TRAMPOLINES 3

byte head = 0;                           /* published; the log is what is below */
byte given_at[OPS + 1];                  /* by backing function: the version that gave its slot */
byte backings = 0;
byte of_a[OPS + 1];                      /* by version: A's trampoline; 0 is none */
byte a = 0, b = 0;                       /* trampolines of the coordinator's state */
byte backing[TRAMPOLINES + 1];           /* the records: */
byte datum[TRAMPOLINES + 1];             /* twice the backing function, and one more for B */
bit is_free[TRAMPOLINES + 1];
bit turn = 0;                            /* turns come one after the other */

inline publish() {
  atomic { head++; of_a[head] = a }
}

inline take(t) {
  atomic {
    if
    :: is_free[1] -> t = 1
    :: else -> if :: is_free[2] -> t = 2 :: else -> t = 3 fi
    fi;
    assert(is_free[t]);
    is_free[t] = 0
  }
}

inline write(t, owner) {
#ifdef MUT_TORN
  backing[t] = known;
  datum[t] = 2 * known + owner
#else
  atomic { backing[t] = known; datum[t] = 2 * known + owner }
#endif
}

proctype Guest() {
  byte known, t;
  do
  :: head < OPS ->                       /* dlsym, dlopen: a function gets its slot, and the guest learns it */
       atomic { turn == 0 -> turn = 1 };
       if
       :: head < OPS -> atomic { backings++; given_at[backings] = head + 1; known = backings; head++; of_a[head] = a }
       :: else -> skip
       fi;
       turn = 0
  :: known > 0 && head < OPS ->          /* closure_prepare of A */
       atomic { turn == 0 -> turn = 1 };
#ifdef MUT_MOVES
       if
       :: head < OPS -> take(t); write(t, 0);
            atomic { if :: a > 0 -> is_free[a] = 1 :: else -> skip fi; a = t };
            publish()
       :: else -> skip
       fi;
#else
       if
       :: a > 0 -> write(a, 0)
       :: a == 0 && head < OPS ->
            take(t);
#ifdef MUT_RECORD_LATE
            a = t; publish(); write(t, 0)
#else
            write(t, 0); a = t; publish()
#endif
       :: else -> skip
       fi;
#endif
       t = 0; turn = 0
  :: known > 0 && b == 0 && head < OPS -> /* closure_prepare of B */
       atomic { turn == 0 -> turn = 1 };
       if
       :: b == 0 && head < OPS -> take(t); write(t, 1); b = t; publish()
       :: else -> skip
       fi;
       t = 0; turn = 0
  :: b > 0 && head < OPS ->              /* closure_free of B */
       atomic { turn == 0 -> turn = 1 };
       if
       :: b > 0 && head < OPS -> atomic { is_free[b] = 1; b = 0 }; publish()
       :: else -> skip
       fi;
       turn = 0
  :: break
  od
}

inline check() {
  seen = head;
  if
  :: seen != applied -> applied = head
  :: else -> skip
  fi;
  seen = 0
}

proctype Group() {
  byte applied, seen, t, r, d, calls;
  do
  :: calls < 2 ->
       calls++;
       check();                          /* in front of the guest's own indirect call */
       t = of_a[applied];
       if
       :: t == 0 -> skip                 /* not prepared: a trap */
       :: else ->
#ifdef MUT_CHECK_FIRST
            check();
#endif
            atomic { r = backing[t]; d = datum[t] };
#ifndef MUT_NO_CHECK
#ifndef MUT_CHECK_FIRST
            check();
#endif
#endif
            assert(r > 0 && d == 2 * r);     /* C1 */
            assert(applied >= given_at[r])   /* C2 */
       fi;
       t = 0; r = 0; d = 0
  :: break
  od
}

init {
  byte i = 1;
  atomic {
    do
    :: i <= TRAMPOLINES -> is_free[i] = 1; i++
    :: else -> break
    od;
    i = 0;
    run Guest();
    run Guest();
    do
    :: i < N -> run Group(); i++
    :: else -> break
    od
  }
}

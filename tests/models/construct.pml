/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   construct.pml: who runs which constructor and who waits for whom, three threads and three libraries
   (linker/constructions.cc; coordinator::turn(next_constructor_request), turn(leave_request),
   wake_constructor_waiters; construct and load_and_construct in loader/library_loader.cc).

   Thread g opens library g; claims and slots are left out (load.pml has them): an open commits in one turn. The
   constructor of library k opens library OPENS(k), so three waiters may form a cycle. A constructor returns, throws (the
   exception is caught by the constructor below, or ends the thread), or its thread ends in it. An open initialiser that
   runs between the commit and the first constructor may throw as well.
   -DRING (default) each library alone; -DCHAIN k needs k+1; -DMUTUAL all need each other.

   Properties: no invalid end state (every request is answered); T6 a constructor begins at most once; dependencies
   first, unless the wait was left out; T7 a wait is left out only for the asker's own constructions or a chain of
   groups that do wait; at the end nothing is begun, or owned by a thread that is gone.
   -DLIVE: `ltl answered` (weakly fair): every thread's opens return.

   Mutants: MUT_NO_CYCLE, MUT_CYCLE_OF_TWO, MUT_NO_HANDOVER, MUT_NO_WAKE, MUT_NO_END_WAIT, MUT_REPOINT, MUT_BEGIN_LATE,
   MUT_THROW_KEEPS, MUT_INIT_KEEPS; with LIVE: MUT_WAKE_ALWAYS. */
#if !defined(CHAIN) && !defined(MUTUAL)
#define RING 1
#endif
#define G 3
#define L 3
#define D 5                                    /* nested opens, and one */
#define NOBODY 255
#define NONE 255
#ifdef RING
#define CLOSURE(r) 1                           /* the closure of r is r, r+1, .. (mod 3); run from the last to the first */
#define NEEDS(k, n) 0
#define OPENS(k) (((k) + 1) % 3)
#endif
#ifdef CHAIN
#define CLOSURE(r) (3 - (r))
#define NEEDS(k, n) ((n) == (k) + 1)
#define OPENS(k) (((k) + 2) % 3)
#endif
#ifdef MUTUAL
#define CLOSURE(r) 3
#define NEEDS(k, n) 0                          /* no order within a cycle of needs */
#define OPENS(k) (((k) + 1) % 3)
#endif

mtype = { absent, waiting, begun, done };
mtype st[L] = absent;                          /* construction::states */
byte begun_by[L] = NOBODY;
byte load_of[L] = NONE;                        /* topology::constructed_by; a load is named by its root */
byte owner[L] = NOBODY;                        /* construction::owner, by load */
byte waits_for[G] = NOBODY;                    /* topology::waits_for */
bit parked[G];                                 /* in coordinator::await_constructor_ */
byte ran[L];
byte settled;                                  /* threads whose opens are over */
byte gone;
hidden byte x;

/* coordinator::wake_constructor_waiters: all of them ask again */
inline wake_waiters() {
#ifndef MUT_NO_WAKE
  x = 0;
  do
  :: x < G ->
       if
       :: parked[x] ->
#ifndef MUT_NO_END_WAIT
            waits_for[x] = NOBODY;
#endif
            parked[x] = 0
       :: else -> skip
       fi;
       x++
  :: else -> break
  od
#else
  skip
#endif
}

/* finish_constructor */
inline finish(k) {
  if
  :: st[k] == begun && begun_by[k] == me -> st[k] = done; begun_by[k] = NOBODY
  :: else -> skip
  fi
}

/* hand_over_constructions, in leave_group */
inline hand_over_all() {
  x = 0;
  do
  :: x < L ->
       if
       :: owner[x] == me -> owner[x] = NOBODY
       :: else -> skip
       fi;
       if
       :: st[x] == begun && begun_by[x] == me -> st[x] = done; begun_by[x] = NOBODY /* cut short: counts as run */
       :: else -> skip
       fi;
       x++
  :: else -> break
  od
}

/* closes_cycle: does the chain of waits from `who` lead to me? */
inline closes_cycle(who) {
  c = who;
  do
  :: c == me || c == NOBODY -> break
  :: else ->
       c = waits_for[c];
#ifdef MUT_CYCLE_OF_TWO
       break
#endif
  od;
#ifdef MUT_NO_CYCLE
  c = NOBODY;
#endif
  if
  :: c == me && who != me ->                   /* T7: it is real */
       c = who;
       do
       :: c == me -> break
       :: else -> assert(parked[c]); c = waits_for[c]
       od
  :: else -> skip
  fi
}

/* next_constructor: the walk over the closure, dependencies first. Sets k to the constructor to run, or NONE; parks */
inline next_constructor(r, own) {
#ifndef MUT_NO_END_WAIT
  waits_for[me] = NOBODY;
#endif
  k = NONE;
  j = CLOSURE(r);
  do
  :: j == 0 || k != NONE || parked[me] -> break
  :: else ->
       j--;
       m = (r + j) % 3;
       if
       :: st[m] == done || st[m] == absent -> skip
       :: st[m] == waiting && (owner[load_of[m]] == NOBODY || owner[load_of[m]] == me && load_of[m] == own) ->
            k = m
       :: else ->
            w = (st[m] == begun -> begun_by[m] : owner[load_of[m]]);
            closes_cycle(w);
            if
            :: w == me || c == me -> skipped[d] = skipped[d] | (1 << m)
            :: else -> waits_for[me] = w; parked[me] = 1
            fi;
            c = 0;
            w = 0
       fi
  od;
  j = 0;
  m = 0;
  if
  :: k != NONE ->
       m = 0;
       do
       :: m < L -> assert(!NEEDS(k, m) || st[m] == done || (skipped[d] & (1 << m))); m++
       :: else -> break
       od;
       m = 0;
#ifndef MUT_BEGIN_LATE
       st[k] = begun;
       begun_by[k] = me
#endif
  :: else -> skip
  fi
}

proctype Group(byte me) {
  byte d, k, j, m, w, c;
  byte root[D], own[D] = NONE, runs[D] = NONE, skipped[D];
  root[0] = me;

open:                                          /* load(): prepare to commit, or the re-open; one turn here */
  atomic {
    own[d] = NONE;
    if
    :: st[root[d]] == absent ->
         own[d] = root[d];
         owner[root[d]] = me;
         j = CLOSURE(root[d]);
         do
         :: j == 0 -> break
         :: else ->
              j--;
              m = (root[d] + j) % 3;
              if
              :: st[m] == absent -> st[m] = waiting; load_of[m] = root[d]
              :: else -> skip
              fi
         od;
         m = 0
    :: else -> skip
    fi
  };
  if                                           /* catch_up_if_behind: an open initialiser runs, and may throw */
  :: atomic {                                /* load_and_construct hands the constructors over */
#ifndef MUT_INIT_KEEPS
         if
         :: own[d] != NONE -> owner[own[d]] = NOBODY
         :: else -> skip
         fi;
         wake_waiters();
#endif
         skip
       };
       goto thrown
  :: skip
  fi;

ask:                                           /* construct(): next_constructor_request */
  atomic {
    if
    :: runs[d] != NONE ->
         finish(runs[d]);
         runs[d] = NONE;
         wake_waiters()
    :: else ->
#ifdef MUT_WAKE_ALWAYS
         wake_waiters()
#else
         skip
#endif
    fi;
    next_constructor(root[d], own[d]);
    if
    :: parked[me] -> goto wait
    :: !parked[me] && k != NONE -> goto run_constructor
    :: !parked[me] && k == NONE -> goto returned
    fi
  };

wait:
  !parked[me];
  goto ask;

run_constructor:                               /* guest code */
  atomic {
    runs[d] = k;
    k = 0;
#ifdef MUT_BEGIN_LATE
    st[runs[d]] = begun;
    begun_by[runs[d]] = me;
#endif
    ran[runs[d]]++;
    assert(ran[runs[d]] == 1);                 /* T6 */
    if
    :: d + 1 < D -> root[d+1] = OPENS(runs[d]); d++; goto open
    :: goto ends                               /* its thread ends */
    :: goto throws
    fi
  };

returned:                                      /* the handle, to the constructor that opened it or to main */
  atomic {
    own[d] = NONE;
    skipped[d] = 0;
    if
    :: d == 0 -> goto stays
    :: d == 0 -> goto ends
    :: d > 0 ->
         root[d] = 0;
         d--;
         if
         :: goto ask                           /* the constructor that opened it returns */
         :: goto throws
         fi
    fi
  };

throws:                                        /* construct(): request.hands_over */
  atomic {
    finish(runs[d]);
    runs[d] = NONE;
#ifndef MUT_THROW_KEEPS
    if
    :: own[d] != NONE -> owner[own[d]] = NOBODY
    :: else -> skip
    fi;
#endif
    wake_waiters()
  };
thrown:                                        /* the open fails; caught by the constructor below, or the thread ends */
  atomic {
    own[d] = NONE;
    skipped[d] = 0;
    if
    :: d == 0 -> goto stays                    /* caught by main */
    :: d == 0 -> goto ends
    :: d > 0 -> root[d] = 0; d--; goto ask
    :: d > 0 -> root[d] = 0; d--; goto throws
    fi
  };

stays:                                         /* main computes on: nobody may depend on its leave */
  settled++;
  settled == G;
  goto leaves;

ends:
  settled++;
leaves:
  atomic {                                     /* instance_group::leave */
#ifndef MUT_NO_HANDOVER
#ifdef MUT_REPOINT
    x = 0;                                     /* the first waiter gets the rest, the others wait for it */
    w = NOBODY;
    do
    :: x < G ->
         if
         :: parked[x] && waits_for[x] == me && w == NOBODY -> w = x
         :: parked[x] && waits_for[x] == me && w != NOBODY -> waits_for[x] = w
         :: else -> skip
         fi;
         x++
    :: else -> break
    od;
    hand_over_all();
    x = 0;
    do
    :: x < L ->
         if
         :: w != NOBODY && owner[x] == NOBODY && st[x] != absent && load_of[x] == x -> owner[x] = w
         :: else -> skip
         fi;
         x++
    :: else -> break
    od;
    if
    :: w != NOBODY -> parked[w] = 0; waits_for[w] = NOBODY
    :: else -> skip
    fi;
    w = 0;
#else
    hand_over_all();
    wake_waiters();
#endif
#endif
    gone++
  }
}

init {
  byte k;
  atomic {
    run Group(0);
    run Group(1);
    run Group(2)
  };
  atomic {
    gone == G ->
      do
      :: k < L ->
           assert(st[k] != begun);
           assert(st[k] != waiting || owner[load_of[k]] == NOBODY);
           k++
      :: else -> break
      od
  }
}

#ifdef LIVE
ltl answered { <> (gone == G) }
#endif

/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   close.pml: the two turns of a close, destructors in between, and what opens of a closing file do (close_library,
   unload, reachable_modules in linker/close_turns.cc; prepare_load, commit_load, abandon_load; begin_wait; leave_group;
   coordinator::turn(await_load_request), answer_ended_loads).

   Two files: A (0) needs B (1). Two threads; each opens a file, closes its handle and goes on or ends. Constructors and
   destructors may open a file. A module is one incarnation of a file: opened again, it is another module.
   A close: turn 1 takes the handle away; what nothing reaches any more is closing, no longer found by its file. The
   closer runs its destructors, users first; turn 2 unloads. An open of a closing file waits for turn 2, unless that wait
   would close a cycle of waits (for constructors or closes): then it makes a new incarnation.

   Properties: guest code of a module runs only while it and what it needs are there; a file has one module that is found
   and one claim at most; no invalid end state (every request is answered); at the end nothing is claimed or closing.
   -DPINS: guest code may register a destructor that its thread runs when it ends (pin_modules): its module stays until
   then, whoever closes it; a registration by a closing module is refused.
   -DWITNESS_NEW (must fail): a new incarnation is published beside a closing one.
   -DSTRICT (must fail): at the end everything that nothing reaches is unloaded. It is not: what an abandoned load, a
   constructor or another close held on to stays until the next close that takes a last handle away. Harmless: it is
   found by its file and opened again as it is.
   -DLIVE: `ltl answered` (weakly fair): every thread ends.

   Mutants: MUT_NO_CYCLE (an open waits for a close without the cycle test), MUT_LEAVE_CLOSING (a closer that leaves
   between the turns leaves its modules closing), MUT_CLOSING_NOT_ROOT, MUT_LOADS_NOT_ROOT, MUT_BUILT_NOT_ROOT,
   MUT_FOUND (a closing module is found), MUT_NO_WAKE, MUT_AWAIT_BLIND; with PINS: MUT_PIN_NOT_ROOT, MUT_PIN_CLOSING (a closing
   module can be pinned), MUT_UNPIN_EARLY (the pin is given back before the destructor runs); with LIVE: MUT_TEST_LATE (the cycle test in the await turn only: the opener asks for
   ever). */
#define G 2
#ifndef OPENS
#define OPENS 4                                /* opens in all */
#endif
#define M (2*OPENS)                            /* modules in all */
#define D 4                                    /* frames of one thread */
#define A 0
#define B 1
#define NOBODY 255
#define NONE 255

mtype = { absent, claimed, published, closing, gone };
mtype = { waiting, begun, done };
mtype st[M] = absent;
byte file[M];
byte dep[M] = NONE;                            /* what it needs */
byte count[M];                                 /* topology::open_count */
byte by[M] = NOBODY;                           /* requester, owner of the constructor, closer */
mtype ctor[M];
byte waits_for[G] = NOBODY;                    /* topology::waits_for */
byte parked[G] = NONE;                         /* module whose load, constructor or close the group waits for */
bit ctor_wait[G];
#ifdef PINS
byte pin[G] = NONE;                            /* topology::pins: one for each group is enough */
#ifdef MUT_PIN_NOT_ROOT
#define IS_PINNED(k) 0
#else
#define IS_PINNED(k) (st[k] == published && (pin[0] == k || pin[1] == k))
#endif
#else
#define IS_PINNED(k) 0
#endif
byte modules, opens, left;
bit reached[M];
hidden byte x, y, c;

#ifdef MUT_BUILT_NOT_ROOT
#define IS_BUILT(k) 0
#else
#define IS_BUILT(k) (ctor[k] != done)
#endif
#ifdef MUT_CLOSING_NOT_ROOT
#define IS_CLOSING(k) 0
#else
#define IS_CLOSING(k) (st[k] == closing)
#endif

/* reachable_modules: as A needs B and no more, two steps are enough */
inline mark() {
  x = 0;
  do
  :: x < M ->
       reached[x] = (st[x] == published && (count[x] > 0 || IS_BUILT(x)) || IS_CLOSING(x) || IS_PINNED(x));
       x++
  :: else -> break
  od;
  x = 0;
  do
  :: x < M ->
       if
       :: dep[x] != NONE && reached[x] -> reached[dep[x]] = 1
#ifndef MUT_LOADS_NOT_ROOT
       :: dep[x] != NONE && st[x] == claimed -> reached[dep[x]] = 1
#endif
       :: else -> skip
       fi;
       x++
  :: else -> break
  od
}

/* the module that a file is, for find_known */
inline find(f, res) {
  res = NONE;
  x = 0;
  do
  :: x < M ->
       if
       :: file[x] == f && st[x] == published -> assert(res == NONE); res = x
#ifdef MUT_FOUND
       :: file[x] == f && st[x] == closing -> res = x
#endif
       :: else -> skip
       fi;
       x++
  :: else -> break
  od
}

/* answers all that wait for a module's load, constructor or close; they ask again */
inline wake(k) {
#ifndef MUT_NO_WAKE
  x = 0;
  do
  :: x < G ->
       if
       :: parked[x] == k -> parked[x] = NONE; waits_for[x] = NOBODY; ctor_wait[x] = 0
       :: else -> skip
       fi;
       x++
  :: else -> break
  od
#else
  skip
#endif
}

/* closes_cycle: sets c to me when the chain of waits from `who` leads to me */
inline closes_cycle(who) {
  c = who;
  do
  :: c == me || c == NOBODY -> break
  :: else -> c = waits_for[c]
  od
}

/* find_obstacle: does file f stand in the way of a load? sets w to the module to wait for: the one that is claimed, or
   the newest that is closing, unless that wait would close a cycle */
inline claim_test(f) {
  find(f, k);
  if
  :: k != NONE -> skip
  :: else ->
       y = 0;
       do
       :: y < M ->
            if
            :: file[y] == f && (st[y] == claimed || st[y] == closing) -> k = y
            :: else -> skip
            fi;
            y++
       :: else -> break
       od;
       if
       :: k == NONE -> skip
       :: k != NONE && st[k] == claimed -> w = k
       :: k != NONE && st[k] == closing ->
#if !defined(MUT_NO_CYCLE) && !defined(MUT_TEST_LATE)
            closes_cycle(by[k]);
            if
            :: c == me -> skip                 /* a new incarnation */
            :: else -> w = k
            fi;
            c = 0
#else
            w = k
#endif
       fi
  fi
}

inline take_in(f, res) {
  find(f, res);
  if
  :: res == NONE ->
       res = modules;
       modules++;
       assert(modules <= M);
       st[res] = claimed;
       file[res] = f;
       by[res] = me;
       ctor[res] = waiting
  :: else -> skip
  fi
}

/* the calls that guest code of module k makes into what it needs */
#define touch(k) assert((st[k] == published || st[k] == closing) && (dep[k] == NONE || st[dep[k]] == published || st[dep[k]] == closing))

mtype = { constructor, destructor };

proctype Group(byte me) {
  byte d, k, w, j;
  byte want[D] = NONE, root[D] = NONE, frame[D] = NONE;
  mtype what[D];
  byte handle = NONE;
  bit began;

  goto guest;

open:                                          /* prepare_load */
  atomic {
    find(want[d], k);
    if
    :: k != NONE ->                            /* reopen */
         count[k]++;
         root[d] = k;
         k = 0;
         goto construct
    :: else -> skip
    fi;
    w = NONE;
    claim_test(want[d]);
    if
    :: want[d] == A -> claim_test(B)
    :: else -> skip
    fi;
    if
    :: w != NONE -> k = 0; goto await
    :: else -> skip
    fi;
    take_in(want[d], k);
    root[d] = k;
    if
    :: want[d] == A -> take_in(B, w); dep[k] = w
    :: else -> skip
    fi;
    w = 0;
    k = 0
  };
  if
  :: atomic {                                  /* commit_load */
       k = 0;
       do
       :: k < M ->
            if
            :: st[k] == claimed && by[k] == me -> 
                 st[k] = published;
                 assert(dep[k] == NONE || st[dep[k]] == published || st[dep[k]] == claimed);
                 wake(k)
            :: else -> skip
            fi;
            k++
       :: else -> break
       od;
       k = 0;
#ifdef WITNESS_NEW
       do
       :: k < M -> assert(!(st[k] == closing && file[k] == want[d])); k++
       :: else -> break
       od;
       k = 0;
#endif
       count[root[d]]++
     };
     goto construct
  :: atomic {                                  /* abandon_load */
       k = 0;
       do
       :: k < M ->
            if
            :: st[k] == claimed && by[k] == me -> st[k] = gone; by[k] = NOBODY; wake(k)
            :: else -> skip
            fi;
            k++
       :: else -> break
       od;
       k = 0;
       root[d] = NONE
     };
     goto opened
  fi;

await:                                         /* await_load_request: a turn of its own; it may have ended meanwhile */
  atomic {
    if
#ifdef MUT_AWAIT_BLIND
    :: true ->
#else
    :: st[w] == claimed || st[w] == closing ->
#endif
         parked[me] = w;
#ifndef MUT_NO_CYCLE
         if
         :: st[w] == closing ->
              closes_cycle(by[w]);
              if
              :: c == me -> parked[me] = NONE  /* it closes a cycle since the prepare turn: ask again */
              :: else -> waits_for[me] = by[w]
              fi;
              c = 0
         :: else -> skip
         fi
#endif
#ifndef MUT_AWAIT_BLIND
    :: else -> skip
#endif
    fi;
    w = 0
  };
  parked[me] == NONE;
  goto open;

construct:                                     /* next_constructor: dependency first, then the root */
  atomic {
    k = NONE;
    j = 0;
    do
    :: j == 2 || k != NONE || parked[me] != NONE -> break
    :: else ->
         w = (j == 0 -> dep[root[d]] : root[d]);
         j++;
         if
         :: w == NONE -> skip
         :: w != NONE && ctor[w] == done -> skip
         :: w != NONE && ctor[w] == waiting && (by[w] == NOBODY || by[w] == me) -> k = w
         :: else ->
              closes_cycle(by[w]);
              if
              :: c == me -> skip               /* begun further out, or a cycle: it goes on without */
              :: else -> parked[me] = w; ctor_wait[me] = 1; waits_for[me] = by[w]
              fi;
              c = 0
         fi
    od;
    j = 0;
    w = 0;
    if
    :: k != NONE -> ctor[k] = begun; by[k] = me
    :: else -> skip
    fi
  };
  if
  :: parked[me] == NONE && k != NONE -> atomic { touch(k); d++; frame[d] = k; what[d] = constructor; k = 0; goto guest }
  :: parked[me] == NONE && k == NONE -> k = 0; goto opened
  :: waits_for[me] != NOBODY -> k = 0; parked[me] == NONE; goto construct
  fi;

opened:                                        /* to the guest code that opened it */
  atomic {
    if
    :: d == 0 && root[0] != NONE -> handle = root[0]
    :: else -> skip
    fi;
    root[d] = NONE;
    want[d] = NONE
  };

guest:                                         /* main, a constructor or a destructor */
  atomic {
    if
    :: d > 0 -> touch(frame[d])
    :: d == 0 && handle != NONE -> touch(handle)
    :: else -> skip
    fi;
    if
    :: opens < OPENS && d + 1 < D && !(d == 0 && began) -> opens++; want[d] = A; began = 1; goto open
    :: opens < OPENS && d + 1 < D && !(d == 0 && began) -> opens++; want[d] = B; began = 1; goto open
    :: d == 0 && handle != NONE -> goto close
#ifdef PINS
    :: d > 0 && pin[me] == NONE -> k = frame[d]; goto register
    :: d == 0 && handle != NONE && pin[me] == NONE -> k = handle; goto register
#endif
    :: d == 0 -> goto leave                    /* main ends */
    :: d > 0 -> goto leave                     /* its thread ends in a constructor or destructor */
    :: d > 0 && what[d] == constructor -> goto constructed
    :: d > 0 && what[d] == destructor -> goto destructed
    fi
  };

#ifdef PINS
register:                                      /* pin_modules: a turn */
  atomic {
    if
#ifndef MUT_PIN_CLOSING
    :: st[k] != published -> skip              /* refused */
#endif
    :: else -> pin[me] = k
    fi;
    k = 0;
    goto guest
  };
#endif

constructed:                                   /* finish_constructor */
  atomic {
    ctor[frame[d]] = done;
    by[frame[d]] = NOBODY;
    wake(frame[d]);
    frame[d] = NONE;
    d--;
    goto construct
  };

close:                                         /* close_library: turn 1 */
  atomic {
    count[handle]--;
    if
    :: count[handle] == 0 ->
         mark();
         k = 0;
         do
         :: k < M ->
              if
              :: st[k] == published && !reached[k] -> st[k] = closing; by[k] = me
              :: else -> skip
              fi;
              k++
         :: else -> break
         od;
         k = 0;
         x = 0;
         do
         :: x < M -> reached[x] = 0; x++
         :: else -> break
         od
    :: else -> skip
    fi;
    handle = NONE
  };
destroy:                                       /* destructors, users first */
  atomic {
    k = NONE;
    j = 0;
    do
    :: j < M ->
         if
         :: st[j] == closing && by[j] == me && ctor[j] == done && (k == NONE || file[j] == A) -> k = j
         :: else -> skip
         fi;
         j++
    :: else -> break
    od;
    j = 0;
    if
    :: k != NONE ->
         ctor[k] = begun;                      /* its destructor has begun */
         d++;
         frame[d] = k;
         what[d] = destructor;
         k = 0;
         goto guest
    :: k == NONE -> k = 0
    fi
  };
  atomic {                                     /* unload: turn 2 */
    k = 0;
    do
    :: k < M ->
         if
         :: st[k] == closing && by[k] == me -> st[k] = gone; by[k] = NOBODY; wake(k)
         :: else -> skip
         fi;
         k++
    :: else -> break
    od;
    k = 0;
    goto guest
  };
destructed:
  atomic {
    frame[d] = NONE;
    d--;
    goto destroy
  };

leave:
#ifdef PINS
  atomic {                                     /* the thread's own destructors, then unpin_modules */
#ifdef MUT_UNPIN_EARLY
    k = pin[me];
    pin[me] = NONE
  };
  atomic {
    if
    :: k != NONE -> touch(k)
    :: else -> skip
    fi;
    k = 0
#else
    if
    :: pin[me] != NONE -> touch(pin[me])
    :: else -> skip
    fi;
    pin[me] = NONE
#endif
  };
#endif
  atomic {                                     /* leave_group */
    k = 0;
    do
    :: k < M ->
         if
         :: st[k] == published && by[k] == me ->
              by[k] = NOBODY;
              if
              :: ctor[k] == begun -> ctor[k] = done
              :: else -> skip
              fi;
              wake(k)
         :: st[k] == closing && by[k] == me ->
#ifdef MUT_LEAVE_CLOSING
              by[k] = NOBODY
#else
              st[k] = gone;                    /* its leave is turn 2: destructors that have not begun are left out */
              by[k] = NOBODY;
              wake(k)
#endif
         :: else -> skip
         fi;
         k++
    :: else -> break
    od;
    k = 0;
    left++
  }
}

init {
  byte k;
  atomic {
    run Group(0);
    run Group(1)
  };
  atomic {
    left == G ->
#ifdef STRICT
      mark();
#endif
      do
      :: k < M ->
           assert(st[k] != claimed && st[k] != closing);
#ifdef STRICT
           assert(st[k] != published || ctor[k] != done || reached[k]);
#endif
           k++
      :: else -> break
      od
  }
}

#ifdef LIVE
ltl answered { <> (left == G) }
#endif

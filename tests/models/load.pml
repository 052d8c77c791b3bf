/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   load.pml: a load, step by step: prepare, rehearse, commit, construct (loader/library_loader.cc; prepare_load,
   commit_load, abandon_load, join_group, leave_group, next_constructor, assign_slot; the coordinator's turns).

   Two libraries A = 0 and B = 1, and a published library Z = 2 whose function has no slot yet and is needed by the GOTs
   of A and B. -DMUTUAL (default) A and B need each other; -DCHAIN A needs B; -DSPLIT neither needs the other. The
   constructor of each opens the other. Group 0 opens A, group 1 opens B; either may die at any point. Group 2 joins at
   any time in one turn, looks up Z, and calls what leaks (-DNO_CALLER leaves it out).
   -DINIT_OPENS=0 or 1: an open initialiser is queued in each group, and opens the library that the group opens, or the
   other. A turn is atomic. Phase 1 of a catch up is private to its group, hence one step after the read of the head.

   Properties: no invalid end state (every request is answered); one slot for a function, ever; no index is known to
   anyone unless a check finds its slot filled; constructors at most once, and after those of what they need unless the
   wait was left out; each group has a TLS block for what it applies; at the end nothing is claimed, reserved or owed.

   As an earlier text was: REHEARSE_PHASE2 (with INIT_OPENS), TLS_SNAPSHOT_ONLY. Mutants: MUT_NO_HANDOVER, MUT_CLAIM_ONE,
   MUT_NO_CYCLE, MUT_NO_WAKE, MUT_AWAIT_BLIND, MUT_PENDING_SLOT, MUT_VISIBLE_SLOT, MUT_STALE_SNAPSHOT,
   MUT_WAIT_OPENED_ONLY. */
#if !defined(CHAIN) && !defined(SPLIT) && !defined(MUTUAL)
#define MUTUAL 1
#endif
#ifdef MUTUAL
#define NEEDS(l) 3
#endif
#ifdef CHAIN
#define NEEDS(l) ((l) == 0 -> 3 : 2)
#endif
#ifdef SPLIT
#define NEEDS(l) (1 << (l))
#endif
#define other(l) (1 - (l))
#define NOBODY 255
#define NS 5                                   /* slots */
#define OPS 5
#define D 4                                    /* nested opens */
#define bitof(m, k) (((m) >> (k)) & 1)
typedef table_t { byte s[NS] }                 /* function + 1 */

/* the current snapshot */
byte head = 0;
table_t snap;                                  /* what each slot holds */
byte slot_of[3] = 255;                         /* canonical slot of the function of A, B, Z: published */
bit published[2];
byte tls[2];                                   /* groups with a TLS block for A, B */
byte roster = 3;
/* and what is pending beside it */
byte claim[2];                                 /* topology::claims: 0, or 1 + owner of the load that claims it */
byte pslot[2] = 255;                           /* slot reserved for a claimed library's function */
bit used[NS];                                  /* table_layout */
byte refs_z;                                   /* references on Z held by loads in flight or committed */
/* constructions */
byte ctor[2];                                  /* 0 not begun, 1 running, 2 ended */
byte duty[2] = NOBODY;                         /* construction::owner, or who has begun it */
byte waits[3] = NOBODY;                        /* topology::waits_for */
byte parked[3];                                /* await_load_: 0, or 1 + owner of the load that the group waits for */
bit noted[2];                                  /* a wait for the library's dependency was left out (a cycle) */
/* log: RESOLVE fills one slot, LOAD up to two */
byte op_slot[OPS+1], op_fn[OPS+1], op_slot2[OPS+1], op_by[OPS+1];
/* groups */
table_t tab[3];
#ifdef MUT_STALE_SNAPSHOT
table_t psnap[2];
#endif
byte applied[3];
bit killed[3];
bit init_queued[2] = 1;
byte done_groups;
byte leak_slot, leak_fn;                       /* an index in guest memory: fn + 1 */
hidden byte x, y;

/* table_layout::allocate */
inline new_slot(res) {
  res = 0;
  do
  :: used[res] -> res++
  :: else -> break
  od;
  assert(res < NS);
  used[res] = 1
}

inline put(v, i, f) {                          /* one function, one slot */
  snap.s[i] = f + 1;
  assert(slot_of[f] == 255 || slot_of[f] == i);
  slot_of[f] = i
}

/* publish_slots, assign_slot: an operation of its own, published by the same turn */
inline resolve_z(who) {
  new_slot(x);
  head++;
  op_slot[head] = x;
  op_fn[head] = 3;
  op_slot2[head] = 255;
  op_by[head] = NOBODY;
  put(head, x, 2)
}

/* coordinator::answer_ended_loads: every request that waits for the load of `who` is answered, once */
inline answer_parked(who) {
  x = 0;
  do
  :: x < 3 ->
       if
       :: parked[x] == who + 1 -> parked[x] = 0
       :: else -> skip
       fi;
       x++
  :: else -> break
  od
}

/* coordinator::wake_constructor_waiters: all of them */
inline wake_waiters() {
  x = 0;
  do
  :: x < 3 -> waits[x] = NOBODY; x++
  :: else -> break
  od
}

/* abandon_load; its owner has emptied its own table before */
inline abandon(who, mask) {
  y = 0;
  do
  :: y < 2 ->
       if
       :: claim[y] == who + 1 && bitof(mask, y) ->
            claim[y] = 0;
            tls[y] = 0;
            if
            :: pslot[y] != 255 -> used[pslot[y]] = 0; pslot[y] = 255
            :: else -> skip
            fi
       :: else -> skip
       fi;
       y++
  :: else -> break
  od;
  refs_z--;
#ifndef MUT_NO_WAKE
  answer_parked(who)
#endif
}

/* instance_group::catch_up_without_initialisers: phase 1 */
inline catch_up(me) {
  h = head;
  d_step {
    do
    :: applied[me] < h ->
         applied[me]++;
         if
         :: op_by[applied[me]] == me -> skip   /* our own load: rehearsed */
         :: else ->
              tab[me].s[op_slot[applied[me]]] = op_fn[applied[me]];
              if
              :: op_slot2[applied[me]] != 255 -> tab[me].s[op_slot2[applied[me]]] = 2
              :: else -> skip
              fi;
              if
              :: op_by[applied[me]] != NOBODY ->
                   k = 0;
                   do
                   :: k < 2 ->                 /* each group has the TLS block that the plan names */
                        assert(!(published[k] && (op_slot[applied[me]] == slot_of[k] || op_slot2[applied[me]] == slot_of[k])) || bitof(tls[k], me));
                        k++
                   :: else -> break
                   od
              :: else -> skip
              fi
         fi
    :: else -> break
    od;
    k = 0
  }
}

/* the check in front of a call_indirect of index i, expected to reach f */
inline check_call(me, i, f) {
  if
  :: head != applied[me] -> catch_up(me)
  :: else -> skip
  fi;
  assert(tab[me].s[i] == f);
  h = 0
}

/* instance_group::leave: its last act, one turn (leave_group); its own table is gone */
inline leave(me) {
  atomic {
    if
    :: claim[0] == me + 1 || claim[1] == me + 1 -> abandon(me, 3)
    :: else -> skip
    fi;
    parked[me] = 0;
    waits[me] = NOBODY;
    roster = roster & ~(1 << me);
    tls[0] = tls[0] & ~(1 << me);
    tls[1] = tls[1] & ~(1 << me);
#ifndef MUT_NO_HANDOVER
    y = 0;
    do
    :: y < 2 ->
         if
         :: duty[y] == me && ctor[y] < 2 ->    /* hand_over_constructions: one cut short counts as run */
              duty[y] = NOBODY;
              if
              :: ctor[y] == 1 -> ctor[y] = 2
              :: else -> skip
              fi
         :: else -> skip
         fi;
         y++
    :: else -> break
    od;
    wake_waiters();
#endif
    done_groups++
  }
}

proctype Group(byte me; byte first) {
  byte d = 0, l, k, h, z;
  byte want[D], mine[D];
  bit in_init[D];
  {
    want[0] = first;

prepare:                                       /* ---- step 2, a turn: prepare_load ---- */
    atomic {
      l = want[d];
      z = 0;
      mine[d] = 0;
      k = 0;
      do
      :: k < 2 ->
           if
           :: bitof(NEEDS(l), k) && !published[k] && claim[k] -> z = claim[k]
           :: bitof(NEEDS(l), k) && !published[k] && !claim[k] -> mine[d] = mine[d] | (1 << k)
           :: else -> skip
           fi;
           k++
      :: else -> break
      od;
      k = 0;
      if
      :: published[l] -> z = 0; mine[d] = 0    /* already_loaded: its closure is not looked at */
      :: else -> skip
      fi;
#ifdef MUT_CLAIM_ONE                           /* one library in a turn, holding what it has */
      z = 0;
      k = l;
      if
      :: published[k] || claim[k] -> k = other(l)
      :: else -> skip
      fi;
      if
      :: bitof(NEEDS(l), k) && !published[k] && !claim[k] -> claim[k] = me + 1; k = 0; goto prepare
      :: else -> skip
      fi;
      k = 0;
      do
      :: k < 2 ->
           if
           :: bitof(NEEDS(l), k) && claim[k] == me + 1 -> mine[d] = mine[d] | (1 << k)
           :: bitof(NEEDS(l), k) && claim[k] && claim[k] != me + 1 -> z = claim[k]
           :: else -> skip
           fi;
           k++
      :: else -> break
      od;
      k = 0;
#endif
      if
      :: z -> mine[d] = 0; goto wait_load      /* wait_for_load: nothing is claimed */
      :: !z && !mine[d] -> goto construct      /* already_loaded */
      :: !z && mine[d] ->                      /* planned_load: claim all, reserve slots and TLS blocks */
           do
           :: k < 2 ->
                if
                :: bitof(mine[d], k) -> claim[k] = me + 1; new_slot(pslot[k]); tls[k] = roster
                :: else -> skip
                fi;
                k++
           :: else -> break
           od;
           k = 0;
           refs_z++;
           if
           :: slot_of[2] == 255 ->
#ifdef MUT_PENDING_SLOT
                new_slot(z)                    /* kept in the pending plan */
#else
#ifdef MUT_VISIBLE_SLOT
                new_slot(z); slot_of[2] = z    /* shown in the snapshot, published with the commit */
#else
                resolve_z(me)
#endif
#endif
           :: else -> skip
           fi
#ifdef MUT_STALE_SNAPSHOT
           ;
           do
           :: k < NS -> psnap[me].s[k] = snap.s[k]; k++
           :: else -> break
           od;
           k = 0
#endif
      fi
    };
    goto rehearse;

wait_load:                                     /* await_load_request: a turn of its own; the load may be over by now */
    atomic {
      if
#ifdef MUT_AWAIT_BLIND
      :: parked[me] = z
#else
      :: claim[0] == z || claim[1] == z -> parked[me] = z
      :: else -> skip                          /* ask_again */
#endif
      fi;
      z = 0
    };
    parked[me] == 0;
    goto prepare;

rehearse:                                      /* ---- step 3: no one else involved ---- */
#if defined(INIT_OPENS) && defined(REHEARSE_PHASE2)
    if
    :: init_queued[me] -> init_queued[me] = 0; goto run_init
    :: else -> skip
    fi;
#endif
    catch_up(me);
    d_step {
      h = 0;
      do
      :: k < 2 ->
           if
           :: bitof(mine[d], k) -> tab[me].s[pslot[k]] = k + 1
           :: else -> skip
           fi;
           k++
      :: else -> break
      od;
      k = 0
    };
    if
    :: d_step {                                /* it fails: forget, then abandon_load_request */
         do
         :: k < 2 ->
              if
              :: bitof(mine[d], k) -> tab[me].s[pslot[k]] = 0
              :: else -> skip
              fi;
              k++
         :: else -> break
         od;
         k = 0
       };
       atomic { abandon(me, mine[d]) };
       goto open_failed
    :: atomic {                                /* ---- step 4, a turn: commit_load ---- */
#ifdef MUT_STALE_SNAPSHOT
         do
         :: k < NS -> snap.s[k] = psnap[me].s[k]; k++         /* the snapshot that the prepare turn planned */
         :: else -> break
         od;
         k = 0;
#endif
         head++;
         op_by[head] = me;
         op_slot2[head] = 255;
         do
         :: k < 2 ->
              if
              :: bitof(mine[d], k) ->
                   put(head, pslot[k], k);
                   published[k] = 1;
                   claim[k] = 0;
                   duty[k] = me;               /* begin_construction */
                   assert((tls[k] & roster) == roster);       /* nobody calls an allocator in an apply */
                   if
                   :: k == 1 -> op_slot2[head] = pslot[k]
                   :: else -> op_slot[head] = pslot[k]; op_fn[head] = 1
                   fi;
                   pslot[k] = 255
              :: else -> skip
              fi;
              k++
         :: else -> break
         od;
         k = 0;
         if
         :: mine[d] == 2 -> op_slot[head] = op_slot2[head]; op_fn[head] = 2; op_slot2[head] = 255
         :: else -> skip
         fi;
#if defined(MUT_PENDING_SLOT) || defined(MUT_VISIBLE_SLOT)
         if
         :: z ->
              head++;
              op_slot[head] = z;
              op_fn[head] = 3;
              op_slot2[head] = 255;
              op_by[head] = NOBODY;
              put(head, z, 2)
         :: else -> skip
         fi;
#endif
         answer_parked(me);
         z = 0
       }
    fi;

construct:                                     /* ---- step 5: dependencies first, no claim held ---- */
#if defined(INIT_OPENS) && !defined(REHEARSE_PHASE2)
    if                                         /* load_and_construct drains the queue first */
    :: init_queued[me] -> init_queued[me] = 0; goto run_init
    :: else -> skip
    fi;
#endif
ensure:                                        /* a turn: next_constructor walks the closure, dependency first */
    atomic {
      k = other(want[d]);
#ifdef MUT_WAIT_OPENED_ONLY
      if
      :: bitof(NEEDS(want[d]), k) && bitof(mine[d], k) -> skip
#else
      if
      :: bitof(NEEDS(want[d]), k) -> skip
#endif
      :: else -> k = want[d]
      fi;
each:
      if
      :: ctor[k] == 2 -> skip
      :: ctor[k] == 0 && (duty[k] == NOBODY || duty[k] == me && bitof(mine[d], k)) ->
           duty[k] = me;
           mine[d] = mine[d] | (1 << k);
           ctor[k] = 1;
           l = other(k);                       /* dependencies first */
           assert(!(bitof(NEEDS(k), l) && !bitof(NEEDS(l), k)) || ctor[l] == 2 || noted[k]);
           goto run_ctor
      :: ctor[k] < 2 && duty[k] == me && (ctor[k] == 1 || !bitof(mine[d], k)) -> /* recursive: it goes on without */
           if
           :: k != want[d] -> noted[want[d]] = 1
           :: else -> skip
           fi
      :: ctor[k] < 2 && duty[k] != me && duty[k] != NOBODY ->
           z = duty[k];                        /* closes_cycle */
           do
           :: z != me && z != NOBODY -> z = waits[z]
           :: else -> break
           od;
#ifdef MUT_NO_CYCLE
           z = NOBODY;
#endif
           if
           :: z == me ->                       /* the wait would close a cycle: left out */
                if
                :: k != want[d] -> noted[want[d]] = 1
                :: else -> skip
                fi
           :: else -> waits[me] = duty[k]; z = 0; l = 0; k = 0; goto wait_ctor
           fi;
           z = 0
      fi;
      if
      :: k != want[d] -> k = want[d]; goto each
      :: else -> l = 0; k = 0; goto opened     /* constructors_done */
      fi
    };
wait_ctor:
    waits[me] == NOBODY;
    goto ensure;

run_ctor:                                      /* guest code: leaks its own index, opens the other library */
    atomic { leak_slot = slot_of[k]; leak_fn = k + 1 };
    atomic {
      d++;
      assert(d < D);
      want[d] = other(k);
      in_init[d] = 0;
      l = 0;
      k = 0
    };
    goto prepare;

#ifdef INIT_OPENS
run_init:                                      /* an open initialiser opens a library */
    atomic {
      d++;
      assert(d < D);
      want[d] = (INIT_OPENS -> other(first) : first);
      in_init[d] = 1;
      goto prepare
    };
#endif

opened:                                        /* ---- step 6: the handle; dlsym and call ---- */
    z = slot_of[want[d]];
    check_call(me, z, want[d] + 1);
open_failed:
    atomic {
      z = 0; k = 0; l = 0;
      mine[d] = 0;
      want[d] = 0;
      if
      :: d == 0 -> goto out
      :: d > 0 && in_init[d] ->
           in_init[d] = 0;
           d--;
#ifdef REHEARSE_PHASE2
           goto rehearse
#else
           goto construct
#endif
      :: d > 0 && !in_init[d] ->               /* finish_constructor: the one that this group runs innermost */
           d--;
           k = (bitof(NEEDS(want[d]), other(want[d])) && ctor[other(want[d])] == 1 && duty[other(want[d])] == me && bitof(mine[d], other(want[d])) -> other(want[d]) : want[d]);
           ctor[k] = 2;
           k = 0;
           wake_waiters();
           goto ensure
      fi
    };
out: skip
  } unless { killed[me] };
  leave(me)
}

proctype Caller() {                            /* group 2: joins, then looks up, loads indices and calls */
  byte me = 2, i, f, h, k;
  atomic {                                     /* join_group */
    roster = roster | 4;
    applied[2] = head;
    k = 0;
    do
    :: k < NS -> tab[2].s[k] = snap.s[k]; k++
    :: else -> break
    od;
    k = 0;
    do
    :: k < 2 ->
         if
#ifdef TLS_SNAPSHOT_ONLY
         :: published[k] -> tls[k] = tls[k] | 4
#else
         :: published[k] || claim[k] -> tls[k] = tls[k] | 4   /* take_pending_blocks */
#endif
         :: else -> skip
         fi;
         k++
    :: else -> break
    od;
    k = 0
  };
  do
  :: leak_fn ->
       atomic { i = leak_slot; f = leak_fn };
       check_call(me, i, f);
       i = 0;
       f = 0
  :: atomic {                                  /* assign_slot */
       if
       :: slot_of[2] == 255 -> resolve_z(me)
       :: else -> skip
       fi;
       i = slot_of[2]
     };
     check_call(me, i, 3);
     i = 0
  :: break
  od;
  leave(me)
}

init {
  atomic {
    run Group(0, 0);
    run Group(1, 1);
#ifdef NO_CALLER
    done_groups++
#else
    run Caller()
#endif
  };
#ifndef NO_DEATH
  if                                           /* one owner dies at any point */
  :: killed[0] = 1
  :: killed[1] = 1
  :: skip
  fi;
#endif
  atomic {
    done_groups == 3 ->
      assert(!claim[0] && !claim[1] && !parked[0] && !parked[1] && pslot[0] == 255 && pslot[1] == 255);
#if !defined(MUT_PENDING_SLOT) && !defined(MUT_VISIBLE_SLOT) && !defined(MUT_STALE_SNAPSHOT)
      x = 0;                                   /* those mutants must be caught by what guests see */
      do
      :: x < NS -> assert(used[x] == (snap.s[x] > 0)); x++
      :: else -> break
      od;
#endif
      x = 0;
      do
      :: x < 2 -> assert(published[x] == (slot_of[x] != 255)); x++
      :: else -> break
      od
  }
}

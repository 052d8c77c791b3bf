/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   catchup.pml: the two-phase catch up, joining and leaving (instance_group::catch_up, apply_published, apply_operation,
   drain_initialisers, rehearse, leave; join_group, leave_group; coordinator::append).

   A log and its head; each group has a table, a cursor, `applied` and a queue of open initialisers. Operations: FILL a
   slot (resolve_function), FREE a slot (unload), LOAD a module (one slot, one initialiser for each group; the requester
   rehearses it before the commit and skips it later). The last group joins late, from a snapshot, in one turn. A group
   may die between any two steps. Guest code runs at depth 0 (main) or inside initialisers (depth 1..MODS).
   want[v].s[i] = the operation whose function slot i holds in snapshot v (0 = null).

   Properties:
   P1 at every call behind a check every slot equals that of a snapshot >= the head which the check read;
   P2 an initialiser runs at most once in a group, and never while phase 1 is going on;
   P3 each share is completed once, and all settle;
   P4 no call meets an instance whose TLS is not set;
   P5 main's guest code never calls with initialisers left in the queue.

   As an earlier text was: TLS_PHASE2. Mutants: MUT_LEAVE_LATE, MUT_NO_SKIP, MUT_ONE_PHASE, MUT_TAKE_AFTER, MUT_JOIN_SPLIT,
   MUT_NO_BASE, MUT_EMPTY_LATE, MUT_NO_DRAIN. */
#ifndef N
#define N 2                            /* groups */
#endif
#ifndef OPS
#define OPS 4
#endif
#define MODS 2
#define SLOTS 2
#define FILL 1
#define FREE 2
#define LOAD 3
#define PEND 100                       /* rehearsed, not committed */

typedef table_t { byte s[SLOTS] }
typedef group_t {
  byte s[SLOTS];                       /* the function table */
  byte cursor, applied;
  byte q[MODS];                        /* instance_group::initialisers_ */
  byte qn;
  bit ran[MODS];
  bit tls[MODS];
  bit in1                              /* in phase 1 */
}
table_t want[OPS+1];                   /* snapshots */
byte kind[OPS+1], at[OPS+1], mod[OPS+1], by[OPS+1];   /* the log: kind, slot, module, requester */
byte head, nmods;
byte pending;                          /* loads between prepare and commit */
bit used[SLOTS];                       /* slot is filled or reserved */
byte cnt[OPS+1];                       /* log_node::pending */
byte roster, gone;
group_t g[N];
hidden byte x;

/* coordinator::append and the publication, inside a turn */
inline append(K, i, m, who) {
  x = 0;
  do
  :: x < SLOTS -> want[head+1].s[x] = want[head].s[x]; x++
  :: else -> break
  od;
  kind[head+1] = K;
  at[head+1] = i;
  mod[head+1] = m;
  by[head+1] = who;
  want[head+1].s[i] = (K == FREE -> 0 : head+1);
  cnt[head+1] = roster;                /* log_node::expect */
  head++
}

/* group_store::add_module: the closed initialiser (init_tls) runs here, the open one is queued */
inline enqueue(m) {
#ifndef TLS_PHASE2
  g[me].tls[m] = 1;
#endif
  g[me].q[g[me].qn] = m;
  g[me].qn++
}

/* instance_group::pass_operation */
inline pass_operation() {
  g[me].cursor++;
  assert(cnt[g[me].cursor] > 0);
  cnt[g[me].cursor]--
}

/* instance_group::apply_published: no guest code; private to the group, so one step for each operation is enough */
inline phase1(to) {
  g[me].in1 = 1;
  do
  :: g[me].cursor < to -> d_step {
       v = g[me].cursor + 1;
       if
       :: kind[v] == LOAD && by[v] == me ->
#ifdef MUT_NO_SKIP
            g[me].s[at[v]] = v;
            enqueue(mod[v])
#else
            skip                       /* rehearsed, its initialiser queued then */
#endif
       :: kind[v] == LOAD && by[v] != me ->
            g[me].s[at[v]] = v;
            enqueue(mod[v])
       :: kind[v] == FILL -> g[me].s[at[v]] = v
       :: kind[v] == FREE -> g[me].s[at[v]] = 0
       fi;
       pass_operation()
     }
  :: else -> break
  od;
  atomic {
    g[me].in1 = 0;
    v = 0;
    g[me].applied = g[me].cursor       /* group_store::set_applied */
  }
}

inline drop_first() {
  g[me].qn--;
  g[me].q[0] = g[me].q[1];
  g[me].q[1] = 0
}

/* instance_group::build, from the join's snapshot */
inline build() {
  i = 0;
  do
  :: i < SLOTS -> g[me].s[i] = want[h].s[i]; i++
  :: else -> break
  od;
  m = 0;
  do
  :: m < nmods -> enqueue(m); m++
  :: else -> break
  od
}

proctype Group(byte me; bit joins) {
  byte d;                              /* depth of nested initialisers */
  byte h, v, i, m;
  byte seen[MODS+1];                   /* the head that the check at depth d read */
  if
  :: joins ->
       atomic {                        /* turn(join_request): snapshot, cursor, roster entry, TLS blocks */
         roster++;
         g[me].cursor = head;
         h = head;
#ifndef MUT_JOIN_SPLIT
         build()
#endif
       };
#ifdef MUT_JOIN_SPLIT
       atomic {                        /* roster entry and snapshot in two turns */
         h = head;
         g[me].cursor = h;
         build()
       };
#endif
       g[me].applied = h;
       h = 0; i = 0; m = 0;
       goto phase2
  :: else -> skip
  fi;

guest:
  do
  :: atomic { head > 0 -> seen[d] = head };     /* the check in front of a call_indirect */
     if
     :: seen[d] == g[me].applied -> goto call
     :: else -> goto catch_up
     fi
  :: atomic { head + pending < OPS && d == 0 -> /* a turn of ours: FILL, refill or FREE */
       if
       :: want[head].s[0] == 0 || kind[want[head].s[0]] == FILL -> i = 0
       :: want[head].s[1] == 0 || kind[want[head].s[1]] == FILL -> i = 1
       :: else -> goto guest
       fi;
       if
       :: !used[i] || want[head].s[i] > 0 -> used[i] = 1; append(FILL, i, 0, me)
       :: want[head].s[i] > 0 -> used[i] = 0; append(FREE, i, 0, me)
       :: used[i] && want[head].s[i] == 0 -> skip               /* reserved by a load in flight */
       fi;
       i = 0
     }
  :: atomic { head + pending < OPS && nmods + pending < MODS && d == 0 && (!used[0] || !used[1]) -> /* prepare_load */
       pending++;
       i = (used[0] -> 1 : 0);
       used[i] = 1;
       h = head
     };
     goto rehearse
  :: d > 0 -> d--; goto phase2         /* the initialiser returns */
  :: goto leave                        /* ends or dies, at any depth, at any time */
  od;

catch_up:
  h = head;                            /* the snapshot's version */
#ifdef MUT_ONE_PHASE
  /* an initialiser runs as soon as its instance is made: phase 1 is interrupted by guest code */
  g[me].in1 = 1;
  do
  :: g[me].cursor < h && g[me].qn == 0 ->
       v = g[me].cursor + 1;
       g[me].s[at[v]] = (kind[v] == FREE -> 0 : v);
       if
       :: kind[v] == LOAD && by[v] != me -> enqueue(mod[v])
       :: else
       fi;
       g[me].cursor = v;
       cnt[v]--
  :: else -> break
  od;
  g[me].applied = g[me].cursor;
#else
  phase1(h);
#endif

phase2:                                /* drain_initialisers */
  if
  :: g[me].qn > 0 ->
       atomic {
         m = g[me].q[0];
#ifndef MUT_TAKE_AFTER
         drop_first();                 /* G3: taken off before it runs */
#endif
         d++;
         assert(!g[me].ran[m]);        /* P2 */
         g[me].ran[m] = 1;
         g[me].tls[m] = 1;
         assert(!g[me].in1);
         m = 0
       };
       goto guest
  :: g[me].qn == 0 && d == 0 && seen[0] == 0 -> goto guest      /* end of a build, or of a rehearsal */
  :: else -> goto call
  fi;

call:
  atomic {
    assert(!g[me].in1 && g[me].cursor >= seen[d]);
    assert(d > 0 || g[me].qn == 0);    /* P5 */
    i = 0;
    do
    :: i < SLOTS -> assert(g[me].s[i] == want[g[me].cursor].s[i]); i++                  /* P1 */
    :: else -> break
    od;
    v = 1;
    do
    :: v <= seen[d] -> assert(kind[v] != LOAD || g[me].tls[mod[v]]); v++                /* P4 */
    :: else -> break
    od;
    i = 0; v = 0; h = 0;
    seen[d] = 0;
    goto guest
  };

rehearse:                              /* catch_up_without_initialisers, to the plan's base version; then the plan */
#ifndef MUT_NO_BASE
  phase1(h);
#endif
  g[me].s[i] = PEND;
  if
  :: atomic {                          /* commit_load; the initialiser that the rehearsal queued counts from here */
       m = nmods;
       nmods++;
       pending--;
       append(LOAD, i, m, me);
       g[me].s[i] = head;
       enqueue(m)
     }
#ifdef MUT_EMPTY_LATE
  :: atomic { pending--; used[i] = 0 };                         /* the turn gives the slot back */
     h = head;
     phase1(h);
     g[me].s[i] = 0                                             /* and it is emptied when the host call returns */
#else
  :: atomic { g[me].s[i] = 0; pending--; used[i] = 0 }          /* forget, then abandon_load */
#endif
  :: atomic { pending--; used[i] = 0 };
     goto leave                                                 /* the owner dies: its leave abandons */
  fi;
  i = 0; m = 0; h = 0;
#ifdef MUT_NO_DRAIN
  goto guest;                          /* applied == head: no check will ever drain the queue */
#else
  goto phase2;                         /* load_and_construct: the claim is gone, the queue is drained */
#endif

leave:                                 /* instance_group::leave */
#ifdef MUT_LEAVE_LATE
  h = head;
  atomic {
    do
    :: g[me].cursor < h -> g[me].cursor++; cnt[g[me].cursor]--
    :: else -> break
    od
  };
  roster--;
#else
  atomic { roster--; h = head };       /* G4: leave_group; then the shares up to that turn's version */
  d_step {
    do
    :: g[me].cursor < h -> pass_operation()
    :: else -> break
    od
  };
#endif
  gone++
}

active proctype Monitor() {
  byte v;
  atomic {
    roster = N-1;
    run Group(0, 0);
    if
    :: N > 2 -> run Group(1, 0)
    :: else
    fi;
    run Group(N-1, 1)
  };
  atomic {
    gone == N ->
      v = 1;
      do
      :: v <= head -> assert(cnt[v] == 0); v++                  /* P3 */
      :: else -> break
      od
  }
}

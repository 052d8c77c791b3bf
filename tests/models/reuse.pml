/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   reuse.pml: lanes, nested catch ups, joins, and the reuse of a memory range (group_lane::hold,
   release_lane_if_idle, apply_published; publication::publish, current; coordinator::note_reusable_memory).

   The writer's history: load, close, load, close, load. Each load is a new incarnation of file 0 or 1: a file may be
   opened again. A load may take range X (0) if nothing holds X and some turn since it was freed has seen no lane below
   that version: that stays proven, though a lane may go back (topology::reusable_up_to only grows). It takes a fresh
   range otherwise, or if another fits better: it never waits. An incarnation's closed initialisers touch its range in phase 1; its open one touches it when it
   begins and when it ends, and makes a check in between: a nested catch up. Groups end or die at any depth; the last one joins late.

   Properties: P1 no initialiser touches a range that has been given to another incarnation. P2 (-DWITNESS, must fail):
   X is reused while a group lags: the lane is no barrier.
   -DRECHECK is the alternative design (a lane for each initialiser, the snapshot read again when one is taken off).

   Mutants: MUT_SNAP_FIRST, MUT_LANE_PHASE1, MUT_NEST_CLEAR, MUT_NEST_RAISE, MUT_JOIN_LANE_LATE, MUT_BATCH,
   MUT_HEAD_FIRST, MUT_BY_NAME. */
#ifndef N
#define N 2                              /* groups */
#endif
#ifndef OPS
#define OPS 5
#endif
#define IDLE 255
#define FRESH 7

byte head = 0;                           /* publication::head_ */
byte cur = 0;                            /* version of publication::current_ */
byte closed[OPS+1] = IDLE;               /* closed[v]: version that closed incarnation v; visible to snapshots >= it */
byte rng[OPS+1] = FRESH;
byte file[OPS+1];
byte owner = 0;                          /* incarnation that X was last given to */
byte freed_at = 0;
bit held;                                /* X is held */
bit proven;                              /* topology::reusable_up_to has reached freed_at */
byte lane[N] = IDLE;                     /* group_lane::version */
byte cursor[N];
bit in_roster[N];
typedef queue_t { byte q[3]; byte n }
queue_t qu[N];                           /* instance_group::initialisers_ */
hidden byte x;
bit over;

/* snapshot::find of incarnation v in snapshot s finds nothing */
#ifdef MUT_BY_NAME
#define CLOSED(v, s) (closed[v] <= s && !((s) >= v+2 && rng[v+2] != IDLE && file[v+2] == file[v] && closed[v+2] > s) && !((s) >= v+4 && v+4 <= OPS && file[v+4] == file[v]))
#else
#define CLOSED(v, s) (closed[v] <= s)
#endif
#define touch(v) assert(rng[v] == FRESH || owner == v)
#define is_load(v) ((v) & 1)

/* publication::raise_head, in one step here; publish.pml has its steps */
#define raise_head(v) atomic { if :: head < v -> head = v :: else -> skip fi }

/* publication::current */
inline read_snapshot() {
  s = cur;
  raise_head(s)
}

/* coordinator::note_reusable_memory: may a range freed at `freed_at` be given out? */
inline test_lanes() {
  i = (proven -> N : 0);
  do
  :: i < N && free ->
       if
       :: in_roster[i] && lane[i] < freed_at -> free = 0
       :: else -> skip
       fi;
       i++
  :: else -> break
  od;
  if
  :: free -> proven = 1
  :: else -> skip
  fi
}

/* the turns of loads and closes, one batch each */
proctype Writer() {
  byte v, i;
  bit free;
  do
  :: v < OPS ->
       v++;
       if
       :: is_load(v) ->                  /* prepare: the lanes are read after the close that freed X was published */
            if
            :: file[v] = 0
            :: file[v] = 1
            fi;
            free = !held;
            test_lanes();
            if
            :: free -> atomic {
#ifdef WITNESS
                 assert(!(owner > 0 && cursor[0] < owner));
#endif
                 rng[v] = 0;             /* the rehearsal writes the range from here on */
                 owner = v;
                 held = 1
               }
            :: free && freed_at > 0 -> skip /* another range fits better; X is proven from now on */
            :: else -> skip
            fi;
            i = 0;
            free = 0
       :: else ->                        /* unload */
            closed[v-1] = v;
            if
            :: rng[v-1] == 0 ->
                 freed_at = v;
                 proven = 0;
                 held = 0;
#ifdef MUT_BATCH
                 /* close and load in one batch: the lanes are read before this close is published */
                 if
                 :: v + 1 <= OPS ->
                      free = 1;
                      test_lanes();
                      if
                      :: free -> rng[v+1] = 0; owner = v + 1; held = 1
                      :: else -> skip
                      fi;
                      i = 0;
                      free = 0
                 :: else -> skip
                 fi
#endif
            :: else -> skip
            fi
       fi;
#ifdef MUT_HEAD_FIRST
       head = v;
       cur = v
#else
       cur = v;                          /* finish_batch: snapshot, then head, which a reader may have raised */
       raise_head(v)
#endif
  :: else ->
       over = 1;
       break
  od
}

inline hold_lane() {
  h = head;
  if
  :: lane[me] == IDLE -> lane[me] = h    /* a nested one leaves it as it is */
  :: else -> skip
  fi
}

proctype Group(byte me; bit joins) {
  byte d, h, v, s, i;
  byte run_v[4], saved[4];
  if
  :: joins ->                            /* turn(join_request): snapshot, roster entry and lane in one */
#ifdef MUT_JOIN_LANE_LATE
       atomic { s = cur; in_roster[me] = 1 };
       lane[me] = s;
#else
       atomic { s = cur; in_roster[me] = 1; lane[me] = s };
#endif
       goto phase1
  :: else -> in_roster[me] = 1
  fi;
guest:
  do
  :: head != cursor[me] -> goto catch_up /* the check in front of a call_indirect */
  :: d > 0 -> goto init_ends
  :: d == 0 && over && cursor[me] == OPS -> goto leave
  :: goto leave                          /* ends or dies, at any depth */
  od;

catch_up:                                /* hold_lane, then the snapshot */
#ifdef MUT_SNAP_FIRST
  read_snapshot();
  if
  :: lane[me] == IDLE -> lane[me] = s
  :: else -> skip
  fi;
#else
#ifdef MUT_NEST_RAISE
  h = head;
  lane[me] = h;
  read_snapshot();
  h = 0;
#else
#ifdef RECHECK
  saved[d] = lane[me];
#endif
  hold_lane();
  read_snapshot();
  h = 0;
#endif
#endif

phase1:                                  /* apply_published */
  do
  :: cursor[me] < s -> atomic {
       v = cursor[me] + 1;
       if
       :: is_load(v) && !CLOSED(v, s) -> /* apply_load: its closed initialisers write at once (TLS), the open one is queued */
            touch(v);
            qu[me].q[qu[me].n] = v;
            qu[me].n++
#ifndef RECHECK
       :: !is_load(v) && qu[me].n > 0 && qu[me].q[0] == v-1 -> /* apply_operation(unload): dropped; it is the first, as close follows load here */
            qu[me].q[0] = qu[me].q[1];
            qu[me].q[1] = qu[me].q[2];
            qu[me].q[2] = 0;
            qu[me].n--
#endif
       :: else -> skip
       fi;
       cursor[me] = v;
       v = 0
     }
  :: else -> break
  od;
#ifdef MUT_LANE_PHASE1
  lane[me] = IDLE;
#endif
#ifdef RECHECK
  lane[me] = saved[d];
  saved[d] = 0;
#endif

phase2:                                  /* drain_initialisers */
  if
  :: qu[me].n > 0 ->
#ifdef RECHECK
       saved[d] = lane[me];
       hold_lane();
       read_snapshot();
       h = 0;
#endif
       atomic {
         v = qu[me].q[0];
         qu[me].q[0] = qu[me].q[1];
         qu[me].q[1] = qu[me].q[2];
         qu[me].q[2] = 0;
         qu[me].n--
       };
#ifdef RECHECK
       if
       :: CLOSED(v, s) -> lane[me] = saved[d]; saved[d] = 0; v = 0; goto phase2 /* closed meanwhile: dropped */
       :: else -> skip
       fi;
#endif
       atomic {
         d++;
         run_v[d] = v;
         v = 0;
         touch(run_v[d])
       };
       s = 0;
       goto guest
  :: else ->
       s = 0;
#ifdef MUT_NEST_CLEAR
       lane[me] = IDLE;
#else
       if
       :: d == 0 -> lane[me] = IDLE      /* release_lane_if_idle */
       :: else -> skip
       fi;
#endif
       goto guest
  fi;

init_ends:
  atomic {
    touch(run_v[d]);
    run_v[d] = 0;
    d--
  };
#ifdef RECHECK
  lane[me] = saved[d];
  saved[d] = 0;
#endif
  goto phase2;

leave:                                   /* turn(leave_request) drops the lane; nothing of this group is left on a stack */
  atomic {
    in_roster[me] = 0;
    lane[me] = IDLE
  }
}

init {
  atomic {
    in_roster[0] = 1;
    x = 0;
    do
    :: x < N-1 -> in_roster[x] = 1; run Group(x, 0); x++
    :: else -> break
    od;
    run Group(N-1, 1);
    run Writer()
  }
}

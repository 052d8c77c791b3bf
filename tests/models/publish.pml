/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   publish.pml: a publication in its real steps, and all who learn an index (publication::publish, current, raise_head;
   coordinator::finish_batch; group_lane::hold; instance_group::is_behind, catch_up, apply_published; find_symbol). The
   other models take a publication for one step; this one says why they may.

   Version v gives one index, v. A writer appends, stores the snapshot, raises the head, and its reply leaves: whoever
   asked stores the index to memory. Meanwhile groups catch up for any reason, at any time, look up what they have applied and
   store an index of it to memory; load an index and call it behind a check; look at the head, as a look-up does that has
   not found its symbol, and catch up if it is newer. A newcomer starts from the snapshot of its reply.

   Properties:
   P1 agreement: at a call the group has applied the version of the index;
   P2 whoever sees a head finds a snapshot at least as new (what lanes, rehearsals and look-ups rest on);
   P3 a snapshot's nodes are linked.

   -DWRITER_STORES, which holds too: the writer stores the head without a comparison, for no version above its own is known.
   Mutants: MUT_NO_RAISE (readers leave the head to the writer), MUT_RAISE_LATE (a reader raises it when guest code has run
   on the snapshot), MUT_RAISE_STORE (a reader stores the head, without a comparison), MUT_RAISE_BLIND (compares, then stores), MUT_HEAD_FIRST, MUT_APPEND_LAST,
   MUT_REPLY_FIRST (the reply leaves ahead of the head), MUT_CHECK_FIRST (the check stands ahead of the load of the index). */
#ifndef N
#define N 2                              /* groups */
#endif
#ifndef OPS
#define OPS 3
#endif

byte log = 0;                            /* operation_log::tail_ */
byte cur = 0;                            /* version of publication::current_ */
byte head = 0;                           /* *publication::head_ */
byte mem = 0;                            /* the index that guests store and load */
byte replied = 0;                        /* the newest version whose reply has left */

/* publication::raise_head: a load, then compare-and-swap to the larger */
inline raise_head(v) {
  h = head;
  do
  :: h < v ->
#ifdef MUT_RAISE_BLIND
       head = v;
       h = v
#else
       atomic {
         if
         :: head == h -> head = v; h = v
         :: else -> h = head
         fi
       }
#endif
  :: else -> break
  od;
  h = 0
}

/* turns, one batch each; the requester's guest leaks when it has its reply */
proctype Writer() {
  byte v, h;
  do
  :: v < OPS ->
       v++;
#ifndef MUT_APPEND_LAST
       log = v;
#endif
#ifdef MUT_REPLY_FIRST
       replied = v;
#endif
#ifdef MUT_HEAD_FIRST
       raise_head(v);
       cur = v;
#else
       cur = v;
#ifdef WRITER_STORES
       head = v;
#else
       raise_head(v);
#endif
#endif
#ifdef MUT_APPEND_LAST
       log = v;
#endif
       replied = v
  :: else -> break
  od
}

/* who asked learns the index of its version from the reply: another thread than the drainer, or the same */
proctype Requester() {
  do
  :: atomic { replied > 0 -> mem = replied }
  :: replied == OPS -> break
  od
}

/* publication::current, then apply_published */
inline catch_up() {
  s = cur;
#ifdef MUT_RAISE_STORE
  head = s;
#else
#ifndef MUT_NO_RAISE
#ifndef MUT_RAISE_LATE
  raise_head(s);
#endif
#endif
#endif
  assert(s >= seen);                     /* P2 */
  assert(log >= s);                      /* P3 */
  applied = s;
  s = 0; seen = 0
}

proctype Group(bit joins) {
  byte applied, s, h, seen, index;
  byte calls;
  if
  :: joins -> applied = replied          /* join_reply: the snapshot of a turn, published before the reply left */
  :: else -> skip
  fi;
  do
  :: catch_up()                          /* the end of a host call that waits; a check that found an older head; an embedder's call */
#ifdef MUT_RAISE_LATE
     ;
     if
     :: applied > 0 -> mem = applied     /* a start function runs in the catch up */
     :: else -> skip
     fi;
     raise_head(applied)
#endif
  :: seen = head;                        /* is_behind, find_up_to_date; the lane holds this head */
     if
     :: seen != applied -> catch_up()
     :: else -> seen = 0
     fi
  :: applied > 0 -> mem = applied        /* dlsym: an index of the snapshot that is applied */
  :: mem > 0 && calls < 2 ->
#ifdef MUT_CHECK_FIRST
     seen = head;
     if
     :: seen != applied -> catch_up()
     :: else -> seen = 0
     fi;
     index = mem;
#else
     index = mem;                        /* guest code loads it; the check stands behind that */
     seen = head;
     if
     :: seen != applied -> catch_up()
     :: else -> seen = 0
     fi;
#endif
     assert(applied >= index);           /* P1: call_indirect */
     index = 0;
     calls++
  :: calls == 2 -> break
  od
}

init {
  byte i;
  atomic {
    run Writer();
    run Requester();
    do
    :: i < N - 1 -> run Group(0); i++
    :: else -> break
    od;
    run Group(1)
  }
}

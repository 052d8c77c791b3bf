/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   mailbox.pml: who runs a turn, and that every request is answered (actors/serial_actor.hh, coordinator::ask,
   coordinator::give_up, coordinator::finish_batch).

   Whoever makes the mailbox non-empty drains it: at most BOUND messages, one publication for the batch, and the replies
   leave after the publication. What a drainer leaves over goes to the runtime's own thread. A request that its turn has
   parked ("wait for that load") may be given up at a deadline: the node is in the coordinator's hands until it is
   answered, so the cancel is a message on the group's second node, and the group goes on when both are answered.

   Even groups send operations, odd ones requests that are parked.

   Properties: every request is answered exactly once; no node is queued twice; a reply shows nothing that is not
   published; nobody is left in the mailbox (no invalid end state).
   -DLIVE: groups ask for ever (parked requests are answered by their cancels alone), and `ltl answered` (weakly fair): each request is answered, and nobody serves the others
   for ever.

   Mutants: MUT_REPLY_FIRST, MUT_NO_HANDOVER, MUT_CANCEL_ALONE, MUT_CANCEL_UNANSWERED; with LIVE: MUT_NEWEST_FIRST,
   MUT_NO_BOUND. */
#ifndef N
#define N 3                           /* groups */
#endif
#ifndef ROUNDS
#define ROUNDS 2                      /* requests of each */
#endif
#define BOUND 1
#define LOAD_ENDS (2*N)               /* message: a load has ended */
#define NOBODY 255

byte nq;                              /* messages in the mailbox */
byte q[2*N+1];                        /* group, or N + group for its second node (cancel) */
bit busy;                             /* a drainer is at work or promised */
bit bell;                             /* the runtime's thread has been given the duty */
bit queued[N], parked[N], cqueued[N], asked[N];
bit serving[N];
byte answers[N], canswers[N], ver[N];
byte head, appended;                  /* published version, and that of the log */
hidden byte x;

/* mailbox::push: true when the mailbox was idle */
inline push(m, first) {
  q[nq] = m;
  nq++;
  first = !busy;
  busy = 1
}

/* mailbox::take: oldest first */
inline pop(m) {
#ifdef MUT_NEWEST_FIRST
  nq--;
  m = q[nq];
  q[nq] = 0
#else
  m = q[0];
  x = 0;
  do
  :: x < nq-1 -> q[x] = q[x+1]; x++
  :: else -> break
  od;
  nq--;
  q[nq] = 0
#endif
}

/* coordinator::answer, and its part in finish_batch */
inline answer(k) {
  assert(asked[k] && answers[k] == 0);
  answers[k]++;
  ver[k] = appended;
  parked[k] = 0
}

/* coordinator::handle; an operation's reply waits for the batch's publication */
inline handle(m) {
  if
  :: m < N && m % 2 == 0 ->
       queued[m] = 0;
#ifndef LIVE
       appended++;
#endif
#ifdef MUT_REPLY_FIRST
       answer(m)
#else
       late = m
#endif
  :: m < N && m % 2 == 1 ->           /* await_load: parked */
       queued[m] = 0;
       parked[m] = 1
  :: m >= N && m < 2*N ->             /* give_up, and the cancel's own answer */
       cqueued[m-N] = 0;
       if
       :: parked[m-N] -> answer(m-N)
       :: else -> skip                /* answered already, or in this batch */
       fi;
       clate = m - N
  :: m == LOAD_ENDS ->                /* answer_ended_loads */
       x = 0;
       do
       :: x < N ->
            if
            :: parked[x] -> answer(x)
            :: else -> skip
            fi;
            x++
       :: else -> break
       od
  fi
}

/* serial_actor::drain */
inline drain() {
  n = 0; late = NOBODY; clate = NOBODY;
  do
#ifdef MUT_NO_BOUND
  :: nq > 0 -> atomic {
#else
  :: n < BOUND && nq > 0 -> atomic {
       n++;
#endif
       pop(m);
       handle(m)
#ifdef MUT_NO_BOUND
       ;
       if :: late != NOBODY -> answer(late); late = NOBODY :: else -> skip fi;
       if :: clate != NOBODY -> canswers[clate]++; clate = NOBODY :: else -> skip fi
#endif
     }
  :: else -> break
  od;
  head = appended;                    /* finish_batch: publish, then reply */
  atomic {
    if
    :: late != NOBODY -> answer(late); late = NOBODY
    :: else -> skip
    fi;
    if
    :: clate != NOBODY -> canswers[clate]++; clate = NOBODY
    :: else -> skip
    fi
  };
  atomic {
    if
    :: nq == 0 -> busy = 0            /* mailbox::release */
#ifdef MUT_NO_HANDOVER
    :: else -> busy = 0
#else
    :: else -> bell = 1               /* asio::post: still busy, the runtime's thread goes on */
#endif
    fi;
    n = 0; m = 0; late = 0; clate = 0
  }
}

/* coordinator::ask */
proctype Group(byte me) {
  byte m, n, late, clate, rounds;
  bit first, cancelled;
  do
  :: rounds < ROUNDS ->
       atomic {
         asked[me] = 1;
         assert(!queued[me]);
         queued[me] = 1;
         push(me, first);
         serving[me] = first
       };
       if
       :: first -> drain(); serving[me] = 0
       :: else -> skip
       fi;
       cancelled = 0;
again:
       if
       :: atomic { answers[me] == 1 -> /* the reply shows a published version */
            assert(ver[me] <= head);
            asked[me] = 0;
            answers[me] = 0;
            ver[me] = 0
          }
       :: atomic { me % 2 == 1 && !cancelled && answers[me] == 0 -> /* the deadline */
            cancelled = 1;
#ifdef MUT_CANCEL_ALONE
            asked[me] = 0;            /* goes on at once: its node is still in the mailbox, or parked */
            rounds++
          };
          goto next
#else
            assert(!cqueued[me]);
            cqueued[me] = 1;
            push(N + me, first);
            serving[me] = first
          };
          if
          :: first -> drain(); serving[me] = 0
          :: else -> skip
          fi;
          goto again
#endif
       fi;
#ifndef MUT_CANCEL_UNANSWERED
       atomic { !cancelled || canswers[me] == 1 -> canswers[me] = 0 };
#endif
#ifndef LIVE
       rounds++;
#endif
next:  skip
  :: else -> break
  od
}

/* some load ends: a turn of a group that is not modelled */
proctype Load() {
  byte m, n, late, clate;
  bit first;
  atomic { push(LOAD_ENDS, first) };
  if
  :: first -> drain()
  :: else -> skip
  fi
}

/* the runtime's own thread */
active proctype Executor() {
  byte m, n, late, clate;
end:
  do
  :: atomic { bell -> bell = 0 };
     drain()
  od
}

init {
  byte k;
  atomic {
    do
    :: k < N -> run Group(k); k++
    :: else -> break
    od;
#ifndef LIVE
    run Load()
#endif
  }
}

#ifdef LIVE
ltl answered {
  [] (asked[0] -> <> !asked[0]) && [] (asked[1] -> <> !asked[1]) && [] (serving[0] -> <> !serving[0])
}
#endif

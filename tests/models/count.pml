/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   count.pml: the handles of one library, counted without a turn while another handle is left (linker/open_count.hh;
   reopen_at_once in loader/library_loader.cc, give_back_handle in loader/library_closer.cc, reopen_library and close_library
   in linker/). A loader commits the library and runs its constructor; it and two more threads open and close it, as often as
   OPENS says. A compare-and-swap is the load of the count and the change of what is still as it was read, in two steps.

   Properties: guest code has a handle only when the constructor has run, and never one of a library that is closing or
   unloaded; the library is unloaded once, and not before its last handle is given back; at the end it is unloaded.

   Mutants: MUT_COUNT_ALONE (a count above 0 is enough to open), MUT_OPEN_BLIND (an open writes what it read plus one),
   MUT_CLOSE_BLIND (so does a close, minus one), MUT_CLOSE_LAST (a close without a turn takes the last handle, too, and nobody
   looks), MUT_DECIDE_EARLY (the closing turn decides by the count that it read before), MUT_OPEN_ZERO (an open without a turn
   takes the count from 0 to 1). */
#ifndef OPENS
#define OPENS 2
#endif
#define THREADS 3

byte count;                                    /* open_count::handles_ */
bit constructed;                               /* open_count::is_constructed_ */
bit published, begun, closing, unloaded;       /* by turns */
byte held;                                     /* handles that guest code has */
byte left;

inline take_handle() {
  assert(constructed && !closing && !unloaded);
  held++
}

proctype Thread(bit loads) {
  byte seen;
  byte opens;
  if
  :: loads ->
       atomic { published = 1; count = 1 };    /* commit_load */
       atomic { begun = 1 };                   /* the constructor runs */
       constructed = 1;                        /* the turn that ends it */
       atomic { take_handle() };
       goto close
  :: else -> skip
  fi;

open:
  if
  :: opens == OPENS -> goto end
  :: opens < OPENS -> opens++
  fi;
  if
  :: !published || unloaded -> goto end
  :: else -> skip
  fi;
#ifndef MUT_COUNT_ALONE
  if
  :: !constructed -> goto turn
  :: else -> skip
  fi;
#endif
  seen = count;
again:                                         /* open_count::reopen */
  if
#ifndef MUT_OPEN_ZERO
  :: seen == 0 -> goto turn
#endif
  :: else ->
       atomic {
         if
#ifdef MUT_OPEN_BLIND
         :: true -> count = seen + 1; take_handle(); goto close
#else
         :: count == seen -> count = seen + 1; take_handle(); goto close
         :: else -> seen = count; goto again
#endif
         fi
       }
  fi;

turn:                                          /* reopen_library; it then waits for the constructor */
  atomic {
    if
    :: unloaded -> goto end
    :: closing -> goto end                     /* it would wait for the end of the close, and load anew */
    :: else -> count++
    fi
  };
  constructed;
  atomic { take_handle() };

close:
  atomic { held--; seen = count };             /* guest code has given the handle back */
less:                                          /* open_count::close_one_of_several */
  if
#ifdef MUT_CLOSE_LAST
  :: false -> skip
#else
  :: seen <= 1 -> goto last
#endif
  :: else ->
       atomic {
         if
#ifdef MUT_CLOSE_BLIND
         :: true -> count = seen - 1; goto open
#else
         :: count == seen -> count = seen - 1; goto open
         :: else -> seen = count; goto less
#endif
         fi
       }
  fi;

last:                                          /* close_library: a turn, but other threads count meanwhile */
  seen = count;
decide:
  atomic {
    if
#ifdef MUT_DECIDE_EARLY
    :: true ->
         count--;
#else
    :: count != seen -> seen = count; goto decide
    :: count == seen ->
         assert(seen > 0);
         count = seen - 1;
#endif
         if
         :: seen == 1 -> closing = 1
         :: else -> goto open
         fi
    fi
  };
  atomic { assert(held == 0 && !unloaded); unloaded = 1; closing = 0 };
  goto open;
end:
  left++
}

init {
  atomic {
    run Thread(1);
    run Thread(0);
    run Thread(0)
  };
  atomic {
    left == THREADS -> assert(held == 0 && count == 0 && unloaded)
  }
}

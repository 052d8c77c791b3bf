// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arguments, environment, clocks, random numbers, the end, and waits for streams.
#include "suite.h"

static const u64 milliseconds = 1000000;

static void args_get_multiple_arguments(void) {
  CHECK(argument_count == 5);
  CHECK(equal(arguments[2], "first", 6));
  CHECK(equal(arguments[3], "the \"second\" arg", 17));
  CHECK(equal(arguments[4], "3", 2));
}

static void args_sizes_get_multiple_arguments(void) {
  u32 count = 0, size = 0;
  OK(args_sizes_get(&count, &size));
  CHECK(count == 5);
}

static void args_sizes_get_no_arguments(void) {
  u32 count = 0, size = 0;
  OK(args_sizes_get(&count, &size));
  CHECK(count == 2);  // the program's name and the test's
}

static u32 variables(void) {
  u32 count = 0, size = 0;
  OK(environ_sizes_get(&count, &size));
  return count;
}

static void environ_get_multiple_variables(void) {
  static const char *const expected[] = {"a=text", "b=escap \" ing", "c=new\nline"};
  char *places[3];
  char bytes[64];
  CHECK(variables() == 3);
  OK(environ_get(places, bytes));
  for (u32 i = 0; i < 3; ++i) {
    CHECK(equal(places[i], expected[i], size_of(expected[i]) + 1));
  }
}

static void environ_sizes_get_multiple_variables(void) {
  CHECK(variables() == 3);
}

static void environ_sizes_get_no_variables(void) {
  CHECK(variables() == 0);
}

static void proc_exit_failure(void) {
  proc_exit(33);
}

static void proc_exit_success(void) {
  proc_exit(0);
}

static bool is_zero(const char *bytes, u32 size) {
  for (u32 i = 0; i < size; ++i) {
    if (bytes[i] != 0) {
      return false;
    }
  }
  return true;
}

static void random_get_zero_length(void) {
  char byte = 7;
  OK(random_get(&byte, 0));
  CHECK(byte == 7);
}

static void big_random_buf(void) {
  static char bytes[1024];
  OK(random_get(bytes, sizeof bytes));
  CHECK(!is_zero(bytes, sizeof bytes));
}

static u64 now(u32 clock) {
  u64 time = 0;
  OK(clock_time_get(clock, 0, &time));
  return time;
}

static void clock_time_get_precisions(void) {
  u64 time = 0;
  OK(clock_time_get(1, 1, &time));
  const u64 first = now(1);
  CHECK(first <= now(1));
}

static void clock_gettime_monotonic(void) {
  const u64 first = now(1);
  CHECK(first < now(1));
}

static void clock_gettime_realtime(void) {
  CHECK(now(0) > 0);
}

static void resolution(u32 clock) {
  u64 time = 0;
  OK(clock_res_get(clock, &time));
  CHECK(time > 0);
}

static void clock_getres_monotonic(void) {
  resolution(1);
}

static void clock_getres_realtime(void) {
  resolution(0);
}

static void sched_yield_succeeds(void) {
  OK(sched_yield());
}

enum { clock_event, read_event, write_event };

static void poll_oneoff_stdio(void) {
  struct subscription wanted[3] = {{.user_data = 0x12345678, .type = clock_event},
                                   {.user_data = 0x876543210, .type = read_event}};
  struct event events[3];
  u32 count = 0;
  wanted[0].clock.id = 1;
  wanted[0].clock.timeout = 200 * milliseconds;
  OK(poll_oneoff(wanted, events, 2, &count));
  CHECK(count >= 1 && count <= 2);
  for (u32 i = 0; i < count; ++i) {
    CHECK(events[i].error == success);
    CHECK(events[i].type == clock_event || events[i].type == read_event);
    CHECK(events[i].user_data == wanted[events[i].type].user_data);
  }
  bool pending[3] = {false, true, true};  // by descriptor
  while (pending[1] || pending[2]) {
    u32 asked = 0;
    for (u32 descriptor = 1; descriptor <= 2; ++descriptor) {
      if (pending[descriptor]) {
        wanted[asked] = (struct subscription){.user_data = descriptor, .type = write_event};
        wanted[asked++].descriptor = descriptor;
      }
    }
    wanted[asked] = (struct subscription){.user_data = 0x12345678, .type = clock_event};
    wanted[asked].clock.id = 1;
    wanted[asked++].clock.timeout = 200 * milliseconds;
    OK(poll_oneoff(wanted, events, asked, &count));
    CHECK(count >= 1);
    for (u32 i = 0; i < count; ++i) {
      CHECK(events[i].type == write_event && events[i].error == success);
      CHECK(events[i].user_data == 1 || events[i].user_data == 2);
      CHECK(pending[events[i].user_data]);
      pending[events[i].user_data] = false;
    }
  }
}

const struct test process_tests[] = {
    {"args_get-multiple-arguments", args_get_multiple_arguments},
    {"args_sizes_get-multiple-arguments", args_sizes_get_multiple_arguments},
    {"args_sizes_get-no-arguments", args_sizes_get_no_arguments},
    {"environ_get-multiple-variables", environ_get_multiple_variables},
    {"environ_sizes_get-multiple-variables", environ_sizes_get_multiple_variables},
    {"environ_sizes_get-no-variables", environ_sizes_get_no_variables},
    {"proc_exit-failure", proc_exit_failure},
    {"proc_exit-success", proc_exit_success},
    {"random_get-zero-length", random_get_zero_length},
    {"random_get-non-zero-length", big_random_buf},
    {"big_random_buf", big_random_buf},
    {"clock_time_get", clock_time_get_precisions},
    {"clock_gettime-monotonic", clock_gettime_monotonic},
    {"clock_gettime-realtime", clock_gettime_realtime},
    {"clock_getres-monotonic", clock_getres_monotonic},
    {"clock_getres-realtime", clock_getres_realtime},
    {"sched_yield", sched_yield_succeeds},
    {"poll_oneoff_stdio", poll_oneoff_stdio},
    {NULL, NULL},
};

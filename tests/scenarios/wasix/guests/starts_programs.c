// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Processes: a program that starts itself under other names of arguments, joins, signals, replaces itself, and makes a
// pipeline of three. It lies in the root as /program.wasm and /bin/tool.
#include <ctype.h>
#include <stdlib.h>

#include "guest.h"
#include "processes.h"

static const char program[] = "/program.wasm";

static int upper_case(void) {
  char text[64];
  for (int size = 0; (size = get(0, text, sizeof text)) > 0;) {
    for (int i = 0; i < size; ++i) {
      text[i] = (char)toupper(text[i]);
    }
    REQUIRE(put(1, text, (uint32_t)size) == e_success);
  }
  return 0;
}

static int count_letters(void) {
  char text[64];
  int count = 0;
  for (int size = 0; (size = get(0, text, sizeof text)) > 0;) {
    for (int i = 0; i < size; ++i) {
      count += text[i] == 'A';
    }
  }
  printf("%d\n", count);
  return 0;
}

static int say(int argc, char **argv) {
  for (int i = 2; i < argc; ++i) {
    printf("%s\n", argv[i]);
  }
  return 0;
}

static int compute(void) {
  for (volatile unsigned i = 0;; ++i) {
  }
}

static int child(int argc, char **argv) {
  const char *how = argv[1];
  uint32_t pid = 0, parent = 0;
  if (strcmp(how, "say") == 0) {
    return say(argc, argv);
  }
  if (strcmp(how, "upper") == 0) {
    return upper_case();
  }
  if (strcmp(how, "count") == 0) {
    return count_letters();
  }
  if (strcmp(how, "exit") == 0) {
    return atoi(argv[2]);
  }
  if (strcmp(how, "in") == 0) {
    char path[32] = "";
    uint32_t size = sizeof path;
    return wasix_getcwd(path, &size) == e_success && strcmp(path, argv[2]) == 0 ? 0 : 1;
  }
  if (strcmp(how, "sleep") == 0) {
    wasix_thread_sleep(3600000000000ULL);
    return 1;
  }
  if (strcmp(how, "compute") == 0) {
    return compute();
  }
  if (strcmp(how, "parent") == 0) {
    REQUIRE(wasix_proc_id(&pid) == e_success && wasix_proc_parent(pid, &parent) == e_success);
    return pid != 1 && parent == 1 ? 0 : 1;
  }
  if (strcmp(how, "environment") == 0) {
    const char *value = getenv("GIVEN");
    return value != 0 && strcmp(value, "value") == 0 ? 0 : 1;
  }
  if (strcmp(how, "closed") == 0) {
    char byte = 0;
    return get(atoi(argv[2]), &byte, 1) == -e_badf ? 0 : 1;
  }
  if (strcmp(how, "execute") == 0) {
    const int code = wasix_proc_exec3(program, sizeof program - 1, "other\nexit\n42", 13, 0, 0, 0, 0, 0);
    printf("not replaced: %d\n", code);
  }
  // The older forms return in no case.
  if (strcmp(how, "execute_1") == 0) {
    wasix_proc_exec(program, sizeof program - 1, "other\nexit\n43", 13);
  }
  if (strcmp(how, "execute_2") == 0) {
    wasix_proc_exec2(program, sizeof program - 1, "other\nenvironment", 17, "GIVEN=value", 11);
  }
  if (strcmp(how, "execute_nothing") == 0) {
    wasix_proc_exec("/missing", 8, "other", 5);
  }
  return 1;
}

static int exit_code_of(const char *arguments) {
  uint32_t pid = 0;
  REQUIRE(spawn(program, arguments, 0, 0, &pid) == e_success && pid > 1);
  const struct join_status status = join(pid);
  REQUIRE(status.padding == e_success && status.kind == joined_exited);
  return status.exit_code;
}

static void numbers(void) {
  uint32_t pid = 0, parent = 9;
  struct optional_pid any = {0, 0};
  struct join_status status = {9};
  REQUIRE(wasix_proc_id(&pid) == e_success && pid == 1 && wasix_proc_parent(1, &parent) == e_success && parent == 0);
  REQUIRE(wasix_proc_parent(77, &parent) == e_srch && wasix_proc_id((uint32_t *)-1) == e_memviolation);
  REQUIRE(wasix_proc_join(&any, 0, &status) == e_child && wasix_proc_join(&any, 1, &status) == e_success);
  REQUIRE(status.kind == joined_nothing && wasix_proc_join(&any, 4, &status) == e_inval);
  REQUIRE(wasix_proc_join((struct optional_pid *)-4, 0, &status) == e_memviolation);
}

// A child begins in the directory that a descriptor stands for, whatever that was opened by.
static void enters(void) {
  uint32_t pid = 0;
  int fd = -1, file = -1;
  REQUIRE(open_at(root, "bin", open_directory, 0, &fd) == e_success && open_at(root, "text", 0, 0, &file) == e_success);
  const struct operation enter = {.kind = op_fchdir, .fd = fd}, no_directory = {.kind = op_fchdir, .fd = file};
  const struct operation enter_root = {.kind = op_fchdir, .fd = root}, not_open = {.kind = op_fchdir, .fd = 77};
  REQUIRE(spawn(program, "me\nin\n/bin", &enter, 1, &pid) == e_success && join(pid).exit_code == 0);
  REQUIRE(spawn(program, "me\nin\n/", &enter_root, 1, &pid) == e_success && join(pid).exit_code == 0);
  REQUIRE(spawn(program, "me", &no_directory, 1, &pid) == e_notdir && spawn(program, "me", &not_open, 1, &pid) == e_badf);
  REQUIRE(wasi_fd_close(fd) == e_success && wasi_fd_close(file) == e_success);
}

static void ends(void) {
  uint32_t pid = 0;
  struct optional_pid any = {0, 0};
  struct join_status status = {9};
  REQUIRE(exit_code_of("me\nexit\n7") == 7 && exit_code_of("me\nparent\n") == 0);
  REQUIRE(exit_code_of("me\nexecute") == 42 && exit_code_of("me\nexecute_1") == 43);
  REQUIRE(exit_code_of("me\nexecute_2") == 0 && exit_code_of("me\nexecute_nothing") == 126);
  REQUIRE(spawn(program, "me\nsleep", 0, 0, &pid) == e_success);
  REQUIRE(wasix_proc_join(&any, 1, &status) == e_success && status.kind == joined_nothing);
  REQUIRE(wasix_proc_signal(pid, 0) == e_success && wasix_proc_signal(pid, 32) == e_inval);
  REQUIRE(wasix_proc_signal(pid, sig_kill) == e_success);
  REQUIRE(wasix_proc_join(&any, 0, &status) == e_success && any.is_some == 1 && any.pid == pid);
  REQUIRE(status.kind == joined_signalled && status.signal == sig_kill && status.exit_code == 128 + sig_kill);
  REQUIRE(wasix_proc_signal(pid, sig_kill) == e_srch && join(pid).padding == e_child);
  REQUIRE(spawn(program, "me\nsleep", 0, 0, &pid) == e_success && wasix_proc_signal(pid, sig_term) == e_success);
  const struct join_status ended = join(pid); // by the default of its C library, or of the host's
  REQUIRE(ended.kind != joined_nothing && ended.exit_code == 128 + sig_term);
}

static void failures(void) {
  uint32_t pid = 0;
  REQUIRE(spawn("/missing", "me", 0, 0, &pid) == e_noent && spawn("/text", "me", 0, 0, &pid) == e_noexec);
  REQUIRE(spawn("/bin", "me", 0, 0, &pid) == e_isdir && spawn("/out/secret", "me", 0, 0, &pid) == e_notcapable);
  REQUIRE(spawn("", "me", 0, 0, &pid) == e_noent && spawn("tool", "me", 0, 0, &pid) == e_noent);
  REQUIRE(wasix_proc_spawn2(program, 13, "me", 2, 0, 0, (struct operation *)-4, 1, 0, 0, 0, 0, 0, &pid) ==
          e_memviolation);
  const struct operation bad_source = {.kind = op_dup2, .fd = 9, .source = 77};
  const struct operation bad_target = {.kind = op_dup2, .fd = 1 << 30, .source = 1};
  const struct operation bad_kind = {.kind = 5};
  const struct operation bad_path = {.kind = op_open, .fd = 9, .path = (char *)-4, .path_size = 9};
  const struct operation outside = {.kind = op_open, .fd = 9, .path = "/out/secret", .path_size = 11, .rights = 2};
  const struct disposition bad_signal = {40, 0};
  REQUIRE(spawn(program, "me", &bad_source, 1, &pid) == e_badf && spawn(program, "me", &bad_target, 1, &pid) == e_badf);
  REQUIRE(spawn(program, "me", &bad_kind, 1, &pid) == e_inval);
  REQUIRE(spawn(program, "me", &bad_path, 1, &pid) == e_memviolation);
  REQUIRE(spawn(program, "me", &outside, 1, &pid) == e_notcapable);
  REQUIRE(wasix_proc_spawn2(program, 13, "me", 2, 0, 0, 0, 0, &bad_signal, 1, 0, 0, 0, &pid) == e_inval);
  REQUIRE(wasix_proc_exec3("/missing", 8, "me", 2, 0, 0, 0, 0, 0) == e_noent);
  REQUIRE(wasix_proc_exec3((char *)-4, 8, "me", 2, 0, 0, 0, 0, 0) == e_memviolation);
}

static void inheritance(void) {
  uint32_t pid = 0;
  int ends[2] = {-1, -1};
  char text[64] = "";
  // Standard output goes into a file that the child opens; it is searched for in PATH.
  const struct operation to_file = {.kind = op_open, .fd = 1, .path = "/said", .path_size = 5, .open_flags = open_create,
                                    .rights = ~0ULL};
  REQUIRE(wasix_proc_spawn2("tool", 4, "me\nsay\nhello", 12, "GIVEN=value\n", 12, &to_file, 1, 0, 0, 1, "/none:/bin", 10,
                            &pid) == e_success);
  REQUIRE(join(pid).exit_code == 0);
  int fd = -1;
  REQUIRE(open_at(root, "/said", 0, 0, &fd) == e_success && get(fd, text, sizeof text) == 6);
  REQUIRE(memcmp(text, "hello\n", 6) == 0 && wasi_fd_close(fd) == e_success);
  REQUIRE(wasix_proc_spawn2(program, 13, "me\nenvironment", 14, "GIVEN=value", 11, 0, 0, 0, 0, 0, 0, 0, &pid) == 0);
  REQUIRE(join(pid).exit_code == 0);
  // One that is marked is not inherited, and one that is closed for the child.
  REQUIRE(wasix_fd_pipe(&ends[0], &ends[1]) == e_success);
  REQUIRE(wasix_fd_fdflags_set(ends[0], close_on_exec) == e_success);
  char arguments[32];
  snprintf(arguments, sizeof arguments, "me\nclosed\n%d", ends[0]);
  REQUIRE(exit_code_of(arguments) == 0);
  REQUIRE(wasix_fd_fdflags_set(ends[0], 0) == e_success);
  const struct operation close_it = {.kind = op_close, .fd = ends[0]};
  REQUIRE(spawn(program, arguments, &close_it, 1, &pid) == e_success && join(pid).exit_code == 0);
  REQUIRE(wasi_fd_close(ends[0]) == e_success && wasi_fd_close(ends[1]) == e_success);
}

// say | upper | count, and the count is read from a third pipe.
static void pipeline(void) {
  int first[2], second[2], third[2];
  uint32_t pids[3] = {0};
  char text[16] = "";
  REQUIRE(wasix_fd_pipe(&first[0], &first[1]) == e_success && wasix_fd_pipe(&second[0], &second[1]) == e_success);
  REQUIRE(wasix_fd_pipe(&third[0], &third[1]) == e_success);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(wasix_fd_fdflags_set(first[i], close_on_exec) == 0 && wasix_fd_fdflags_set(second[i], close_on_exec) == 0);
    REQUIRE(wasix_fd_fdflags_set(third[i], close_on_exec) == 0);
  }
  const struct operation say_to[] = {{.kind = op_dup2, .fd = 1, .source = first[1]}};
  const struct operation upper_between[] = {{.kind = op_dup2, .fd = 0, .source = first[0]},
                                            {.kind = op_dup2, .fd = 1, .source = second[1]}};
  const struct operation count_from[] = {{.kind = op_dup2, .fd = 0, .source = second[0]},
                                         {.kind = op_dup2, .fd = 1, .source = third[1]}};
  REQUIRE(spawn(program, "me\nsay\nbanana\nananas", say_to, 1, &pids[0]) == e_success);
  REQUIRE(spawn(program, "me\nupper", upper_between, 2, &pids[1]) == e_success);
  REQUIRE(spawn(program, "me\ncount", count_from, 2, &pids[2]) == e_success);
  REQUIRE(wasi_fd_close(first[0]) == 0 && wasi_fd_close(first[1]) == 0 && wasi_fd_close(second[0]) == 0);
  REQUIRE(wasi_fd_close(second[1]) == 0 && wasi_fd_close(third[1]) == 0);
  REQUIRE(get(third[0], text, sizeof text) == 2 && memcmp(text, "6\n", 2) == 0);
  REQUIRE(get(third[0], text, sizeof text) == 0 && wasi_fd_close(third[0]) == e_success);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(join(pids[i]).exit_code == 0);
  }
}

int main(int argc, char **argv) {
  if (argc > 1) {
    return child(argc, argv);
  }
  numbers();
  enters();
  ends();
  failures();
  inheritance();
  pipeline();
  printf("ok processes\n");
  fflush(stdout);
  // One that is left ends with its parent.
  uint32_t pid = 0;
  REQUIRE(spawn(program, "me\ncompute", 0, 0, &pid) == e_success);
  return 0;
}

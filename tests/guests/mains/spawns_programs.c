// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Other programs by the C library's functions: each is this program again, under a name that says its part. As /bin/sh it
// is a shell that knows "exit N", "cat" and "kill".
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;
static const char shell[] = "/bin/sh";

static int copy_input(void) {
  char text[100];
  ssize_t size = 0;
  while ((size = read(0, text, sizeof text)) > 0) {
    REQUIRE(write(1, text, (size_t)size) == size);
  }
  return 0;
}

static int run_shell(const char *command) {
  if (strncmp(command, "exit ", 5) == 0) {
    return atoi(command + 5);
  }
  if (strcmp(command, "kill") == 0) {
    kill(getpid(), SIGKILL);
  }
  return strcmp(command, "cat") == 0 ? copy_input() : 127;
}

static int status_of(pid_t pid) {
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return status;
}

static void spawns(void) {
  int in[2], out[2];
  char text[16] = "";
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  char *arguments[] = {"echo", "two\nlines", "", 0}, *environment[] = {"X=1\n2", 0};
  pid_t pid = 0;
  REQUIRE(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
  REQUIRE(posix_spawn_file_actions_init(&actions) == 0 && posix_spawnattr_init(&attributes) == 0);
  REQUIRE(posix_spawn_file_actions_adddup2(&actions, in[0], 0) == 0);
  REQUIRE(posix_spawn_file_actions_adddup2(&actions, out[1], 1) == 0);
  REQUIRE(posix_spawn_file_actions_addopen(&actions, 9, "/said", O_WRONLY | O_CREAT | O_TRUNC, 0644) == 0);
  REQUIRE(posix_spawn(&pid, shell, &actions, 0, arguments, environment) == 0 && pid > 1);
  REQUIRE(close(in[0]) == 0 && close(out[1]) == 0 && write(in[1], "data", 4) == 4 && close(in[1]) == 0);
  REQUIRE(read(out[0], text, sizeof text) == 4 && memcmp(text, "data", 4) == 0 && read(out[0], text, 1) == 0);
  int status = status_of(pid);
  REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 42);
  REQUIRE(waitpid(pid, &status, 0) == -1 && errno == ECHILD);
  const int said = open("/said", O_RDONLY);
  REQUIRE(said >= 0 && read(said, text, sizeof text) == 4 && memcmp(text, "said", 4) == 0);
  REQUIRE(posix_spawn(&pid, "/none", 0, 0, arguments, environment) == ENOENT);
  REQUIRE(setenv("PATH", "/none:/bin", 1) == 0 && posix_spawnp(&pid, "none", 0, 0, arguments, environment) == ENOENT);
  char *exits[] = {"sh", "-c", "exit 3", 0};
  REQUIRE(posix_spawnp(&pid, "sh", 0, 0, exits, environ) == 0 && WEXITSTATUS(status_of(pid)) == 3);
  REQUIRE(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP) == 0);
  REQUIRE(posix_spawnp(&pid, "sh", 0, &attributes, exits, environ) == ENOTSUP);
}

static void shells(void) {
  char line[16] = "";
  REQUIRE(system(0) != 0 && WEXITSTATUS(system("exit 5")) == 5);
  const int killed = system("kill");
  REQUIRE(WIFSIGNALED(killed) ? WTERMSIG(killed) == SIGKILL : WEXITSTATUS(killed) == 128 + SIGKILL);
  FILE *reader = popen("exit 4", "r");
  REQUIRE(reader != 0 && fgets(line, sizeof line, reader) == 0 && WEXITSTATUS(pclose(reader)) == 4);
  fflush(stdout);
  FILE *writer = popen("cat", "w");
  REQUIRE(writer != 0 && fputs("through a pipe\n", writer) >= 0 && pclose(writer) == 0);
  REQUIRE(popen("cat", "x") == 0 && errno == EINVAL && unlink(shell) == 0);
  REQUIRE(system(0) == 0 && WEXITSTATUS(system("cat")) == 127 && popen("cat", "r") == 0 && errno == ENOENT);
}

static void waits(void) {
  char *waiting[] = {"sh", "-c", "cat", 0};
  int ends[2], status = 0;
  pid_t pid = 0;
  siginfo_t info;
  posix_spawn_file_actions_t actions;
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0 && posix_spawn_file_actions_init(&actions) == 0);
  REQUIRE(posix_spawn_file_actions_adddup2(&actions, ends[0], 0) == 0);
  REQUIRE(posix_spawn(&pid, shell, &actions, 0, waiting, environ) == 0 && waitpid(pid, &status, WNOHANG) == 0);
  REQUIRE(kill(pid, 0) == 0 && kill(pid, SIGKILL) == 0);
  REQUIRE(waitid(P_PID, (id_t)pid, &info, WEXITED) == 0 && info.si_pid == pid && info.si_code == CLD_KILLED);
  REQUIRE(info.si_status == SIGKILL && wait(&status) == -1 && errno == ECHILD);
  REQUIRE(kill(pid, SIGKILL) == -1 && errno == ESRCH && waitpid(pid, &status, WNOHANG) == -1 && errno == ECHILD);
  REQUIRE(getpid() == 1 && getppid() == 0 && execve("/none", waiting, environ) == -1 && errno == ENOENT);
}

int main(int count, char **arguments) {
  if (strcmp(arguments[0], "echo") == 0) {
    REQUIRE(count == 3 && strcmp(arguments[1], "two\nlines") == 0 && *arguments[2] == 0);
    REQUIRE(strcmp(getenv("X"), "1\n2") == 0 && getpid() != 1 && getppid() == 1 && write(9, "said", 4) == 4);
    return copy_input() + 42;
  }
  if (count == 3) {
    return run_shell(arguments[2]);
  }
  spawns();
  waits();
  shells();
  printf("ok programs\n");
  char *last[] = {"sh", "-c", "exit 6", 0};
  REQUIRE(rename("/other", shell) == 0);
  fflush(stdout);
  execve(shell, last, environ);
  return 1;
}

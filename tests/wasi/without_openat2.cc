// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a command that may not call openat2, as in a sandbox that is older than the call: `without_openat2 ERRNO COMMAND
// ARGUMENTS...`, where ERRNO is the number that the call fails with. 77 when this kernel has no filters.
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv)
{
  if (argc < 3) {
    std::fputs("usage: without_openat2 ERRNO COMMAND ARGUMENTS...\n", stderr);
    return 2;
  }
  const auto refusal = SECCOMP_RET_ERRNO | static_cast<unsigned>(std::atoi(argv[1]));
  std::array<sock_filter, 4> code{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, refusal),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{static_cast<unsigned short>(code.size()), code.data()};
  constexpr int not_tested = 77;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    std::perror("seccomp");
    return not_tested;
  }
  ::execv(argv[2], argv + 2);
  std::perror(argv[2]);
  return 1;
}

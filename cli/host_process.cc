// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/host_process.hh"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace interlink::cli {

namespace {

std::array<bool, 3> closed{};

} // namespace

void prepare_host_process()
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) {
      continue;
    }
    closed[static_cast<std::size_t>(fd)] = true;
    // It gets the lowest free number, this one. EBADF is what a read or write of an O_PATH descriptor gives: open(2).
    static_cast<void>(::open("/", O_PATH | O_CLOEXEC));
  }
  std::signal(SIGXFSZ, SIG_IGN);
}

std::array<bool, 3> closed_streams()
{
  return closed;
}

} // namespace interlink::cli

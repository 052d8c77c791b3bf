// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"
#include "wasi/terminal.hh"
#include "wasi/wasix_calls.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace interlink::wasi {

namespace {

// Of tty: columns 0, rows 4, width 8, height 12, then six flags: standard input, output and error are terminals; echo;
// lines; line feeds.
constexpr std::size_t tty_bytes = 24;
constexpr std::size_t streams_at = 16;
constexpr std::size_t echo_at = 19;
constexpr std::size_t lines_at = 20;
constexpr std::size_t feeds_at = 21;

/// A terminal as it was found.
struct changed_terminal {
  unique_fd fd;
  dev_t device{};
  termios before{};
};

// The host's terminals are the whole program's, so is this list. A leaf lock.
std::mutex changed_mutex;

std::vector<changed_terminal>& changed_terminals()
{
  static std::vector<changed_terminal> terminals;
  return terminals;
}

/// Of the guest's standard streams those that are terminals.
std::array<open_file_ptr, 3> terminals_of(system& s)
{
  std::array<open_file_ptr, 3> found;
  for (guest_fd fd = 0; fd < found.size(); ++fd) {
    const auto entry = s.descriptors().find(fd);
    if (entry && (*entry)->file->fd.is_open() && ::isatty((*entry)->file->fd.value()) == 1) {
      found[fd] = (*entry)->file;
    }
  }
  return found;
}

open_file_ptr first_of(const std::array<open_file_ptr, 3>& terminals)
{
  for (const auto& terminal : terminals) {
    if (terminal) {
      return terminal;
    }
  }
  return nullptr;
}

// One that runs in the background would be stopped by SIGTTOU.
int set_mode(int fd, const termios& mode)
{
  int result = 0;
  int failure = 0;
  {
    signal_guard guard(SIGTTOU);
    result = ::tcsetattr(fd, TCSADRAIN, &mode);
    failure = errno;
  }
  errno = failure;
  return result;
}

void set_bits(tcflag_t& flags, tcflag_t bits, bool are_set)
{
  flags = are_set ? flags | bits : flags & ~bits;
}

outcome remember(int fd, const termios& before)
{
  struct stat status{};
  unique_fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.is_open() || ::fstat(fd, &status) != 0) {
    return from_host_errno(errno);
  }
  std::lock_guard lock(changed_mutex);
  for (const auto& each : changed_terminals()) {
    if (each.device == status.st_rdev) {
      return errno_code::success;
    }
  }
  changed_terminals().push_back({std::move(copy), status.st_rdev, before});
  return errno_code::success;
}

} // namespace

void restore_terminals() noexcept
{
  std::lock_guard lock(changed_mutex);
  for (const auto& terminal : changed_terminals()) {
    (void)set_mode(terminal.fd.value(), terminal.before);
  }
  changed_terminals().clear();
}

outcome tty_get(system& s, call_context& c, guest_pointer state)
{
  const auto terminals = terminals_of(s);
  std::array<std::byte, tty_bytes> bytes{};
  for (std::size_t i = 0; i < terminals.size(); ++i) {
    put(bytes, streams_at + i, static_cast<std::uint8_t>(terminals[i] ? 1 : 0));
  }
  if (const auto terminal = first_of(terminals)) {
    winsize size{};
    termios mode{};
    if (::ioctl(terminal->fd.value(), TIOCGWINSZ, &size) != 0 || ::tcgetattr(terminal->fd.value(), &mode) != 0) {
      return from_host_errno(errno);
    }
    put<std::uint32_t>(bytes, 0, size.ws_col);
    put<std::uint32_t>(bytes, 4, size.ws_row);
    put<std::uint32_t>(bytes, 8, size.ws_xpixel);
    put<std::uint32_t>(bytes, 12, size.ws_ypixel);
    put(bytes, echo_at, static_cast<std::uint8_t>((mode.c_lflag & ECHO) != 0 ? 1 : 0));
    put(bytes, lines_at, static_cast<std::uint8_t>((mode.c_lflag & ICANON) != 0 ? 1 : 0));
    put(bytes, feeds_at, static_cast<std::uint8_t>((mode.c_oflag & ONLCR) != 0 ? 1 : 0));
  }
  return c.memory.store_bytes(state, bytes);
}

outcome tty_set(system& s, call_context& c, guest_pointer state)
{
  const auto text = c.memory.load_string(state, tty_bytes);
  if (!text) {
    return text.error();
  }
  const auto terminal = first_of(terminals_of(s));
  if (!terminal) {
    return errno_code::notty;
  }
  const auto bytes = std::as_bytes(std::span(*text));
  const int fd = terminal->fd.value();
  termios mode{};
  if (::tcgetattr(fd, &mode) != 0) {
    return from_host_errno(errno);
  }
  if (auto remembered = remember(fd, mode); !remembered.is_success()) {
    return remembered;
  }
  set_bits(mode.c_lflag, ECHO, take<std::uint8_t>(bytes, echo_at) != 0);
  set_bits(mode.c_oflag, ONLCR, take<std::uint8_t>(bytes, feeds_at) != 0);
  const bool has_lines = take<std::uint8_t>(bytes, lines_at) != 0;
  set_bits(mode.c_lflag, ICANON, has_lines);
  if (!has_lines) {
    mode.c_cc[VMIN] = 1; // a read returns with the first byte
    mode.c_cc[VTIME] = 0;
  }
  return from_host_call(set_mode(fd, mode));
}

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/canceller.hh"

#include <climits>

#include <cerrno>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace interlink::wasi {

namespace {

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

timespec monotonic_after(std::chrono::nanoseconds duration) noexcept
{
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  auto seconds = duration.count() / nanoseconds_per_second;
  auto rest = now.tv_nsec + duration.count() % nanoseconds_per_second;
  return {now.tv_sec + seconds + rest / nanoseconds_per_second, rest % nanoseconds_per_second};
}

} // namespace

canceller::~canceller()
{
  int fd = wake_fd_.load(std::memory_order_acquire);
  if (fd >= 0) {
    ::close(fd);
  }
}

void canceller::ring(int fd) const noexcept
{
  std::uint64_t one = 1;
  // The only failure is a full counter, and then the descriptor is readable already.
  [[maybe_unused]] auto written = ::write(fd, &one, sizeof one);
}

// Cancelling stores the word and then reads the descriptor; `wake_fd` stores the descriptor and then reads the word.
// Both orders are sequentially consistent, so at least one of the two sees the other and the descriptor is rung.
void canceller::cancel() noexcept
{
  state_.store(1, std::memory_order_seq_cst);
  int fd = wake_fd_.load(std::memory_order_seq_cst);
  if (fd >= 0) {
    ring(fd);
  }
  ::syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void canceller::clear() noexcept
{
  state_.store(0, std::memory_order_seq_cst);
  int fd = wake_fd_.load(std::memory_order_seq_cst);
  if (fd >= 0) {
    std::uint64_t count = 0;
    // The descriptor does not block: an empty counter is an error that means nothing here.
    [[maybe_unused]] auto read = ::read(fd, &count, sizeof count);
  }
}

bool canceller::sleep_for(std::chrono::nanoseconds duration) noexcept
{
  if (duration.count() <= 0) {
    return is_cancelled();
  }
  if (before_wait) {
    before_wait();
  }
  // An absolute deadline, so that an interruption by a host signal does not lengthen the sleep.
  timespec deadline = monotonic_after(duration);
  while (!is_cancelled()) {
    auto waited =
        ::syscall(SYS_futex, &state_, FUTEX_WAIT_BITSET_PRIVATE, 0, &deadline, nullptr, FUTEX_BITSET_MATCH_ANY);
    if (waited == -1 && errno == ETIMEDOUT) {
      return is_cancelled();
    }
  }
  return true;
}

int canceller::wake_fd() noexcept
{
  if (before_wait) {
    before_wait();
  }
  int fd = wake_fd_.load(std::memory_order_acquire);
  if (fd >= 0) {
    return fd;
  }
  int made = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made < 0) {
    return -1;
  }
  int none = -1;
  if (!wake_fd_.compare_exchange_strong(none, made, std::memory_order_seq_cst)) {
    ::close(made);
    return none;
  }
  if (state_.load(std::memory_order_seq_cst) != 0) {
    ring(made);
  }
  return made;
}

} // namespace interlink::wasi

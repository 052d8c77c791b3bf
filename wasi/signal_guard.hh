// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signals that the kernel sends to a thread for the failure of its own call, where the errno says all. Internal.
#pragma once

#include <cerrno>
#include <signal.h>
#include <time.h>

namespace interlink::wasi {

/// Keeps such a signal of a call in this thread from the process: a process-wide handler or disposition would be a
/// change behind the embedder's back. One that was pending before stays pending. Context: the thread that made it.
class signal_guard {
public:
  explicit signal_guard(int signal) noexcept
  {
    sigset_t pending;
    sigemptyset(&pending);
    ::sigpending(&pending);
    was_pending_ = sigismember(&pending, signal) == 1;
    sigemptyset(&guarded_);
    sigaddset(&guarded_, signal);
    ::pthread_sigmask(SIG_BLOCK, &guarded_, &before_);
  }

  signal_guard(const signal_guard&) = delete;
  signal_guard& operator=(const signal_guard&) = delete;

  ~signal_guard()
  {
    if (was_sent_ && !was_pending_) {
      timespec at_once{};
      while (::sigtimedwait(&guarded_, nullptr, &at_once) == -1 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  /// Whether the call failed with the error that the signal goes with.
  void note(bool failed) noexcept { was_sent_ = was_sent_ || failed; }

private:
  sigset_t guarded_{};
  sigset_t before_{};
  bool was_pending_ = false;
  bool was_sent_ = false;
};

} // namespace interlink::wasi

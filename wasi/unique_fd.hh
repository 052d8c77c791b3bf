// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <unistd.h>
#include <utility>

namespace interlink::wasi {

/// Owner of a host descriptor; closes it. -1 is none. Context: one thread at a time.
class unique_fd {
public:
  unique_fd() noexcept = default;

  explicit unique_fd(int fd) noexcept : fd_(fd) {}

  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  unique_fd& operator=(unique_fd&& other) noexcept
  {
    std::swap(fd_, other.fd_);
    return *this;
  }

  unique_fd(const unique_fd&) = delete;
  unique_fd& operator=(const unique_fd&) = delete;

  ~unique_fd()
  {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

  int value() const noexcept { return fd_; }

  bool is_open() const noexcept { return fd_ >= 0; }

  /// Gives the descriptor away.
  int release() noexcept { return std::exchange(fd_, -1); }

private:
  int fd_ = -1;
};

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the guest knows of a socket and the kernel does not: time limits, which the kernel keeps for blocking calls
// only, and the guest's name of a local socket's path.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace interlink::wasi {

/// Nanoseconds; none is negative.
using time_limit = std::atomic<std::int64_t>;

/// Context: any thread.
struct socket_state {
  time_limit receive_limit{-1};
  time_limit send_limit{-1};
  time_limit connect_limit{-1};
  time_limit accept_limit{-1};
  std::atomic<bool> is_connecting{false}; ///< a connect was begun and not seen to end

  std::string local_path() const { return read(local_path_); }

  std::string peer_path() const { return read(peer_path_); }

  void set_local_path(std::string path) { write(local_path_, std::move(path)); }

  void set_peer_path(std::string path) { write(peer_path_, std::move(path)); }

private:
  std::string read(const std::string& from) const
  {
    std::lock_guard lock(mutex_);
    return from;
  }

  void write(std::string& to, std::string path)
  {
    std::lock_guard lock(mutex_);
    to.swap(path);
  }

  mutable std::mutex mutex_; // a leaf lock: held to copy or replace a string
  std::string local_path_;
  std::string peer_path_;
};

} // namespace interlink::wasi

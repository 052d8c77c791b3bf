// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an epoll descriptor of a guest watches: the kernel's own epoll, and what the guest is told with each event.
#pragma once

#include "wasi/abi.hh"
#include "wasi/open_file.hh"
#include "wasi/outcome.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace interlink::wasi {

/// What a guest wants to be told; as it lies in its memory.
using epoll_data = std::array<std::byte, 24>;

/// Context: any thread. The mutex is a leaf lock, held for a change of the kernel's epoll and of the map, neither of
/// which waits.
class epoll_set {
public:
  /// Flags are the guest's. Errors: exist; perm for a file that never waits; the host's.
  outcome add(int epoll, guest_fd fd, const open_file_ptr& file, std::uint32_t flags, const epoll_data& data);

  /// Errors: noent; the host's.
  outcome modify(int epoll, guest_fd fd, const open_file_ptr& file, std::uint32_t flags, const epoll_data& data);
  outcome remove(int epoll, guest_fd fd, const open_file_ptr& file);

  /// The data for the kernel's; nothing when the guest has removed it meanwhile.
  bool find(std::uint64_t key, epoll_data& data) const;

private:
  struct watched {
    guest_fd fd{};
    std::weak_ptr<open_file> file;
    /// Of a file that is watched under two numbers, which the kernel would take for one.
    unique_fd duplicate;
    int host_fd = -1;
    epoll_data data{};
  };

  using map = std::map<std::uint64_t, watched>;
  map::iterator find(guest_fd fd, const open_file_ptr& file);

  mutable std::mutex mutex_;
  map watched_;
  std::uint64_t next_key_ = 1;
};

} // namespace interlink::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers and layouts of WASIX that preview 1 lacks. Source: wasix-libc, wasi/api_wasix.h. Structures are
// little-endian; offsets of fields stand beside the code that reads or writes them.
#pragma once

#include "wasi/abi.hh"

#include <cstddef>
#include <cstdint>

namespace interlink::wasi {

namespace extended_flag {
inline constexpr std::uint16_t close_on_exec = 1 << 0;
inline constexpr std::uint16_t all = close_on_exec;
} // namespace extended_flag

namespace event_flag {
inline constexpr std::uint32_t semaphore = 1 << 0; ///< a read takes one off the counter, not all
} // namespace event_flag

/// Flags of messages beside those of preview 1.
namespace message_flag {
inline constexpr std::uint32_t truncated = 1 << 2; ///< of a receive; it changes nothing that we do
inline constexpr std::uint32_t no_wait = 1 << 3;
inline constexpr std::uint32_t no_signal = 1 << 14; ///< nobody gets SIGPIPE anyway
inline constexpr std::uint32_t of_sends = no_wait | no_signal;
inline constexpr std::uint32_t of_receives = receive_flag::peek | receive_flag::wait_all | truncated | no_wait;
} // namespace message_flag

enum class socket_type : std::uint8_t { unused = 0, stream = 1, datagram = 2, raw = 3, sequenced = 4 };

enum class socket_status : std::uint8_t { opening = 0, opened = 1, closed = 2, failed = 3 };

enum class socket_option : std::uint8_t {
  noop = 0,
  reuse_port = 1,
  reuse_address = 2,
  no_delay = 3,
  dont_route = 4,
  only_ip6 = 5,
  broadcast = 6,
  multicast_loop_ip4 = 7,
  multicast_loop_ip6 = 8,
  promiscuous = 9,
  listening = 10,
  last_error = 11,
  keep_alive = 12,
  linger = 13,
  out_of_band_inline = 14,
  receive_buffer_size = 15,
  send_buffer_size = 16,
  receive_low_mark = 17,
  send_low_mark = 18,
  receive_timeout = 19,
  send_timeout = 20,
  connect_timeout = 21,
  accept_timeout = 22,
  time_to_live = 23,
  multicast_time_to_live_ip4 = 24,
  type = 25,
  protocol = 26,
};

/// Bits of an epoll event. They are not Linux's.
namespace epoll_flag {
inline constexpr std::uint32_t in = 1 << 0;
inline constexpr std::uint32_t out = 1 << 1;
inline constexpr std::uint32_t peer_closed = 1 << 2;
inline constexpr std::uint32_t priority = 1 << 3;
inline constexpr std::uint32_t error = 1 << 4;
inline constexpr std::uint32_t hung_up = 1 << 5;
inline constexpr std::uint32_t edge = 1 << 6;
inline constexpr std::uint32_t one_shot = 1 << 7;
inline constexpr std::uint32_t all = 0xff;
} // namespace epoll_flag

enum class epoll_operation : std::uint32_t { add = 0, modify = 1, remove = 2 };

} // namespace interlink::wasi

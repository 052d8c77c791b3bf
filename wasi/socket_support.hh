// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the socket calls of preview 1 and of WASIX share.
#pragma once

#include "wasi/call_support.hh"
#include "wasi/socket_state.hh"

#include <cstddef>
#include <cstdint>
#include <span>

namespace interlink::wasi {

/// Errors: badf, notsock, notcapable.
expected<open_file_ptr> find_socket(system& s, guest_fd fd, std::uint64_t needed);

bool is_nonblocking(const open_file& file);

/// Whether a host call that failed with the present errno is to be tried again, after waiting if needed; success then.
/// Errors: again when the descriptor does not block, or the limit is over; as canceller::look; the host's.
outcome after_failure(const open_file& file, short events, canceller& cancel, const time_limit& limit);

/// Errors: inval when it does not listen; as above.
expected<unique_fd> accept_connection(open_file& listener, canceller& cancel);

/// A descriptor with all rights of its kind. Errors: mfile; fault when `made` is out of memory.
outcome add_descriptor(system& s, call_context& c, open_file_ptr file, guest_pointer made);

/// What happens with a message. Context: one call.
struct received_message {
  std::size_t bytes = 0;
  std::uint16_t flags = 0; ///< receive_flag of results
};

/// `name` gets the sender's address, `name_length` its length; null where it is not wanted.
expected<received_message> receive_message(const open_file& file, std::span<iovec> buffers, std::uint32_t flags,
                                           canceller& cancel, void* name = nullptr, unsigned* name_length = nullptr);

} // namespace interlink::wasi

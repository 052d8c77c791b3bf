// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calls of `interlink_v1`. Errors beside those that are named: badf, notcapable, fault, those of a path, the
// host's; notsup for a directory that no host directory stands for. Context: a guest thread; none waits.
#pragma once

#include "wasi/calls.hh"

namespace interlink::wasi {

/// Stores the file's twelve bits of mode, as 32.
outcome fd_permissions_get(system& s, call_context& c, guest_fd fd, guest_pointer mode);
outcome path_permissions_get(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                             guest_size length, guest_pointer mode);

/// Sets the nine bits of read, write and execute. Needs the right to set times. Errors: perm for the other three; inval
/// beyond; rofs; notsup for a symbolic link.
outcome fd_permissions_set(system& s, call_context& c, guest_fd fd, std::uint32_t mode);
outcome path_permissions_set(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                             guest_size length, std::uint32_t mode);

/// Stores figures of the file system, 64 bits each: block size 0, fragment size 8, blocks 16, free 24, available 32,
/// files 40, free files 48, longest name 56.
outcome fd_filesystem_get(system& s, call_context& c, guest_fd fd, guest_pointer figures);

} // namespace interlink::wasi

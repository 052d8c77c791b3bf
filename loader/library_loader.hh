// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The requester's side of a load (docs/architecture.md): read, prepare, rehearse, commit, construct. Runs on the thread
// of the group that opens; no other group is involved, and no turn is held while anything here waits or computes.
#pragma once

#include "groups/coordinator_messages.hh"
#include "messages/error.hh"
#include "messages/ids.hh"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loader/loader_services.hh"

namespace interlink {

class instance_group;

/// Flags of dlopen. Source: WASIX guest ABI (RTLD_*).
namespace open_flag {
inline constexpr std::uint32_t lazy = 1;
inline constexpr std::uint32_t now = 2;
inline constexpr std::uint32_t global = 4;
inline constexpr std::uint32_t no_load = 8;
inline constexpr std::uint32_t no_delete = 16;
inline constexpr std::uint32_t deep_bind = 32;
/// Ours: looks at the file again although a library of this name is open. Another file is another library, loaded
/// beside that one until it is closed; the name means the newer from then on. Not for a library of global scope.
inline constexpr std::uint32_t reload = 64;
inline constexpr std::uint32_t all = lazy | now | global | no_load | no_delete | deep_bind | reload;
} // namespace open_flag

/// Loads the program's main module and its needed closure, and runs the constructors of the needed modules. Main's own
/// are run by its `_start`.
/// Errors: library_not_found and all of reading, linking and layout; guest_trapped from a constructor.
result<void> load_program(const loader_services& loader, instance_group& group,
                          const std::vector<std::string>& library_path);

/// Errors: invalid_argument for bits that are no flag, which another C library's dlfcn.h may have. None of lazy and now
/// is lazy: WASIX's libc passes 0.
result<void> check_open_flags(std::uint32_t flags);

/// What dlopen does. The handle is the library's; constructors of its whole closure have run when it returns, but for
/// those that run further up on this thread's stack or would close a cycle of waits.
/// `caller` is whose runtime path is searched and whose directory `$ORIGIN` is, in the name as well.
/// `limit` is for waits for other threads' loads and constructors; without a deadline it gets the
/// loader's. A load that gives up holds no claim then; one that was committed stays loaded, and the next open of it
/// runs what is left of its constructors. Errors: all of reading and linking (nothing observable is left);
/// library_not_found; stopping; deadline_passed and cancelled.
result<library_handle> open_library(const loader_services& loader, instance_group& group, std::string_view name,
                                    std::uint32_t flags, const std::vector<std::string>& library_path,
                                    wait_limit limit = {}, module_id caller = main_module);

} // namespace interlink

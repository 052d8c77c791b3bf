// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The audit interface: the embedder sees, and may refuse, what its guests open and link with. Included by
// <interlink/interlink.hh>.
#pragma once

#include <interlink/config.hh>
#include <interlink/error.hh>
#include <interlink/values.hh>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace INTERLINK_NAMESPACE {

/// Lives as long as the call of the hook.
struct open_request {
  std::string_view name;      ///< as it was asked for
  std::string_view file;      ///< as the guest sees it
  std::string_view sha256;    ///< of its content, 64 hexadecimal digits: what is loaded is these bytes
  std::string_view requester; ///< the module that asks or needs it; the program for the embedder
  std::uint32_t group{};      ///< 0: a program that the guest starts
};

/// Lives as long as the call of the hook.
struct import_request {
  std::string_view importer;
  std::string_view module; ///< "wasi_snapshot_preview1", or the embedder's
  std::string_view name;
  std::optional<signature> type; ///< nothing for a memory, and for types with references
};

/// A returned error is the open's: `return interlink::fail(errc::refused, "not on the list")`. Nothing is left of a
/// refused open, and nothing of it was compiled. An open that has to look again, since another thread was faster, may
/// ask again. Context: the thread of the guest, several at once; for a program's own imports the thread that makes the
/// process; may wait; must not throw.
struct policy_hooks {
  /// Each library that is opened or needed, also when it is open already; and each program that the guest starts. The
  /// program of the process is not asked for: the embedder has chosen it.
  std::function<result<void>(const open_request&)> open;
  /// Each import, the program's own included, that is bound to a function of the host, WASI's included.
  std::function<result<void>(const import_request&)> import;
};

} // namespace INTERLINK_NAMESPACE

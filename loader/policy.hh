// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The embedder's policy: it sees, and may refuse, what a guest opens and which of the host's functions it is linked
// with. Asked before anything is claimed, for the embedder's code may wait.
#pragma once

#include "messages/error.hh"
#include "messages/ids.hh"
#include "messages/wasm_types.hh"

#include <functional>
#include <string_view>

namespace interlink {

/// A library that is to be opened, or is open and gets one more handle; or a program that the guest starts.
struct audited_open {
  std::string_view name;      ///< as it was asked for
  std::string_view file;      ///< as the guest sees it
  std::string_view hash;      ///< SHA-256 of its content, hexadecimal
  std::string_view requester; ///< the module that asks or needs it; the program for the embedder
  group_id group;             ///< `no_group`: a program
};

/// A function of the host's that a module is to be linked with.
struct audited_import {
  std::string_view importer;
  std::string_view module_name;
  std::string_view name;
  const extern_type& type;
};

/// Context: any guest thread, several at once, and for programs the thread that makes them; may wait; must not throw.
/// A returned error is that of the open.
struct audit {
  std::function<result<void>(const audited_open&)> open;
  std::function<result<void>(const audited_import&)> import;
};

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The handlers that libraries have registered: destructors of their globals and of thread-local objects, functions of
// `atexit` and `at_quick_exit`. C libraries keep them by program; a close needs them by library, so the host does. The
// program's C library has an entry for each that calls the host (linker/caller_names.hh), so that at exit they run in
// its order, among the program's own.
//
// A handler runs once, by whoever marks it begun: the close of one of its modules, the exit, or its thread's end.
#pragma once

#include "actors/ranked_mutex.hh"
#include "linker/caller_names.hh"
#include "messages/ids.hh"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace interlink {

/// One registration in one process, in their order. Never reused within 2^32 of them; 0 is none.
using handler_id = strong_id<struct handler_id_tag, std::uint32_t>;

/// Context: a value.
struct exit_handler {
  registration kind{};
  table_index function;     ///< (i32) -> () for the kinds with an argument, else () -> ()
  std::uint32_t argument{}; ///< of the function
  module_id owner;          ///< in whose data the registering module's mark lies, else who registered
  module_id provider;       ///< who owns the function's slot; no_module when nobody does
  group_id thread;          ///< that registered it
};

/// Context: any thread; a leaf lock is held for moments, never while guest code runs.
class exit_handlers {
public:
  handler_id add(const exit_handler& handler);

  /// The C library had no room for its entry.
  void remove(handler_id id);

  /// The program's C library has come to its entry: marks it begun, the caller runs it and says so by `finish`. Nothing
  /// when a close has run it. But for those of a thread's end it means that the program exits: from then on nothing is
  /// unloaded, for another thread may be in the code of any library.
  std::optional<exit_handler> begin(handler_id id);

  /// The newest that waits for the exit or the close of `module`.
  std::optional<std::pair<handler_id, exit_handler>> begin_newest_of(module_id module);

  /// Of `quick_exit`: calls come one for each registration, in the reverse order; nothing for one whose library is
  /// gone.
  std::optional<std::pair<handler_id, exit_handler>> begin_next_quick();

  /// It has run, or its thread has unwound. Returns the modules that nobody unloaded because it ran: the caller ends
  /// their close.
  std::vector<module_id> finish(handler_id id);

  enum class retirement : std::uint8_t {
    run_more, ///< handlers of the modules have come meanwhile: run them, then ask again
    granted,  ///< none is left: unload them
    deferred, ///< another thread runs one of theirs and ends the close afterwards; or the program is exiting
  };

  /// The destructors of closing modules have run: may they be unloaded? Their handlers are forgotten if so.
  retirement retire(std::span<const module_id> closing);

  std::size_t size() const;

private:
  struct record {
    exit_handler handler;
    bool is_begun = false;
    std::vector<module_id> unloads; ///< when it has run
  };

  bool is_of(const record& kept, std::span<const module_id> modules) const;

  mutable ranked_mutex mutex_{lock_rank::exit_handlers};
  std::map<handler_id, record> records_; ///< waiting and begun ones, oldest first
  std::vector<handler_id> quick_;        ///< in order of registration, gone ones included
  std::uint32_t next_ = 1;
  bool is_exiting_ = false;
};

} // namespace interlink

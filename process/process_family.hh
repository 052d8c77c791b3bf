// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The processes that began with one of the embedder's: a guest starts others from its files, and each is a process of
// its own, with its own memory, linker and threads. They share the engine, and the open files that they inherit.
#pragma once

#include "actors/parker.hh"
#include "actors/ranked_mutex.hh"
#include "messages/error.hh"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace interlink {

class process_core;

/// As the guest knows it; the embedder's process is 1.
using process_id = std::uint32_t;

inline constexpr process_id no_process = 0;
inline constexpr process_id first_process = 1;

/// Processes of one family that have not been joined, at most: each has threads and 4 GiB of addresses.
inline constexpr std::size_t processes_max = 1024;

/// How one ended.
struct process_end {
  std::uint32_t exit_code{};
  std::uint32_t signal{}; ///< WASI's number; 0 when it exited
};

enum class child_state : std::uint8_t { no_child, runs, ended, interrupted, stopped };

/// What a join found.
struct joined_child {
  child_state state{};
  process_id child{};
  process_end end{};
};

/// Context: any thread.
class process_family {
public:
  /// Whether it is kept until its end: nobody else holds a guest's child.
  enum class keeping : bool { no, yes };

  /// Errors: spawn_failed when there are too many.
  result<process_id> add(process_id parent, const std::shared_ptr<process_core>& process, keeping keep);

  /// The number goes on with another program.
  void replace(process_id process, const std::shared_ptr<process_core>& successor);

  /// Null when it has ended or never was.
  std::shared_ptr<process_core> find(process_id process) const;

  std::optional<process_id> parent_of(process_id process) const;

  /// It has ended: whoever joins it is woken, and its children are the first process's.
  void finish(process_id process, process_end end);

  /// Waits, unless told otherwise, for the end of a child, or of any; the child is forgotten then. `takes_interruption`
  /// as in futex_table.
  joined_child join(process_id parent, std::optional<process_id> child, bool waits, const std::shared_ptr<parker>& at,
                    const std::function<bool()>& takes_interruption);

  /// All that run but one.
  std::vector<std::shared_ptr<process_core>> others(process_id but) const;

  /// Those, and all that have ended and still have threads which unwind.
  std::vector<std::shared_ptr<process_core>> unfinished(process_id but) const;

private:
  struct entry {
    process_id parent{};
    std::weak_ptr<process_core> process{};
    std::shared_ptr<process_core> kept{};
    std::optional<process_end> end{};
  };

  mutable ranked_mutex mutex_{lock_rank::process_state};
  std::map<process_id, entry> entries_;
  process_id next_ = first_process;
  std::vector<std::shared_ptr<parker>> joiners_;
  std::vector<std::weak_ptr<process_core>> ended_;
};

} // namespace interlink

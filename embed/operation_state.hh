// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The library's half of an operation, which lies inside of the other half: one allocation for both.
#pragma once

#include "groups/pending_operation.hh"
#include "messages/ids.hh"

#include <interlink/operation.hh>

#include <atomic>
#include <memory>

#include "process/process_core.hh"

namespace interlink::v0::detail {

struct operation_base::state {
  /// The operation as the queue of its group sees it.
  struct carried final : carried_operation {
    explicit carried(operation_base& of) : operation(of) {}

    void abandon() override;

    operation_base& operation;
  };

  explicit state(operation_base& of) : as_carried(of) {}

  operation_state progress;
  std::atomic<bool> is_complete{false};
  std::weak_ptr<process_core> process; ///< of one that was posted
  group_id group;
  carried as_carried;
  std::shared_ptr<const void> kept; ///< until it is complete. Set before anybody can complete it
};

} // namespace interlink::v0::detail

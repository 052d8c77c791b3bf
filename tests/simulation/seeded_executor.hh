// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The executor that a bounded drainer hands its duty to, as a thread of the seeded scheduler.
#pragma once

#include "tests/simulation/seeded_scheduler.hh"

#include <asio/execution.hpp>
#include <asio/execution_context.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace interlink::simulation {

/// Context: any thread of the scheduler.
class seeded_executor {
public:
  explicit seeded_executor(seeded_scheduler& scheduler)
      : scheduler_(&scheduler), context_(std::make_shared<asio::execution_context>())
  {
  }

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }

  static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept
  {
    return asio::execution::blocking.never;
  }

  const seeded_executor& require(asio::execution::blocking_t::never_t) const { return *this; }

  /// Each duty is a thread of its own: it runs when it is chosen.
  template <class Function>
  void execute(Function function) const
  {
    scheduler_->start("background", [function = std::move(function)]() mutable { std::move(function)(); });
  }

  friend bool operator==(const seeded_executor& a, const seeded_executor& b) noexcept
  {
    return a.scheduler_ == b.scheduler_ && a.context_ == b.context_;
  }

private:
  seeded_scheduler* scheduler_;
  std::shared_ptr<asio::execution_context> context_;
};

} // namespace interlink::simulation

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An executor for the library's own completions, which only hand on to the embedder's executor: they run where they
// come from. It promises not to block whoever posts, and they do not.
#pragma once

#include <asio/execution/blocking.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>

#include <type_traits>
#include <utility>

namespace interlink {

class inline_executor {
public:
  explicit inline_executor(asio::execution_context& context) : context_(&context) {}

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }

  static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept
  {
    return asio::execution::blocking.never;
  }

  template <class F>
  void execute(F&& f) const
  {
    std::decay_t<F> kept(std::forward<F>(f));
    std::move(kept)();
  }

  friend bool operator==(const inline_executor&, const inline_executor&) noexcept = default;

private:
  asio::execution_context* context_;
};

} // namespace interlink

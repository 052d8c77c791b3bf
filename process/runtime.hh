// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What processes share: an engine, and the thread that goes on with turns which a bounded drainer left.
#pragma once

#include "engine/engine.hh"

#include <asio/any_io_executor.hpp>
#include <asio/thread_pool.hpp>

#include <memory>
#include <utility>

namespace interlink {

/// Context: any thread. Lifetime: outlives its processes and their threads.
class runtime {
public:
  explicit runtime(engine::engine_ptr engine) : engine_(std::move(engine)), background_(1) {}

  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  ~runtime() { background_.join(); }

  const engine::engine_ptr& engine() const { return engine_; }

  /// An executor that can always run: it runs nothing else.
  asio::any_io_executor background() { return background_.get_executor(); }

private:
  engine::engine_ptr engine_;
  asio::thread_pool background_;
};

} // namespace interlink

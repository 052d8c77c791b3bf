// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What processes share: an engine, and the thread that goes on with turns which a bounded drainer left.
#pragma once

#include "engine/engine.hh"
#include "messages/error.hh"

#include <asio/any_io_executor.hpp>
#include <asio/thread_pool.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace interlink {

/// Context: any thread. Lifetime: outlives its processes and their threads.
class runtime {
public:
  /// With a thread of its own in the background. Throws std::system_error when the host refuses that thread.
  explicit runtime(engine::engine_ptr engine) : engine_(std::move(engine)), own_(std::in_place, 1)
  {
    background_ = own_->get_executor();
  }

  /// With a background that the embedder has already: an executor that can always run, because what it runs never waits
  /// for a guest. An `io_context` that nobody runs while a guest is waited for is none.
  runtime(engine::engine_ptr engine, asio::any_io_executor background)
      : engine_(std::move(engine)), background_(std::move(background))
  {
  }

  /// As the first constructor. Errors: spawn_failed when the host refuses the thread.
  static result<std::unique_ptr<runtime>> make(engine::engine_ptr engine);

  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  ~runtime()
  {
    if (own_) {
      own_->join();
    }
  }

  const engine::engine_ptr& engine() const { return engine_; }

  /// An executor that can always run.
  asio::any_io_executor background() { return background_; }

private:
  engine::engine_ptr engine_;
  std::optional<asio::thread_pool> own_;
  asio::any_io_executor background_;
};

/// True when the host starts that many threads at once: it tries. For those who choose `parallel_compilation`.
bool host_allows_threads(std::size_t count);

} // namespace interlink

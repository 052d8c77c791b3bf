// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the public handles hold.
#pragma once

#include "actors/ranked_mutex.hh"

#include <interlink/process.hh>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "loader/module_cache.hh"
#include "process/process.hh"
#include "process/runtime.hh"

namespace interlink::v0::detail {

/// Context: any thread.
class runtime_state {
public:
  explicit runtime_state(std::unique_ptr<interlink::runtime> shared) : own(std::move(shared)) {}

  std::unique_ptr<interlink::runtime> own;
  std::shared_ptr<shared_modules> modules = std::make_shared<shared_modules>(); ///< of all its processes
};

/// Context: immutable.
class program_state {
public:
  runtime_ptr runtime;
  std::string name;
  found_module file;
  prepared_module prepared; ///< kept, so that the engine compiles it no more
};

/// Context: any thread. Its end stops the process. The process keeps the runtime as long as one of its threads is
/// there.
class process_state {
public:
  process_state(program_ptr made_of, interlink::process made)
      : program(std::move(made_of)), own(std::move(made)), core(own->core().shared_from_this())
  {
  }

  process_state(const process_state&) = delete;
  process_state& operator=(const process_state&) = delete;
  ~process_state();

  /// True for the first caller.
  bool begin()
  {
    std::lock_guard lock(mutex_);
    return !std::exchange(has_begun_, true);
  }

  program_ptr program;
  std::optional<interlink::process> own;
  std::shared_ptr<process_core> core;

private:
  ranked_mutex mutex_{lock_rank::process_state};
  bool has_begun_{};
};

} // namespace interlink::v0::detail

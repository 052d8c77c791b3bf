// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An engine that compiles each content once, for as long as somebody uses what came of it: processes of one runtime
// share the code of their programs and libraries.
#pragma once

#include "actors/ranked_mutex.hh"
#include "engine/engine.hh"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace interlink {

/// Context: any thread. Two threads with the same bytes may both compile, and one result stays.
class compile_once final : public engine::engine {
public:
  explicit compile_once(interlink::engine::engine_ptr inner) : inner_(std::move(inner)) {}

  result<void> validate(std::span<const std::byte> bytes) override { return inner_->validate(bytes); }

  result<interlink::engine::compiled_module_ptr> compile(std::span<const std::byte> bytes) override;

  result<interlink::engine::shared_memory_ptr> make_shared_memory(const memory_type& type) override
  {
    return inner_->make_shared_memory(type);
  }

  result<std::unique_ptr<interlink::engine::store>> make_store(const interlink::engine::store_limits& limits) override
  {
    return inner_->make_store(limits);
  }

  bool is_interruptible() const override { return inner_->is_interruptible(); }

  void increment_epoch() override { inner_->increment_epoch(); }

private:
  interlink::engine::engine_ptr inner_;
  ranked_mutex mutex_{lock_rank::module_cache};
  std::map<std::string, std::weak_ptr<const interlink::engine::compiled_module>> compiled_; ///< by hash of the bytes
};

} // namespace interlink

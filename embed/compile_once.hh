// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An engine that compiles each content once, for as long as somebody uses what came of it: processes of one runtime
// share the code of their programs and libraries.
#pragma once

#include "actors/ranked_mutex.hh"
#include "engine/engine.hh"
#include "engine/module_images.hh"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace interlink {

/// Context: any thread. Two threads with the same bytes may both compile, and one result stays.
class compile_once final : public engine::engine, public engine::module_images {
public:
  explicit compile_once(interlink::engine::engine_ptr inner)
      : inner_(std::move(inner)), images_(dynamic_cast<interlink::engine::module_images*>(inner_.get()))
  {
  }

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

  // Those of the inner engine. Nobody asks for an image where there is no directory for them.
  const std::string& cache_directory() const override;

  std::string identity() const override { return images_->identity(); }

  result<std::vector<std::byte>> write_image(const interlink::engine::compiled_module& module) override
  {
    return images_->write_image(module);
  }

  result<interlink::engine::compiled_module_ptr> map_image(int file) override { return images_->map_image(file); }

  result<interlink::engine::compiled_module_ptr> read_image(std::span<const std::byte> image) override
  {
    return images_->read_image(image);
  }

private:
  interlink::engine::engine_ptr inner_;
  interlink::engine::module_images* images_; ///< null: it has none
  ranked_mutex mutex_{lock_rank::module_cache};
  std::map<std::string, std::weak_ptr<const interlink::engine::compiled_module>> compiled_; ///< by hash of the bytes
};

} // namespace interlink

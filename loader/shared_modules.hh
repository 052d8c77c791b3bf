// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules that several processes share: code and facts of each content, for as long as somebody uses the code.
#pragma once

#include "actors/ranked_mutex.hh"
#include "groups/group_store.hh"
#include "messages/module_info.hh"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "loader/content_hash.hh"

namespace interlink {

/// Facts and code of one content.
struct prepared_module {
  module_info_ptr info;
  std::shared_ptr<const compiled_code> code;

  long use_count() const { return code.use_count(); }
};

/// What code depends on beside the content. The bound is 0 when there is none, and for modules that define no memory.
struct code_variant {
  bool with_checks{};
  std::uint64_t maximum_memory_bytes{};

  friend auto operator<=>(const code_variant&, const code_variant&) = default;
};

/// Of one engine. Context: any thread. Two threads with the same content may both compile, and one result stays.
class shared_modules {
public:
  std::optional<prepared_module> find(const content_hash& key, code_variant variant)
  {
    std::lock_guard lock(mutex_);
    if (auto known = find_here(key, {variant.with_checks, 0});
        known && (variant.maximum_memory_bytes == 0 || known->info->defined_memories.empty())) {
      return known;
    }
    return find_here(key, variant);
  }

  /// Pre: `made` is of this variant.
  void add(const content_hash& key, code_variant variant, const prepared_module& made)
  {
    if (made.info->defined_memories.empty()) {
      variant.maximum_memory_bytes = 0;
    }
    std::lock_guard lock(mutex_);
    forget_unused();
    modules_.insert_or_assign({key, variant}, entry{made.info, made.code});
  }

  /// The same for thunks, which have no facts.
  std::shared_ptr<const compiled_code> find_thunks(const content_hash& key)
  {
    std::lock_guard lock(mutex_);
    const auto known = modules_.find({key, {}});
    return known == modules_.end() ? nullptr : known->second.code.lock();
  }

  void add_thunks(const content_hash& key, const std::shared_ptr<const compiled_code>& made)
  {
    std::lock_guard lock(mutex_);
    forget_unused();
    modules_.insert_or_assign({key, {}}, entry{nullptr, made});
  }

private:
  struct entry {
    module_info_ptr info;
    std::weak_ptr<const compiled_code> code;
  };

  std::optional<prepared_module> find_here(const content_hash& key, code_variant variant) const
  {
    const auto known = modules_.find({key, variant});
    if (known == modules_.end() || known->second.info == nullptr) {
      return std::nullopt;
    }
    auto code = known->second.code.lock();
    return code == nullptr ? std::nullopt : std::optional(prepared_module{known->second.info, std::move(code)});
  }

  void forget_unused()
  {
    std::erase_if(modules_, [](const auto& each) { return each.second.code.expired(); });
  }

  ranked_mutex mutex_{lock_rank::module_cache};
  std::map<std::pair<content_hash, code_variant>, entry> modules_;
};

} // namespace interlink

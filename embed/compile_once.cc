// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/compile_once.hh"

#include "loader/content_hash.hh"

namespace interlink {

result<engine::compiled_module_ptr> compile_once::compile(std::span<const std::byte> bytes)
{
  const std::string key = to_text(hash_of(bytes));
  {
    std::lock_guard lock(mutex_);
    if (const auto known = compiled_.find(key); known != compiled_.end()) {
      if (auto code = known->second.lock()) {
        return code;
      }
    }
  }
  auto code = inner_->compile(bytes);
  if (code) {
    std::lock_guard lock(mutex_);
    std::erase_if(compiled_, [](const auto& each) { return each.second.expired(); });
    compiled_.insert_or_assign(key, *code);
  }
  return code;
}

const std::string& compile_once::cache_directory() const
{
  static const std::string none;
  return images_ == nullptr ? none : images_->cache_directory();
}

} // namespace interlink

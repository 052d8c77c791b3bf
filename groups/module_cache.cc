// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/module_cache.hh"

#include "linker/instrumenter.hh"
#include "linker/module_reader.hh"
#include "linker/thunk_module.hh"

#include <xxhash.h>

#include <mutex>
#include <utility>

namespace interlink {

module_cache::content_hash module_cache::hash(std::span<const std::byte> bytes)
{
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

result<prepared_module> module_cache::prepare(std::span<const std::byte> bytes, const std::string& name)
{
  const content_hash key = hash(bytes);
  {
    std::lock_guard lock(mutex_);
    if (const auto known = modules_.find(key); known != modules_.end()) {
      return known->second;
    }
  }
  auto prepared = compile(bytes);
  if (!prepared) {
    return fail(prepared.error().with_context(name));
  }
  std::lock_guard lock(mutex_);
  return modules_.try_emplace(key, std::move(*prepared)).first->second;
}

result<prepared_module> module_cache::compile(std::span<const std::byte> bytes)
{
  auto info = read_module(bytes);
  if (!info) {
    return fail(std::move(info.error()));
  }
  // The original first: an index that is out of range must not become valid by what instrumenting appends.
  if (auto valid = engine_->validate(bytes); !valid) {
    return fail(std::move(valid.error()));
  }
  auto instrumented = instrument(bytes, *info, {.check = with_checks_, .wait_notify = true});
  if (!instrumented) {
    return fail(std::move(instrumented.error()));
  }
  count(counts_, &statistics::bytes_compiled, instrumented->bytes.size());
  auto compiled = engine_->compile(instrumented->bytes);
  if (!compiled) {
    return fail(std::move(compiled.error()));
  }
  auto code = std::make_shared<compiled_code>();
  code->compiled = std::move(*compiled);
  code->imports_control_memory = instrumented->imports_control_memory;
  code->imports_runtime_table = instrumented->imports_runtime_table;
  return prepared_module{std::make_shared<const module_info>(std::move(*info)), std::move(code)};
}

result<module_artifact_ptr> module_cache::prepare_thunks(const std::vector<thunk_plan>& thunks)
{
  if (thunks.empty()) {
    return module_artifact_ptr{};
  }
  std::vector<function_type> types;
  types.reserve(thunks.size());
  for (const thunk_plan& thunk : thunks) {
    types.push_back(thunk.type);
  }
  const std::vector<std::byte> bytes = make_thunk_module(types);
  const content_hash key = hash(bytes);
  {
    std::lock_guard lock(mutex_);
    if (const auto known = thunks_.find(key); known != thunks_.end()) {
      return known->second;
    }
  }
  count(counts_, &statistics::bytes_compiled, bytes.size());
  auto compiled = engine_->compile(bytes);
  if (!compiled) {
    return fail(compiled.error().with_context("thunks"));
  }
  auto code = std::make_shared<compiled_code>();
  code->compiled = std::move(*compiled);
  std::lock_guard lock(mutex_);
  return thunks_.try_emplace(key, std::move(code)).first->second;
}

} // namespace interlink

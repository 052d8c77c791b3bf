// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/module_cache.hh"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "wasm/instrumenter.hh"
#include "wasm/module_reader.hh"
#include "wasm/thunk_module.hh"

namespace interlink {

template <class T>
T module_cache::remember(table<T>& in, const content_hash& key, const T& made)
{
  std::lock_guard lock(mutex_);
  if (in.by_content.size() >= in.room) {
    std::erase_if(in.by_content, [](const auto& entry) { return entry.second.use_count() == 1; });
    in.room = in.by_content.size() + idle_kept;
  }
  return in.by_content.try_emplace(key, std::move(made)).first->second;
}

void module_cache::keep_in(cache_directory directory)
{
  auto* const images = dynamic_cast<engine::module_images*>(engine_.get());
  if (images == nullptr) {
    return;
  }
  const module_variant variant{images->identity(), processor_features(), made_by(),
                               fmt::format("{} {}", with_checks_, maximum_memory_bytes_.value_or(0))};
  files_.emplace(*images, std::move(directory), variant);
}

std::optional<module_content> module_cache::find(const content_hash& key)
{
  {
    std::lock_guard lock(mutex_);
    if (const auto known = modules_.by_content.find(key); known != modules_.by_content.end()) {
      return module_content{key, {}, known->second.info, nullptr, known->second.code};
    }
  }
  if (auto others = shared_ ? shared_->find(key, variant()) : std::nullopt) {
    const prepared_module known = remember(modules_, key, *others);
    return module_content{key, {}, known.info, nullptr, known.code};
  }
  auto kept = files_ ? files_->find(key) : std::nullopt;
  if (!kept || !kept->facts) {
    return std::nullopt;
  }
  auto code = std::make_shared<compiled_code>();
  code->compiled = std::move(kept->compiled);
  code->imports_control_memory = kept->facts->imports_control_memory;
  code->imports_runtime_table = kept->facts->imports_runtime_table;
  code->can_start_again = kept->facts->can_start_again;
  code->places = kept->facts->places;
  const prepared_module known = remember_module(key, prepared_module{kept->facts->info, std::move(code)});
  return module_content{key, {}, known.info, nullptr, known.code};
}

result<module_content> module_cache::read_file(const found_module& file, const std::string& name)
{
  if (files_) {
    const int descriptor = file.file->value();
    const auto noted = files_->find_content(descriptor);
    const auto key = noted ? noted : hash_of_file(descriptor);
    if (auto known = key ? find(*key) : std::nullopt) {
      if (!noted) {
        files_->note_content(descriptor, *key);
      }
      return std::move(*known);
    }
  }
  auto bytes = library_files::read(file);
  if (!bytes) {
    return fail(std::move(bytes.error()));
  }
  return read(std::move(*bytes), name);
}

result<module_content> module_cache::read(std::vector<std::byte> bytes, const std::string& name)
{
  const content_hash key = hash_of(bytes);
  if (auto known = find(key)) {
    return std::move(*known);
  }
  auto info = read_module(bytes);
  if (!info) {
    return fail(info.error().with_context(name));
  }
  return module_content{key, std::move(bytes), std::make_shared<const module_info>(std::move(*info)), nullptr, nullptr};
}

result<void> module_cache::instrument(module_content& content, const std::string& name) const
{
  if (content.code || content.instrumented) {
    return {};
  }
  // The original first: an index that is out of range must not become valid by what instrumenting appends.
  if (auto valid = engine_->validate(content.bytes); !valid) {
    return fail(valid.error().with_context(name));
  }
  auto instrumented = interlink::instrument(content.bytes, *content.info,
                                            {.check = with_checks_,
                                             .wait_notify = true,
                                             .maximum_memory_bytes = maximum_memory_bytes_,
                                             .module_name = to_text(content.key)});
  if (!instrumented) {
    return fail(instrumented.error().with_context(name));
  }
  content.instrumented = std::make_shared<instrumented_module>(std::move(*instrumented));
  content.bytes = {};
  return {};
}

result<prepared_module> module_cache::compile(module_content& content, const std::string& name)
{
  if (content.code) {
    return prepared_module{content.info, content.code};
  }
  instrumented_module& ready = *content.instrumented;
  count(counts_, &statistics::bytes_compiled, ready.bytes.size());
  auto compiled = engine_->compile(ready.bytes);
  if (!compiled) {
    error_detail detail = compiled.error().detail();
    if (detail.offset) {
      detail.offset = ready.places.original_of(*detail.offset);
    }
    return fail(error(compiled.error().code(), std::move(detail)).with_context(name));
  }
  auto code = std::make_shared<compiled_code>();
  code->compiled = std::move(*compiled);
  code->imports_control_memory = ready.imports_control_memory;
  code->imports_runtime_table = ready.imports_runtime_table;
  code->can_start_again = ready.can_start_again;
  code->places = std::make_shared<const module_places>(
      module_places{std::move(ready.module_name), to_text(content.key), std::move(ready.places), content.info});
  if (files_) {
    const module_facts facts{content.info, code->imports_control_memory, code->imports_runtime_table,
                             code->can_start_again, code->places};
    files_->keep(content.key, *code->compiled, &facts);
  }
  return remember_module(content.key, prepared_module{content.info, std::move(code)});
}

prepared_module module_cache::remember_module(const content_hash& key, const prepared_module& made)
{
  const prepared_module known = remember(modules_, key, made);
  if (shared_) {
    shared_->add(key, variant(), known);
  }
  return known;
}

result<module_artifact_ptr> module_cache::prepare_thunks(const std::vector<thunk_plan>& thunks)
{
  if (thunks.empty()) {
    return module_artifact_ptr{};
  }
  std::vector<thunk_shape> shapes;
  shapes.reserve(thunks.size());
  for (const thunk_plan& thunk : thunks) {
    shapes.push_back({thunk.type, thunk.tells_caller});
  }
  const std::vector<std::byte> bytes = make_thunk_module(shapes);
  const content_hash key = hash_of(bytes);
  {
    std::lock_guard lock(mutex_);
    if (const auto known = thunks_.by_content.find(key); known != thunks_.by_content.end()) {
      return known->second;
    }
  }
  if (auto others = shared_ ? shared_->find_thunks(key) : nullptr) {
    return remember(thunks_, key, module_artifact_ptr(std::move(others)));
  }
  auto code = std::make_shared<compiled_code>();
  if (auto kept = files_ ? files_->find(key) : std::nullopt; kept && !kept->facts) {
    code->compiled = std::move(kept->compiled);
    return remember(thunks_, key, module_artifact_ptr(std::move(code)));
  }
  count(counts_, &statistics::bytes_compiled, bytes.size());
  auto compiled = engine_->compile(bytes);
  if (!compiled) {
    return fail(compiled.error().with_context("thunks"));
  }
  code->compiled = std::move(*compiled);
  if (files_) {
    files_->keep(key, *code->compiled, nullptr);
  }
  if (shared_) {
    shared_->add_thunks(key, code);
  }
  return remember(thunks_, key, module_artifact_ptr(std::move(code)));
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes to facts and compiled code, once per content; with a cache directory, once for all runs.
#pragma once

#include "actors/ranked_mutex.hh"
#include "engine/engine.hh"
#include "groups/group_store.hh"
#include "groups/statistics.hh"
#include "messages/error.hh"
#include "messages/module_info.hh"
#include "wasi/unique_fd.hh"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loader/content_hash.hh"
#include "loader/library_files.hh"
#include "loader/module_files.hh"
#include "loader/shared_modules.hh"

namespace interlink {

struct instrumented_module;

/// A file that was read and may have to be compiled.
struct module_content {
  content_hash key;
  std::vector<std::byte> bytes; ///< empty when it is instrumented, or there is code already
  module_info_ptr info;
  std::shared_ptr<instrumented_module> instrumented; ///< null: not instrumented yet
  std::shared_ptr<const compiled_code> code;         ///< null: not compiled yet
};

/// Context: any thread. Compiles outside its lock: two threads with the same bytes may both compile, and one result
/// wins. What no load uses any more is kept for the next open of it, but not without bound: files are the guest's to
/// change.
class module_cache {
public:
  /// `counts` may be null, and outlives the cache otherwise. `maximum_memory_bytes` bounds the memories that modules
  /// define.
  module_cache(engine::engine_ptr engine, bool with_checks, statistics* counts = nullptr,
               std::optional<std::uint64_t> maximum_memory_bytes = std::nullopt)
      : engine_(std::move(engine)),
        with_checks_(with_checks),
        maximum_memory_bytes_(maximum_memory_bytes),
        counts_(counts)
  {
  }

  /// Has code in common with the other caches that share these. Context: before the cache is used.
  void share(std::shared_ptr<shared_modules> modules) { shared_ = std::move(modules); }

  /// Keeps compiled modules in this directory, too. Without effect when the engine has no images of its modules.
  /// Context: before the cache is shared.
  void keep_in(cache_directory directory);

  /// The facts and, if there is any, the compiled code of what the file holds.
  /// Errors: those of `library_files::read` and of `read`.
  result<module_content> read_file(const found_module& file, const std::string& name);

  /// The facts in the bytes; nothing is compiled. `name` is for messages.
  /// Errors: malformed_module, unsupported_module, limit_exceeded, each naming the module.
  result<module_content> read(std::vector<std::byte> bytes, const std::string& name);

  /// Validates the original and instruments it, unless it is compiled: all that may refuse a module and takes little
  /// time. Errors: malformed_module, unsupported_module, limit_exceeded, each naming the module.
  result<void> instrument(module_content& content, const std::string& name) const;

  /// Compiles it, unless somebody has. Pre: it is instrumented. Errors: engine_refused, naming the module.
  result<prepared_module> compile(module_content& content, const std::string& name);

  /// Compiled thunks for these signatures.
  result<module_artifact_ptr> prepare_thunks(const std::vector<thunk_plan>& thunks);

private:
  /// Known modules, or thunks, by the hash of their bytes.
  template <class T>
  struct table {
    std::map<content_hash, T> by_content;
    std::size_t room = idle_kept; ///< entries that may be there before those that nobody uses go
  };

  /// Chosen: more libraries than a program opens, a few hundred KiB each.
  static constexpr std::size_t idle_kept = 256;

  template <class T>
  T remember(table<T>& in, const content_hash& key, const T& made);

  /// Of this run or, with its file, of a former one.
  std::optional<module_content> find(const content_hash& key);

  /// For the other caches as well.
  prepared_module remember_module(const content_hash& key, const prepared_module& made);

  code_variant variant() const { return {with_checks_, maximum_memory_bytes_.value_or(0)}; }

  engine::engine_ptr engine_;
  bool with_checks_;
  std::optional<std::uint64_t> maximum_memory_bytes_;
  statistics* counts_;
  std::shared_ptr<shared_modules> shared_; ///< null: none
  std::optional<module_files> files_;
  ranked_mutex mutex_{lock_rank::module_cache};
  table<prepared_module> modules_;
  table<module_artifact_ptr> thunks_;
};

} // namespace interlink

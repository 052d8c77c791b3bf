// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes to facts and compiled code, once per content. Keyed by a 128-bit hash of the file's bytes; the engine's own
// on-disk cache makes the compilation of a second run cheap.
#pragma once

#include "actors/ranked_mutex.hh"
#include "engine/engine.hh"
#include "groups/group_store.hh"
#include "groups/statistics.hh"
#include "messages/error.hh"
#include "messages/module_info.hh"
#include "wasi/unique_fd.hh"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace interlink {

struct instrumented_module;

/// Facts and code of one content.
struct prepared_module {
  module_info_ptr info;
  std::shared_ptr<const compiled_code> code;

  long use_count() const { return code.use_count(); }
};

/// 128 bits that stand for the bytes of a file.
struct content_hash {
  std::uint64_t low{};
  std::uint64_t high{};
  friend auto operator<=>(const content_hash&, const content_hash&) = default;
};

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

  /// The facts in the bytes; nothing is compiled. `name` is for messages.
  /// Errors: malformed_module, unsupported_module, limit_exceeded, each naming the module.
  result<module_content> read(std::vector<std::byte> bytes, const std::string& name);

  /// Validates the original and instruments it, unless it is compiled: all that may refuse a module and takes little
  /// time. Errors: malformed_module, unsupported_module, limit_exceeded, each naming the module.
  result<void> instrument(module_content& content, const std::string& name) const;

  /// Compiles it, unless somebody has. Pre: it is instrumented. Errors: engine_refused, naming the module.
  result<prepared_module> compile(module_content& content, const std::string& name);

  /// The name that a file's bytes are known by: their 128-bit hash, hexadecimal.
  static std::string hash_text(std::span<const std::byte> bytes) { return to_text(hash(bytes)); }

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

  static content_hash hash(std::span<const std::byte> bytes);
  static std::string to_text(const content_hash& hash);

  engine::engine_ptr engine_;
  bool with_checks_;
  std::optional<std::uint64_t> maximum_memory_bytes_;
  statistics* counts_;
  ranked_mutex mutex_{lock_rank::module_cache};
  table<prepared_module> modules_;
  table<module_artifact_ptr> thunks_;
};

} // namespace interlink

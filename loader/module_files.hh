// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled modules in files, one file each, so that a second run neither parses nor compiles. A file has the engine's
// image first, because the engine maps code from the file's beginning, then the facts, then a footer: lengths, the name
// that the file was written for, and a checksum of all before it. The checksum is against accidents, for a flipped bit
// in an image loads without complaint and runs wrong; against others there is the directory
// (loader/cache_directory.hh). Whatever is doubtful is a miss.
#pragma once

#include "engine/module_images.hh"
#include "messages/error.hh"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/cache_directory.hh"
#include "loader/content_hash.hh"
#include "loader/module_facts.hh"

namespace interlink {

/// What a kept module depends on besides its bytes. Two that differ share no file, so that versions, settings and
/// machines may share a directory.
struct module_variant {
  std::string engine;     ///< `module_images::identity`
  std::string processor;  ///< features that compiled code may use
  std::string made_by;    ///< the sources that read, rewrite and describe modules
  std::string instrument; ///< how the module was rewritten
};

/// Of the processor that this runs on.
std::string processor_features();

/// Of the sources that this was built from.
std::string made_by();

/// A compiled module without and with what is known of it; thunks have no facts.
struct kept_module {
  engine::compiled_module_ptr compiled;
  std::optional<module_facts> facts;
};

/// Context: any thread. Lifetime: the engine outlives it.
class module_files {
public:
  /// Chosen: some dozens of large programs.
  static constexpr std::uint64_t usual_bytes = std::uint64_t{2} << 30;

  module_files(engine::module_images& images, cache_directory directory, const module_variant& variant,
               std::uint64_t most_bytes = usual_bytes);

  std::optional<kept_module> find(const content_hash& content) const;

  /// Keeps the module, if there is room, and lets those go that were not used for longest. `facts` may be null.
  void keep(const content_hash& content, const engine::compiled_module& compiled, const module_facts* facts) const;

  /// What a file holds by its place and times alone, when it was kept before under these and is unchanged since.
  std::optional<content_hash> find_content(int file) const;

  /// Notes what the file holds, unless it was changed so lately that a change after this could bear the same time.
  void note_content(int file, const content_hash& content,
                    std::chrono::system_clock::time_point now = std::chrono::system_clock::now()) const;

private:
  content_hash key_of(const content_hash& content) const;

  engine::module_images& images_;
  cache_directory directory_;
  content_hash variant_;
  std::uint64_t most_bytes_;
};

/// One file of a cache directory, as `interlink cache` tells of it.
struct kept_file {
  std::string name;
  std::uint64_t size_bytes{};
  std::chrono::system_clock::time_point used;
  std::string module_name; ///< of the `name` section; empty for generated code, and where the module has none
  bool is_note{};          ///< of what another file holds
  bool is_sound{};         ///< its checksum is right and it is the file that its name says
};

/// Least recently used first. Reads all files.
std::vector<kept_file> inspect(const cache_directory& directory);

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions that an engine has beside the port when its compiled code can be kept in files. An image is native code:
// who can write to one decides what the host executes, so it is read only from files that nobody else can write to
// (loader/cache_directory.hh).
#pragma once

#include "engine/engine.hh"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace interlink::engine {

/// Implemented by the same object as `engine`. Context: any thread.
class module_images {
public:
  virtual ~module_images() = default;

  /// `engine_options::cache_directory` as an absolute path; empty for none. The engine itself keeps nothing there.
  virtual const std::string& cache_directory() const = 0;

  /// Text that differs between engines that cannot use each other's images: the engine's library and its settings, but
  /// not the processor.
  virtual std::string identity() const = 0;

  /// The module's code as bytes. Errors: engine_refused.
  virtual result<std::vector<std::byte>> write_image(const compiled_module& module) = 0;

  /// A module whose code is a map of the file, which begins with an image; what follows the image is ignored. The file
  /// must not change while the module lives. Errors: engine_refused, also where files cannot be mapped as code.
  virtual result<compiled_module_ptr> map_image(int file) = 0;

  /// The same from a copy. Errors: engine_refused.
  virtual result<compiled_module_ptr> read_image(std::span<const std::byte> image) = 0;
};

} // namespace interlink::engine

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies of a library in a directory of their own: each is a file, hence a library, of its own.
#pragma once

#include <string>

namespace interlink::bench {

enum class copy_content {
  same,     ///< the bytes are alike: compiled once for all copies
  different ///< each has a custom section of its own, so that nothing is known before it is opened
};

/// Context: one thread. The files are gone at the end of the scope.
class scratch_copies {
public:
  scratch_copies(const std::string& file, int count, copy_content content);
  scratch_copies(const scratch_copies&) = delete;
  scratch_copies& operator=(const scratch_copies&) = delete;
  ~scratch_copies();

  const std::string& directory() const { return directory_; }

  /// File name, without the directory.
  static std::string name(int number) { return "copy_" + std::to_string(number) + ".so"; }

private:
  std::string directory_;
};

} // namespace interlink::bench

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A directory that is gone at the end of its scope.
#pragma once

#include "messages/assert.hh"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace interlink::support {

/// Context: its owner.
class temporary_directory {
public:
  temporary_directory()
  {
    path_ = (std::filesystem::temp_directory_path() / "interlink_test_XXXXXX").string();
    INTERLINK_ASSERT(::mkdtemp(path_.data()) != nullptr);
  }

  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  ~temporary_directory()
  {
    std::error_code ignored; // what is left behind lies among other temporary files
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

private:
  std::string path_;
};

} // namespace interlink::support

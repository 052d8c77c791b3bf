// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "bench/support/scratch_copies.hh"

#include "bench/support/guest_process.hh"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdlib.h>

namespace interlink::bench {

namespace {

/// A custom section with a name of two letters and eight bytes of content.
std::string custom_section(int number)
{
  std::string section{'\0', static_cast<char>(11), static_cast<char>(2), 'n', 'o'};
  for (int shift = 0; shift < 32; shift += 4) {
    section.push_back(static_cast<char>('a' + ((number >> shift) & 15)));
  }
  return section;
}

} // namespace

scratch_copies::scratch_copies(const std::string& file, int count, copy_content content)
{
  std::string pattern = (std::filesystem::temp_directory_path() / "interlink-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    give_up("no scratch directory");
  }
  directory_ = pattern;
  std::ifstream source(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << source.rdbuf();
  if (!source) {
    give_up("cannot read " + file);
  }
  for (int i = 0; i < count; ++i) {
    std::ofstream copy(directory_ + "/" + name(i), std::ios::binary);
    copy << bytes.str() << (content == copy_content::different ? custom_section(i) : "");
  }
}

scratch_copies::~scratch_copies()
{
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

} // namespace interlink::bench

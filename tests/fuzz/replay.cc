// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a fuzzer's function over files, where libFuzzer is not linked. Usage: interlink_fuzz_NAME FILE_OR_FOLDER...
// Folders are walked. Each file is named before it runs, so that the last one named is the one that ended the process.
#include "tests/fuzz/fuzz_target.hh"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace {

using std::filesystem::path;

std::vector<path> files_in(const path& given)
{
  std::vector<path> files;
  if (!std::filesystem::is_directory(given)) {
    return {given};
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(given)) {
    if (entry.is_regular_file()) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

bool replay(const path& file)
{
  std::fprintf(stderr, "%s\n", file.c_str());
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in) {
    std::fprintf(stderr, "error: %s cannot be read\n", file.c_str());
    return false;
  }
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return true;
}

} // namespace

int main(int count, char** arguments)
{
  std::size_t run = 0;
  for (const char* given : std::span(arguments, static_cast<std::size_t>(count)).subspan(1)) {
    for (const path& file : files_in(given)) {
      if (!replay(file)) {
        return 2;
      }
      ++run;
    }
  }
  std::fprintf(stderr, "%zu inputs\n", run);
  return run == 0 ? 2 : 0; // a test over nothing would pass for ever
}

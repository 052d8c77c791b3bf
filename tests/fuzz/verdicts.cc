// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What engine and reader say of modules, for tools/fuzz to compare with other validators. Prints a line for each file:
// name, valid or invalid, the engine's reason; accepts, malformed, unsupported or limit, the reader's reason; between
// tabs. Usage: interlink_fuzz_verdicts FILE...
#include "engine/wasmtime_engine.hh"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "wasm/module_reader.hh"

namespace {

using namespace interlink;

std::string one_line(std::string text)
{
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

const char* verdict_of(const result<module_info>& read)
{
  if (read) {
    return "accepts";
  }
  return read.error() == errc::malformed_module ? "malformed"
                                                : (read.error() == errc::limit_exceeded ? "limit" : "unsupported");
}

} // namespace

int main(int count, char** arguments)
{
  const auto engine = engine::make_wasmtime_engine({});
  for (const char* given : std::span(arguments, static_cast<std::size_t>(count)).subspan(1)) {
    std::ifstream in(given, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in || !engine) {
      std::fprintf(stderr, "error: %s cannot be read, or there is no engine\n", given);
      return 1;
    }
    const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
    const result<void> valid = (*engine)->validate(bytes);
    const result<module_info> read = read_module(bytes);
    std::printf("%s\t%s\t%s\t%s\t%s\n", std::filesystem::path(given).filename().c_str(), valid ? "valid" : "invalid",
                valid ? "" : one_line(valid.error().message()).c_str(), verdict_of(read),
                read ? "" : one_line(read.error().message()).c_str());
  }
  return 0;
}

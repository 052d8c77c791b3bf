// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/demangle.hh"

#include <cstddef>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <string_view>
#include <utility>

namespace interlink {

namespace {

/// At most so many: S_, S0_, T_, T0_ and their like, and what only looks like them inside a name.
std::size_t back_references(std::string_view mangled)
{
  std::size_t count = 0;
  for (std::size_t i = 1; i < mangled.size(); ++i) {
    const char c = mangled[i];
    const bool is_number = c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
    count += (mangled[i - 1] == 'S' || mangled[i - 1] == 'T') && is_number ? 1 : 0;
  }
  return count;
}

} // namespace

std::string demangled(std::string name)
{
  return name.starts_with("_Z") ? demangled_type(std::move(name)) : name;
}

std::string demangled_type(std::string name)
{
  // Each back-reference can double what came before it: the bounds keep a hostile name below some 64 MiB.
  constexpr std::size_t longest = 1024;
  constexpr std::size_t references = 16;
  if (name.size() > longest || back_references(name) > references) {
    return name;
  }
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                         &std::free);
  return status == 0 && text ? std::string(text.get()) : name;
}

} // namespace interlink

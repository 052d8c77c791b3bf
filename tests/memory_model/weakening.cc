// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/memory_model/weakening.hh"

#include "tests/memory_model/checked.hh"

#include <string_view>
#include <tuple>

namespace interlink::memory_model {

namespace {

bool is_under_test(std::string_view file)
{
  return file.find("actors/") != std::string_view::npos || file.ends_with("linker/open_count.hh") ||
         file.ends_with("guest_code.hh");
}

/// "mailbox::push" of a signature with types, arguments and namespaces.
std::string name_of(std::string_view signature)
{
  std::string_view name = signature.substr(0, signature.find('('));
  int depth = 0;
  std::size_t begin = name.size();
  for (; begin > 0 && (depth > 0 || name[begin - 1] != ' '); --begin) {
    depth += name[begin - 1] == '>' ? 1 : name[begin - 1] == '<' ? -1 : 0;
  }
  std::string plain;
  for (const char letter : name.substr(begin)) {
    depth += letter == '<' ? 1 : 0;
    if (depth == 0) {
      plain += letter;
    }
    depth -= letter == '>' ? 1 : 0;
  }
  constexpr std::string_view space = "interlink::";
  return plain.starts_with(space) ? plain.substr(space.size()) : plain;
}

} // namespace

std::map<site, std::memory_order>& met_sites()
{
  static std::map<site, std::memory_order> met;
  return met;
}

std::memory_order order_at(const std::source_location& at, const char* access, std::memory_order order)
{
  using place = std::tuple<const char*, std::uint32_t, std::uint32_t, const char*>;
  static std::map<place, std::optional<site>> known; // none: not in the code under test
  const auto [entry, is_new] = known.try_emplace(place(at.file_name(), at.line(), at.column(), access));
  if (is_new && is_under_test(at.file_name())) {
    entry->second = site{name_of(at.function_name()), at.line(), access};
  }
  if (!entry->second || order == std::memory_order_relaxed) {
    return order;
  }
  met_sites().try_emplace(*entry->second, order);
  const weakening& weaker = run::current()->how().weaker;
  return weaker.where == entry->second ? weaker.order : order;
}

} // namespace interlink::memory_model

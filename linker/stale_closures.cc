// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/stale_closures.hh"

#include "linker/closures.hh"

#include <cstddef>
#include <string_view>
#include <vector>

namespace interlink {

namespace {

constexpr std::size_t named_at_most = 8;

void add(std::string& text, std::string_view sentence, const std::vector<std::string>& names)
{
  if (names.empty()) {
    return;
  }
  text.append(text.empty() ? "" : "; ").append(sentence);
  for (const std::string& name : names) {
    text.append(&name == &names.front() ? " " : ", ").append(name);
  }
}

std::string name_of(std::size_t slot)
{
  return "slot " + std::to_string(slot);
}

} // namespace

std::string describe_stale_closures(const snapshot& now)
{
  std::vector<std::string> freed;
  for (const table_index slot : now.closures->freed_lately) {
    if (!now.closures->of_slot[slot.value].is_closure()) {
      freed.push_back(name_of(slot.value));
    }
  }
  std::vector<std::string> unprepared;
  now.closures->of_slot.for_each([&](std::size_t slot, closure_binding binding) {
    if (!binding.is_prepared() && unprepared.size() < named_at_most) {
      unprepared.push_back(name_of(slot));
    }
  });
  std::string text;
  add(text, "a pointer to a closure that is freed is stale; freed lately:", freed);
  add(text, "a closure must be prepared before it is called; not prepared:", unprepared);
  return text;
}

} // namespace interlink

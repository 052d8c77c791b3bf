// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/resolver.hh"

#include "linker/import_resolver.hh"

namespace interlink {

result<resolution> resolve_imports(const resolver_input& input)
{
  resolution resolved;
  slot_wishes wishes;
  symbol_problems problems;
  for (std::size_t place = 0; place < input.modules.size(); ++place) {
    import_resolver resolver(input, place, wishes, problems);
    resolved.modules.push_back(resolver.resolve(resolved.uses));
  }
  if (!problems.empty()) {
    return fail(problems.to_error());
  }
  resolved.wanted_slots = wishes.take();
  return resolved;
}

void place_slots(resolution& resolved, table_index base)
{
  for (const slot_use& use : resolved.uses) {
    const table_index slot{base.value + static_cast<std::uint32_t>(use.wanted)};
    resolved_module& user = resolved.modules[use.module];
    if (use.is_thunk) {
      user.thunks[use.number].slot = slot;
    } else {
      user.imports[use.number] = binding::constant{slot.value};
    }
  }
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The resolver answers, for each import of each new module, the question of ELF's symbol search: which module's
// definition is meant. Its scope is that of ld.so: the global scope, then the closure of the load's root, in
// breadth-first order. The first definition wins, the importer's own included, so that an address has one value in the
// whole program.
//
// A definition alone is no binding. WebAssembly instantiates modules in one order, and an import needs its provider to
// exist. A function of an earlier module is bound directly, which costs a call nothing. A function of a later module,
// of the same module, or of no module yet is bound to a thunk that calls through the function's canonical slot. Data is
// bound to a constant, for the plan knows every address.
//
// All problems are collected and reported at once, as a person who links a large program wants to see them. A binding
// that stands for a problem is never used: a load with problems ends.
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

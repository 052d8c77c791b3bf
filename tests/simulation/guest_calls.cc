// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What guest threads of the simulation call, and what the calls should return.
#include "tests/simulation/guest_call.hh"
#include "tests/simulation/simulated_world.hh"

#include "loader/closure_reader.hh"

namespace interlink::simulation {

result<void> simulated_world::call_main_import(instance_group& group)
{
  if (main_.calls.empty()) {
    return {};
  }
  const std::size_t place = pick(main_.calls.size());
  const auto expected = reference_->value_of_import(main_module, main_.calls[place].text());
  // A call of what nobody defines is a trap.
  return expected ? judge_call(group, guest_call(group, main_module, "callM_" + std::to_string(place), {}), *expected)
                  : result<void>{};
}

result<void> simulated_world::judge_call(instance_group& group, const result<std::uint32_t>& returned,
                                         std::uint32_t expected)
{
  note(happening::calls_index);
  if (!returned) {
    // A trap is a wrong call, unless some start function on the way was told to trap.
    if (is_unwinding(returned.error()) && (returned.error().code() != errc::guest_trapped || was_trapped_)) {
      return fail(returned.error());
    }
    scheduler_.fail("agreement: group " + std::to_string(group.id().value) + " called and got " +
                    returned.error().message() + ", expected " + std::to_string(expected));
    return fail(returned.error());
  }
  if (expected != 0 ? *returned != expected : !shared_.contains(*returned)) {
    scheduler_.fail("agreement: group " + std::to_string(group.id().value) + " called a function that returned " +
                    std::to_string(*returned) + ", expected " + std::to_string(expected));
  }
  return {};
}

result<void> simulated_world::call_shared(instance_group& group)
{
  const std::uint32_t word = shelf_word();
  give_stack(group);
  const auto slot = guest_call(group, main_module, "load", {word});
  if (!slot || *slot == 0) {
    return without_value(slot);
  }
  if (chance(2)) {
    note(happening::loads_and_calls);
    return judge_call(group, guest_call(group, main_module, "call_at", {word}), 0);
  }
  if (chance(3)) {
    note(happening::spins);
    const auto turns = 1 + static_cast<std::uint32_t>(pick(100));
    return judge_call(group, guest_call(group, main_module, "spin_at", {word, *slot, turns}), 0);
  }
  auto returned = guest_call(group, main_module, "call_slot", {*slot});
  return closures_.contains(*slot) ? call_closure(group, *slot, returned)
                                   : judge_call(group, returned, meaning_.at(*slot));
}

result<void> simulated_world::call_own(instance_group& group, script& mine)
{
  if (mine.open.empty()) {
    return {};
  }
  const auto& library = mine.open[pick(mine.open.size())];
  for (const auto& [slot, expected] : library.slots) {
    if (auto judged = judge_call(group, guest_call(group, main_module, "call_slot", {slot}), expected); !judged) {
      return judged;
    }
  }
  const support::library_shape& shape = shapes_.at(library.number);
  const std::string number = std::to_string(library.number);
  const module_id module{library.handle.value};
  for (std::size_t j = 0; j < shape.calls.size(); ++j) {
    const support::function_name callee = shape.calls[j];
    auto judged = judge_call(group, guest_call(group, module, "call" + number + "_" + std::to_string(j), {}),
                             callee.library * 1000 + callee.function);
    if (!judged) {
      return judged;
    }
  }
  for (std::size_t j = 0; j < shape.uses.size(); ++j) {
    const std::string symbol = "shared_" + std::to_string(shape.uses[j]);
    const auto expected = reference_->value_of_import(module, symbol);
    if (!expected) {
      continue;
    }
    // Who serves a lazy import is decided in its first call: whoever would have, may be closing by then.
    const auto returned = guest_call(group, module, "use" + number + "_" + std::to_string(j), {});
    const std::uint32_t bound = reference_->value_of_import(module, symbol).value_or(*expected);
    if (auto judged = judge_call(group, returned, bound); !judged) {
      return judged;
    }
  }
  for (std::size_t j = 0; j < shape.addresses.size(); ++j) {
    const auto address = guest_call(group, module, "got" + number + "_" + std::to_string(j), {});
    const support::function_name target = shape.addresses[j];
    if (!address) {
      return fail(address.error());
    }
    auto judged = judge_call(group, guest_call(group, main_module, "call_slot", {*address}),
                             target.library * 1000 + target.function);
    if (!judged) {
      return judged;
    }
  }
  return call_weak(group, library.number, module);
}

result<void> simulated_world::call_weak(instance_group& group, std::uint32_t library, module_id module)
{
  const std::vector<std::uint32_t>& weak = shapes_.at(library).weak;
  for (std::size_t j = 0; j < weak.size(); ++j) {
    const std::string suffix = std::to_string(library) + "_" + std::to_string(j);
    const std::string name = "maybe_" + std::to_string(weak[j]);
    const auto address = guest_call(group, module, "ask" + suffix, {});
    if (!address) {
      return fail(address.error());
    }
    const auto function = reference_->symbol_of_import(module, "GOT.func", name);
    const std::uint32_t value = reference_->value_of(function).value_or(0);
    note(value != 0 ? happening::calls_weak_function : happening::finds_weak_function_missing);
    if ((*address != 0) != (value != 0)) {
      scheduler_.fail("reference: the address of weak " + name + " is " + std::to_string(*address));
    }
    const auto tried = guest_call(group, module, "try" + suffix, {});
    if (auto judged = value != 0 ? judge_call(group, tried, value) : without_value(tried); !judged) {
      return judged;
    }
    if (*tried != value) {
      scheduler_.fail("reference: weak " + name + " returns " + std::to_string(*tried) + ", not " +
                      std::to_string(value));
    }
    if (value != 0) {
      if (auto judged = judge_call(group, guest_call(group, main_module, "call_slot", {*address}), value); !judged) {
        return judged;
      }
    } else if (chance(64)) {
      scheduler_.trace("group " + std::to_string(group.id().value) + " calls what nobody defines");
      note(happening::traps_in_missing_weak_function);
      was_trapped_ = true;
      const auto risked = guest_call(group, module, "risk" + suffix, {});
      if (risked) {
        scheduler_.fail("weak " + name + ", which nobody defines, can be called");
      }
      return without_value(risked);
    }
    if (auto judged = see_weak_datum(group, module, weak[j], "see" + suffix); !judged) {
      return judged;
    }
  }
  return {};
}

result<void> simulated_world::see_weak_datum(instance_group& group, module_id module, std::uint32_t datum,
                                             const std::string& see)
{
  const auto address = guest_call(group, module, see, {});
  if (!address) {
    return fail(address.error());
  }
  const auto defined = reference_->symbol_of_import(module, "GOT.mem", "datum_" + std::to_string(datum));
  const bool is_defined = defined.what == support::reference_symbol::kind::data;
  note(is_defined ? happening::finds_weak_data : happening::finds_weak_data_missing);
  const snapshot_ptr current = process_->coordination().state().current;
  const std::uint64_t expected =
      is_defined ? current->find(defined.module)->plan().memory_base.value + support::weak_data_offset(datum) : 0;
  if (*address != expected) {
    scheduler_.fail("reference: weak datum_" + std::to_string(datum) + " is at " + std::to_string(*address) + ", not " +
                    std::to_string(expected));
  }
  return {};
}

void simulated_world::judge_missing_symbols(instance_group& group, std::uint32_t number, const error& failure,
                                            const snapshot_ptr& before)
{
  const snapshot_ptr nothing = make_empty_snapshot();
  const auto root = process_->loader.files.find(file_of(number), {}, {}, "");
  auto closure = root ? read_closure(process_->loader, *process_, *nothing, *root, {})
                      : result<needed_closure>(fail(root.error()));
  const topology& state = process_->coordination().state();
  if (!closure || state.current != before || !state.loads.empty() || !state.closing.empty()) {
    return; // the world has moved on since: what it was then cannot be asked
  }
  if (group.applied().version != state.current->version) {
    return; // a turn has ended and is not published: an open that reads no more than is published comes before it
  }
  closure->request.bind_now = true;
  support::reference_linker trial = reference_->linker();
  const auto prepared = trial.prepare(closure->request, module_id{state.next_module});
  const auto names_of = [](const error& of) {
    std::set<std::string> names;
    for (const missing_symbol& missing : of.detail().missing) {
      names.insert(missing.symbol_name);
    }
    return names;
  };
  if (prepared || names_of(prepared.error()) != names_of(failure)) {
    scheduler_.fail("reference: dlopen of " + file_of(number) + " lacks other symbols than " + failure.message());
  }
}

} // namespace interlink::simulation

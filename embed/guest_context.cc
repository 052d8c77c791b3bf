// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/host_memory.hh"
#include "groups/instance_group.hh"
#include "messages/guest_end.hh"

#include <interlink/guest_context.hh>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <variant>

#include "embed/conversions.hh"
#include "embed/guest_functions.hh"
#include "embed/memory_file.hh"
#include "loader/library_closer.hh"
#include "loader/library_file_loader.hh"
#include "loader/library_loader.hh"
#include "loader/symbol_lookup.hh"
#include "process/process_core.hh"

namespace interlink::v0 {

namespace {

using detail::raw_value;

instance_group& group_of(void* own)
{
  return *static_cast<instance_group*>(own);
}

std::string program_of(const std::weak_ptr<const void>& process)
{
  const auto core = std::static_pointer_cast<const process_core>(process.lock());
  return core == nullptr ? "one that is gone" : core->program().file.path;
}

/// A handle means something only in the process that gave it. One made by hand, as library::of_program, says of none.
bool is_of(const std::weak_ptr<const void>& of_handle, const instance_group& group)
{
  const std::weak_ptr<const void> none;
  const std::weak_ptr<const void> here = process_of(group).weak_from_this();
  const auto is_same = [](const auto& a, const auto& b) {
    return !a.owner_before(b) && !b.owner_before(a);
  };
  return is_same(of_handle, none) || is_same(of_handle, here);
}

/// `kind` and `name` say which handle.
result<void> check_owner(const std::weak_ptr<const void>& of_handle, const instance_group& group, const char* kind,
                         const std::string& name)
{
  if (is_of(of_handle, group)) {
    return {};
  }
  interlink::error_detail detail;
  detail.message = kind + name + " is of another process";
  detail.expected = process_of(group).program().file.path;
  detail.found = program_of(of_handle);
  detail.remedy = "find it again in the process that is to use it";
  return fail(to_public(interlink::error(interlink::errc::invalid_argument, std::move(detail))));
}

error out_of_memory_bounds(const instance_group& group, const wasi::guest_memory& memory, guest_ptr<> at,
                           std::uint64_t size)
{
  return {errc::invalid_argument, std::to_string(size) + " bytes at address " + std::to_string(at.address) +
                                      " are not in the memory of " + process_of(group).program().file.path +
                                      ", which has " + std::to_string(memory.size_bytes()) + " bytes"};
}

/// The bytes in the guest's memory.
result<std::span<std::byte>> bytes_at(const instance_group& group, const wasi::guest_memory& memory, guest_ptr<> at,
                                      std::uint64_t size)
{
  const auto range = memory.range(at.address, size);
  if (!range) {
    return fail(out_of_memory_bounds(group, memory, at, size));
  }
  return *range;
}

/// Of a function that is to be called now, in this group.
result<engine::function> target_of(instance_group& group, const detail::function_facts& callee)
{
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return fail(to_public(caught_up.error()));
  }
  const engine::function target =
      callee.slot != 0 ? group.store().slot(table_index{callee.slot})
                       : group.store().find_function(main_module, callee.name).value_or(engine::function{});
  if (is_null(target)) {
    return fail(errc::invalid_argument, "function " + callee.name + ", at " + std::to_string(callee.slot) +
                                            ", is not there any more: its library was closed");
  }
  return target;
}

error type_mismatch(const std::string& what, const std::string& expected, const std::string& found)
{
  interlink::error_detail detail;
  detail.message = what;
  detail.expected = expected;
  detail.found = found;
  return to_public(interlink::error(interlink::errc::symbol_type_mismatch, std::move(detail)));
}

/// In a slot that was given anew since the function was found there may be one of another type.
result<void> check_type(instance_group& group, const engine::function& target, const detail::function_facts& callee)
{
  const std::uint64_t now = std::uint64_t{group.id().value} << 32 | (group.applied().version.value & UINT32_MAX);
  std::atomic<std::uint64_t>& compared = callee.compared.at(group.id().value % callee.compared.size());
  if (compared.load(std::memory_order_relaxed) == now) {
    return {};
  }
  const function_type is = group.store().store().type_of(target);
  const auto equals = [](const std::vector<value_type>& a, const std::vector<value_kind>& b) {
    return std::ranges::equal(a, b, {}, &value_type::code,
                              [](value_kind kind) { return static_cast<std::uint8_t>(kind); });
  };
  if (equals(is.parameters, callee.type.parameters) && equals(is.results, callee.type.results)) {
    compared.store(now, std::memory_order_relaxed);
    return {};
  }
  return fail(type_mismatch("another function has the place of " + callee.name + ", whose library was closed",
                            to_string(callee.type), interlink::to_string(is)));
}

value_kind kind_of(const guest_value& value)
{
  static constexpr std::array kinds{value_kind::i32, value_kind::i64, value_kind::f32, value_kind::f64,
                                    value_kind::v128};
  return kinds.at(value.index());
}

raw_value to_slot(const guest_value& value)
{
  return std::visit(
      []<class T>(const T& number) -> raw_value {
        if constexpr (std::is_arithmetic_v<T>) {
          return detail::to_raw(number);
        } else {
          return std::bit_cast<raw_value>(number);
        }
      },
      value);
}

guest_value from_slot(value_kind kind, const raw_value& slot)
{
  switch (kind) {
  case value_kind::i32:
    return detail::from_raw<std::int32_t>(slot);
  case value_kind::i64:
    return detail::from_raw<std::int64_t>(slot);
  case value_kind::f32:
    return detail::from_raw<float>(slot);
  case value_kind::f64:
    return detail::from_raw<double>(slot);
  case value_kind::v128:
    break;
  }
  return std::bit_cast<std::array<std::byte, 16>>(slot);
}

result<function<>> made_function(const instance_group& group, table_index slot, std::string name,
                                 const function_type& type)
{
  auto known = to_public(type);
  if (!known) {
    return fail(std::move(known.error()));
  }
  return function<>(std::make_shared<const detail::function_facts>(slot.value, std::move(name), std::move(*known),
                                                                   process_of(group).weak_from_this()));
}

result<function<>> find_in(instance_group& group, library_handle in, const std::string& name)
{
  if (!process_of(group).program().is_dynamic) {
    const auto found = group.store().find_function(main_module, name);
    if (!found) {
      return fail(errc::symbol_not_found,
                  "the program " + process_of(group).program().file.path + " exports no function " + name);
    }
    return made_function(group, null_slot, name, group.store().store().type_of(*found));
  }
  auto found = find_function(process_of(group).loader, group, in, name);
  if (!found) {
    return fail(to_public(found.error()));
  }
  return made_function(group, found->slot, name, found->type);
}

/// An address is what an exported constant says. Source: wasm-ld, --export of a datum.
result<guest_ptr<>> find_static_data(instance_group& group, const std::string& name)
{
  const process_core& process = process_of(group);
  const export_info* exported = process.static_program->modules.front().info->find_export(name);
  if (exported != nullptr && std::holds_alternative<function_type>(exported->type)) {
    return fail(type_mismatch("symbol " + name + " is a function", "a datum", interlink::to_string(exported->type)));
  }
  const auto* type = exported == nullptr ? nullptr : std::get_if<global_type>(&exported->type);
  const auto value = type == nullptr || type->is_mutable || type->value != wasm::i32
                         ? std::nullopt
                         : group.store().find_export(main_module, name);
  if (!value) {
    return fail(errc::symbol_not_found, "the program " + process.program().file.path + " exports no datum " + name +
                                            "; link it with -Wl,--export=" + name);
  }
  return guest_ptr<>{group.store().store().global_get(std::get<engine::global>(*value)).i32()};
}

/// The allocator may be the program's or its C library's.
result<function<>> find_allocator(instance_group& group, const std::string& name, const signature& wanted)
{
  auto found = detail::compared(find_in(group, default_scope_handle, name), wanted);
  if (!found && found.error() == errc::symbol_not_found) {
    interlink::error_detail detail;
    detail.message = "the program has no " + name + " to allocate the guest's memory by";
    detail.module_name = process_of(group).program().file.path;
    detail.symbol_name = name;
    detail.remedy = "link it with -Wl,--export=malloc -Wl,--export=free";
    return fail(to_public(interlink::error(interlink::errc::symbol_not_found, std::move(detail))));
  }
  return found;
}

} // namespace

namespace detail {

result<function<>> compared(result<function<>> found, const signature& wanted)
{
  if (found && found->type() != wanted) {
    interlink::error_detail detail;
    detail.message = "function " + found->name() + " has another type than the one it is asked for with";
    detail.symbol_name = found->name();
    detail.expected = to_string(wanted);
    detail.found = to_string(found->type());
    return fail(to_public(interlink::error(interlink::errc::symbol_type_mismatch, std::move(detail))));
  }
  return found;
}

} // namespace detail

std::uint32_t guest_context::group() const
{
  return group_of(own_).id().value;
}

std::uint64_t guest_context::memory_size() const
{
  return group_of(own_).memory().size_bytes();
}

result<void> guest_context::read_bytes(guest_ptr<> from, std::span<std::byte> into) const
{
  const wasi::guest_memory memory = group_of(own_).memory();
  const auto bytes = bytes_at(group_of(own_), memory, from, into.size());
  if (!bytes) {
    return fail(bytes.error());
  }
  std::ranges::copy(*bytes, into.begin());
  return {};
}

result<std::vector<std::byte>> guest_context::read_bytes(guest_ptr<> from, std::uint32_t size) const
{
  const wasi::guest_memory memory = group_of(own_).memory();
  const auto bytes = bytes_at(group_of(own_), memory, from, size); // before anything of that size is made
  if (!bytes) {
    return fail(bytes.error());
  }
  return std::vector<std::byte>(bytes->begin(), bytes->end());
}

result<void> guest_context::write_bytes(guest_ptr<> to, std::span<const std::byte> bytes)
{
  const wasi::guest_memory memory = group_of(own_).memory();
  const auto place = bytes_at(group_of(own_), memory, to, bytes.size());
  if (!place) {
    return fail(place.error());
  }
  std::ranges::copy(bytes, place->begin());
  return {};
}

result<std::string> guest_context::read_string(guest_ptr<> from, std::uint32_t longest) const
{
  const wasi::guest_memory memory = group_of(own_).memory();
  const std::uint64_t size = memory.size_bytes();
  if (from.address == 0 || from.address >= size) {
    return fail(out_of_memory_bounds(group_of(own_), memory, from, 1));
  }
  const auto bytes =
      bytes_at(group_of(own_), memory, from, std::min<std::uint64_t>(size - from.address, std::uint64_t{longest} + 1));
  if (!bytes) {
    return fail(bytes.error());
  }
  std::string text;
  for (const std::byte& each : *bytes) {
    const auto character = static_cast<char>(each); // once: another thread may write a zero now, or take it away
    if (character == '\0') {
      return text;
    }
    text.push_back(character);
  }
  return fail(errc::invalid_argument, "the text at address " + std::to_string(from.address) + " has no end within " +
                                          std::to_string(bytes->size()) + " bytes");
}

result<std::string> guest_context::read_string_of(guest_ptr<> from, std::uint32_t size) const
{
  const wasi::guest_memory memory = group_of(own_).memory();
  const auto bytes = bytes_at(group_of(own_), memory, from, size);
  if (!bytes) {
    return fail(bytes.error());
  }
  std::string text(size, '\0');
  std::ranges::transform(*bytes, text.begin(), [](std::byte each) { return static_cast<char>(each); });
  return text;
}

result<guest_allocation> guest_context::allocate(std::uint32_t size)
{
  if (!malloc_) {
    auto found = find_allocator(group_of(own_), "malloc", {{value_kind::i32}, {value_kind::i32}});
    if (!found) {
      return fail(std::move(found.error()));
    }
    auto frees = find_allocator(group_of(own_), "free", {{value_kind::i32}, {}});
    if (!frees) {
      return fail(std::move(frees.error()));
    }
    malloc_ = std::move(*found);
    free_ = std::move(*frees);
  }
  std::array<raw_value, 1> values{raw_value{std::max<std::uint32_t>(size, 1), 0}};
  if (auto called = call_raw(*malloc_, values); !called) {
    return fail(std::move(called.error()));
  }
  const auto at = detail::from_raw<guest_ptr<>>(values[0]);
  if (!at) {
    return fail(errc::memory_exhausted, "the guest's malloc has no " + std::to_string(size) + " bytes");
  }
  return guest_allocation(*this, at, size);
}

void guest_context::free(guest_ptr<> at)
{
  if (unwinding_ || process_of(group_of(own_)).has_ended()) {
    return; // the guest is not called any more
  }
  std::array<raw_value, 1> values{detail::to_raw(at)};
  static_cast<void>(call_raw(*free_, values)); // a failure that ends the guest is noted there; any other is a leak
}

result<guest_allocation> guest_context::copy_in(std::span<const std::byte> bytes)
{
  if (bytes.size() > UINT32_MAX) {
    return fail(errc::memory_exhausted, std::to_string(bytes.size()) + " bytes are more than a guest's memory has");
  }
  auto made = allocate(static_cast<std::uint32_t>(bytes.size()));
  if (made) {
    if (auto written = write_bytes(made->get(), bytes); !written) {
      return fail(std::move(written.error()));
    }
  }
  return made;
}

result<guest_allocation> guest_context::copy_in(std::string_view text)
{
  if (text.size() >= UINT32_MAX) {
    return fail(errc::memory_exhausted, std::to_string(text.size()) + " bytes are more than a guest's memory has");
  }
  auto made = allocate(static_cast<std::uint32_t>(text.size() + 1));
  if (!made) {
    return made;
  }
  auto written = write_bytes(made->get(), std::as_bytes(std::span(text)));
  if (written) {
    written = write(guest_ptr<char>{static_cast<std::uint32_t>(made->get().address + text.size())}, '\0');
  }
  return written ? std::move(made) : fail(std::move(written.error()));
}

result<library> guest_context::open(const std::string& name, open_flag flags)
{
  instance_group& group = group_of(own_);
  auto opened = unless_exhausted("async_open", [&] {
    return open_library(process_of(group).loader, group, name, static_cast<std::uint32_t>(flags),
                        process_of(group).library_path());
  });
  if (!opened) {
    return failed(to_public(opened.error()));
  }
  return library(opened->value, process_of(group).weak_from_this());
}

result<library> guest_context::open(std::span<const std::byte> bytes, const std::string& name, open_flag flags)
{
  instance_group& group = group_of(own_);
  auto opened = unless_exhausted("async_open", [&]() -> interlink::result<library_handle> {
    auto file = make_memory_file(bytes, join_path(process_of(group).wasi_system->current_directory(), name));
    return file ? open_library_file(process_of(group).loader, group, *file, static_cast<std::uint32_t>(flags),
                                    process_of(group).library_path())
                : interlink::fail(std::move(file.error()));
  });
  if (!opened) {
    return failed(to_public(opened.error()));
  }
  return library(opened->value, process_of(group).weak_from_this());
}

result<void> guest_context::close(const library& closed)
{
  instance_group& group = group_of(own_);
  if (auto owned = check_owner(closed.process(), group, "the library to close", {}); !owned) {
    return owned;
  }
  auto done = unless_exhausted(
      "async_close", [&] { return close_library(process_of(group).loader, group, library_handle{closed.handle()}); });
  return done ? result<void>() : failed(to_public(done.error()));
}

result<function<>> guest_context::find(const library& in, const std::string& name)
{
  instance_group& group = group_of(own_);
  if (auto owned = check_owner(in.process(), group, "the library in which to find ", name); !owned) {
    return fail(std::move(owned.error()));
  }
  return find_in(group, library_handle{in.handle()}, name);
}

result<guest_ptr<>> guest_context::find_data(const library& in, const std::string& name)
{
  instance_group& group = group_of(own_);
  if (auto owned = check_owner(in.process(), group, "the library in which to find ", name); !owned) {
    return fail(std::move(owned.error()));
  }
  if (!process_of(group).program().is_dynamic) {
    return find_static_data(group, name);
  }
  const library_handle handle{in.handle()};
  auto as_function = find_function(process_of(group).loader, group, handle, name);
  if (as_function) {
    return fail(type_mismatch("symbol " + name + " is a function", "a datum", interlink::to_string(as_function->type)));
  }
  if (as_function.error().code() != interlink::errc::symbol_type_mismatch) {
    return fail(to_public(as_function.error()));
  }
  auto found = find_address(process_of(group).loader, group, handle, name);
  return found ? result<guest_ptr<>>(guest_ptr<>{*found}) : fail(to_public(found.error()));
}

result<function<>> guest_context::function_at(guest_ptr<> pointer)
{
  instance_group& group = group_of(own_);
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return fail(to_public(caught_up.error()));
  }
  const engine::function target =
      pointer.address == 0 ? engine::function{} : group.store().slot(table_index{pointer.address});
  if (is_null(target)) {
    return fail(errc::invalid_argument, "no function is at " + std::to_string(pointer.address));
  }
  return made_function(group, table_index{pointer.address}, "at " + std::to_string(pointer.address),
                       group.store().store().type_of(target));
}

result<void> guest_context::call_raw(const function<>& callee, std::span<raw_value> values)
{
  instance_group& group = group_of(own_);
  if (!callee) {
    return fail(errc::invalid_argument, "no function is in the handle that is to be called");
  }
  const detail::function_facts& facts = *callee.facts();
  if (auto owned = check_owner(facts.process, group, "function ", facts.name); !owned) {
    return owned;
  }
  const auto target = target_of(group, facts);
  if (!target) {
    return fail(target.error());
  }
  if (auto checked = check_type(group, *target, facts); !checked) {
    return checked;
  }
  auto called = call_with(values, [&](std::span<engine::value_slot> slots) { return group.call(*target, slots); });
  return called ? result<void>() : failed(to_public(called.error()));
}

result<std::vector<guest_value>> guest_context::call(const function<>& callee, std::span<const guest_value> arguments)
{
  if (!callee) {
    return fail(errc::invalid_argument, "no function is in the handle that is to be called");
  }
  const signature& type = callee.type();
  std::vector<raw_value> values;
  signature given{{}, type.results};
  for (const guest_value& argument : arguments) {
    given.parameters.push_back(kind_of(argument));
    values.push_back(to_slot(argument));
  }
  if (given != type) {
    return fail(type_mismatch("the arguments do not fit function " + callee.name(), to_string(type), to_string(given)));
  }
  values.resize(std::max(type.parameters.size(), type.results.size()));
  if (auto called = call_raw(callee, values); !called) {
    return fail(std::move(called.error()));
  }
  std::vector<guest_value> results;
  for (std::size_t i = 0; i < type.results.size(); ++i) {
    results.push_back(from_slot(type.results[i], values[i]));
  }
  return results;
}

std::vector<backtrace_frame> guest_context::backtrace() const
{
  interlink::error_detail detail;
  detail.trap = trap_record{{}, group_of(own_).store().store().backtrace()};
  return to_public(interlink::error(interlink::errc::guest_trapped, std::move(detail))).detail().backtrace;
}

std::unexpected<error> guest_context::failed(error why)
{
  if (!unwinding_ && unwinds_guest(static_cast<interlink::errc>(why.code()))) {
    unwinding_ = why;
  }
  return fail(std::move(why));
}

} // namespace interlink::v0

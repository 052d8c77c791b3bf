// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/conversions.hh"

#include <string>

namespace interlink::v0 {

namespace {

class category final : public std::error_category {
public:
  const char* name() const noexcept override { return "interlink"; }

  std::string message(int value) const override
  {
    switch (static_cast<errc>(value)) {
    case errc::refused:
      return "refused by the embedder";
    case errc::function_threw:
      return "a function of the embedder threw";
    default:
      return interlink::interlink_category().message(value);
    }
  }

  std::error_condition default_error_condition(int value) const noexcept override
  {
    switch (static_cast<errc>(value)) {
    case errc::cancelled:
      return std::errc::operation_canceled;
    case errc::deadline_passed:
      return std::errc::timed_out;
    case errc::library_not_found:
      return std::errc::no_such_file_or_directory;
    case errc::memory_exhausted:
      return std::errc::not_enough_memory;
    case errc::mailbox_full:
    case errc::spawn_failed:
      return std::errc::resource_unavailable_try_again;
    case errc::malformed_module:
    case errc::unsupported_module:
    case errc::not_a_library:
      return std::errc::executable_format_error;
    case errc::invalid_argument:
    case errc::invalid_handle:
      return std::errc::invalid_argument;
    case errc::refused:
      return std::errc::permission_denied;
    case errc::file_unreadable:
      return std::errc::io_error;
    default:
      return {value, *this};
    }
  }
};

value_kind kind_of(const value_type& type)
{
  return static_cast<value_kind>(type.code);
}

bool is_number(const value_type& type)
{
  return type.code >= wasm::v128.code && type.code <= wasm::i32.code;
}

} // namespace

const std::error_category& error_category() noexcept
{
  static const category instance;
  return instance;
}

std::error_code make_error_code(errc code) noexcept
{
  return {static_cast<int>(code), error_category()};
}

error to_error(const std::exception_ptr& exception)
{
  try {
    std::rethrow_exception(exception);
  } catch (const failure& ours) {
    return ours.why();
  } catch (const std::exception& other) {
    return {errc::function_threw, std::string("a function of the embedder's threw: ") + other.what()};
  } catch (...) {
    return {errc::function_threw, "a function of the embedder's threw something that is no std::exception"};
  }
}

std::string to_string(const signature& type)
{
  return interlink::to_string(to_internal(type));
}

error to_public(const interlink::error& why)
{
  const interlink::error_detail& from = why.detail();
  error_detail detail;
  detail.module = from.module_name;
  detail.symbol = from.symbol_name;
  detail.expected = from.expected;
  detail.found = from.found;
  detail.remedy = from.remedy;
  detail.paths_tried = from.paths_tried;
  detail.exit_code = from.exit_code;
  if (from.trap) {
    for (const guest_frame& frame : from.trap->frames) {
      detail.backtrace.push_back({frame.module_name, frame.function_name, frame.module_offset,
                                  frame.source ? frame.source->file : std::string(),
                                  frame.source ? frame.source->line : 0});
    }
  }
  return {static_cast<errc>(why.code()), why.message(), std::move(detail),
          std::make_shared<const interlink::error>(why)};
}

interlink::error to_internal(const error& why)
{
  if (why.origin() != nullptr) {
    return *static_cast<const interlink::error*>(why.origin().get());
  }
  interlink::error_detail detail;
  detail.message = why.message();
  detail.exit_code = why.detail().exit_code;
  if (why == errc::guest_trapped || why == errc::guest_threw) {
    detail.trap = trap_record{why.message(), {}}; // the engine adds the guest's frames
  }
  return {static_cast<interlink::errc>(why.code()), std::move(detail)};
}

function_type to_internal(const signature& type)
{
  function_type made;
  for (const value_kind kind : type.parameters) {
    made.parameters.push_back({static_cast<std::uint8_t>(kind), 0});
  }
  for (const value_kind kind : type.results) {
    made.results.push_back({static_cast<std::uint8_t>(kind), 0});
  }
  return made;
}

result<signature> to_public(const function_type& type)
{
  signature made;
  for (const auto& [from, to] : {std::pair(&type.parameters, &made.parameters), {&type.results, &made.results}}) {
    for (const value_type& each : *from) {
      if (!is_number(each)) {
        return fail(errc::symbol_type_mismatch,
                    "the function has a reference in its type, which only guests can pass: " +
                        interlink::to_string(type));
      }
      to->push_back(kind_of(each));
    }
  }
  return made;
}

thread_info to_public(const thread_report& thread)
{
  return {thread.group.value, thread.waiting_in, thread.last_call, thread.since_call};
}

} // namespace interlink::v0

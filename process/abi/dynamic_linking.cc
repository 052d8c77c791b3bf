// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dlopen, dlsym, dl_invalid_handle of `wasix_32v1`.
#include "groups/instance_group.hh"
#include "messages/guest_end.hh"
#include "messages/limits.hh"
#include "messages/utf8.hh"

#include <string>
#include <utility>
#include <vector>

#include "loader/library_closer.hh"
#include "loader/library_loader.hh"
#include "loader/symbol_lookup.hh"
#include "process/abi/guest_abi.hh"
#include "process/abi/guest_values.hh"
#include "process/process_core.hh"

namespace interlink::abi {

namespace {

/// Where the guest wants the text of an error.
struct error_buffer {
  std::uint32_t address;
  std::uint32_t length;
};

result<void> answer_failure(instance_group& group, values results, const error_buffer& buffer, const error& failure,
                            std::string_view prefix)
{
  if (unwinds_guest(failure.code())) {
    return fail(failure);
  }
  write_text(group.memory(), buffer.address, buffer.length,
             fit_lines(std::string(prefix) + failure.message(), buffer.length));
  return answer(results, errno_unknown);
}

result<void> dlopen(instance_group& group, values arguments)
{
  const module_id caller = group.store().take_caller();
  const wasi::guest_memory memory = group.memory();
  const std::uint32_t path = arguments[0].i32();
  const std::uint32_t path_length = arguments[1].i32();
  const std::uint32_t flags = arguments[2].i32();
  const error_buffer buffer{arguments[3].i32(), arguments[4].i32()};
  const std::uint32_t search = arguments[5].i32();
  const std::uint32_t search_length = arguments[6].i32();
  const std::uint32_t out = arguments[7].i32();
  static constexpr std::string_view prefix = "failed to load module: ";
  if (!memory.contains(out, 4)) {
    return answer(arguments, errno_memviolation);
  }
  library_handle handle = main_handle;
  if (path != 0) {
    if (path_length > limit::library_name_bytes || search_length > limit::name_bytes) {
      return answer_failure(group, arguments, buffer,
                            error(errc::limit_exceeded, "the name or the search path is too long"), prefix);
    }
    const auto name = memory.load_string(path, path_length);
    // libc passes getenv's null with length 0 when the variable is not set.
    const auto search_path = search == 0 ? wasi::expected<std::string>{} : memory.load_string(search, search_length);
    if (!name || !search_path) {
      return answer(arguments, errno_memviolation);
    }
    if (!is_utf8(*name) || !is_utf8(*search_path)) {
      return answer_failure(group, arguments, buffer,
                            error(errc::invalid_argument, "the library's name or the search path is not UTF-8"),
                            prefix);
    }
    const std::vector<std::string> directories = split_library_path(*search_path);
    if (directories.size() > limit::runtime_paths) {
      return answer_failure(group, arguments, buffer,
                            error(errc::limit_exceeded, "the search path has " + std::to_string(directories.size()) +
                                                            " entries, the limit is " +
                                                            std::to_string(limit::runtime_paths)),
                            prefix);
    }
    auto opened = open_library(process_of(group).loader, group, *name, flags, directories, {}, caller);
    if (!opened) {
      return answer_failure(group, arguments, buffer, opened.error(), prefix);
    }
    handle = *opened;
  } else if (auto checked = check_open_flags(flags); !checked) {
    return answer_failure(group, arguments, buffer, checked.error(), prefix);
  } else if (!process_of(group).program().is_dynamic) {
    return answer_failure(group, arguments, buffer, error(errc::not_dynamic, "the program is not dynamically linked"),
                          prefix);
  }
  static_cast<void>(memory.store<std::uint32_t>(out, handle.value));
  return answer(arguments, errno_code::success);
}

result<void> dlsym(instance_group& group, values arguments)
{
  const module_id caller = group.store().take_caller();
  const wasi::guest_memory memory = group.memory();
  const library_handle handle{arguments[0].i32()};
  const std::uint32_t length = arguments[2].i32();
  const error_buffer buffer{arguments[3].i32(), arguments[4].i32()};
  const std::uint32_t out = arguments[5].i32();
  static constexpr std::string_view prefix = "failed to resolve symbol: ";
  if (!memory.contains(out, 4)) {
    return answer(arguments, errno_memviolation);
  }
  if (length > limit::symbol_name_bytes) {
    return answer_failure(group, arguments, buffer, error(errc::limit_exceeded, "the symbol's name is too long"),
                          prefix);
  }
  const auto name = memory.load_string(arguments[1].i32(), length);
  if (!name) {
    return answer(arguments, errno_memviolation);
  }
  if (!is_utf8(*name)) {
    return answer_failure(group, arguments, buffer, error(errc::invalid_argument, "the symbol's name is not UTF-8"),
                          prefix);
  }
  auto address = find_address(process_of(group).loader, group, handle, *name, caller);
  if (!address) {
    return answer_failure(group, arguments, buffer, address.error(), prefix);
  }
  static_cast<void>(memory.store<std::uint32_t>(out, *address));
  return answer(arguments, errno_code::success);
}

/// Misnamed in the ABI: libc's dlclose is this call, and nothing else makes it. Success means that the handle was
/// valid.
result<void> dl_invalid_handle(instance_group& group, values arguments)
{
  const auto closed = close_library(process_of(group).loader, group, library_handle{arguments[0].i32()});
  if (!closed && closed.error() != errc::invalid_handle) {
    return closed; // a handler of the library unwinds the guest, or the process ends
  }
  return answer(arguments, closed ? errno_code::success : errno_code::noexec);
}

} // namespace

void add_dynamic_linking(host_registry& registry)
{
  registry.add("wasix_32v1", "dlopen", errno_function(8), dlopen);
  registry.add("wasix_32v1", "dlsym", errno_function(6), dlsym);
  registry.add("wasix_32v1", "dl_invalid_handle", errno_function(1), dl_invalid_handle);
}

} // namespace interlink::abi

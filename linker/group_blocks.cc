// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/group_blocks.hh"

#include "messages/limits.hh"

#include <algorithm>
#include <bit>
#include <utility>

namespace interlink {

bool initialises_tls(const module_info& info)
{
  return info.find_export("__wasm_init_tls") != nullptr || info.find_export("__wasix_init_tls") != nullptr;
}

bool has_tls_block(const module_info& info)
{
  return info.tls_size > 0 && initialises_tls(info);
}

std::uint64_t tls_block_alignment(const module_info& info)
{
  // Never below what the C ABI of wasm32 grants to any object of that size.
  return std::max<std::uint64_t>(info.tls_alignment, 16);
}

bool needs_scratch_stack(const module_info& info)
{
  return info.start == initialiser_kind::open || info.init_tls == initialiser_kind::open;
}

error tls_without_initialiser(std::string_view module_name)
{
  error_detail detail;
  detail.message = "the module has thread-local variables and does not export what initialises them in other threads";
  detail.module_name = std::string(module_name);
  detail.expected = "the exports __wasm_init_tls, __tls_base, __tls_size and __tls_align";
  detail.remedy = "link it with --export=__wasm_init_tls --export=__tls_base --export=__tls_size --export=__tls_align";
  return {errc::unsupported_module, std::move(detail)};
}

result<void> check_tls(const module_info& info, std::string_view module_name, bool is_main)
{
  const bool has_variables = info.tls_size > 0 || std::ranges::any_of(info.exports, &export_info::is_tls);
  if (!has_variables) {
    return {};
  }
  const std::uint64_t alignment = tls_block_alignment(info);
  if (!std::has_single_bit(alignment) || alignment > (std::uint64_t{1} << limit::memory_alignment_log2) ||
      info.tls_size > (std::uint64_t{1} << 32)) {
    error_detail detail;
    detail.message = "thread-local storage of " + std::to_string(info.tls_size) + " bytes aligned to " +
                     std::to_string(info.tls_alignment) + " cannot be served";
    detail.module_name = std::string(module_name);
    return fail(error(errc::unsupported_module, std::move(detail)));
  }
  // A main without the initialiser still has its variables in its own data in the first thread; whoever imports one of
  // them is refused there.
  if (!is_main && !has_tls_block(info)) {
    return fail(tls_without_initialiser(module_name));
  }
  return {};
}

} // namespace interlink

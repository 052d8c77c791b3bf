// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the help says of INTERLINK_DEBUG. The categories are those of groups/debug_log.hh.
#pragma once

#include <string_view>

namespace interlink::cli {

inline constexpr std::string_view debug_help =
    "INTERLINK_DEBUG, categories separated by commas, makes `run` report on standard error:\n"
    "  libs        libraries searched and found, constructors run\n"
    "  symbols     symbols looked up by the guest\n"
    "  bindings    what each import of a module is bound to\n"
    "  statistics  counts and times, at exit\n"
    "  all         all of these";

} // namespace interlink::cli

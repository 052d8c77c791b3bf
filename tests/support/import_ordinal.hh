// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "messages/module_info.hh"

#include <cstdint>

namespace interlink::support {

/// Place in `imports` of function `index`. Pre: it is imported.
inline std::uint32_t import_of(const module_info& info, std::uint32_t index)
{
  for (std::uint32_t ordinal = 0;; ++ordinal) {
    if (kind_of(info.imports[ordinal].type) == extern_kind::function && index-- == 0) {
      return ordinal;
    }
  }
}

} // namespace interlink::support

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/utf8.hh"

#include <cstddef>
#include <cstdint>

namespace interlink {

bool is_utf8(std::string_view text) noexcept
{
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<std::uint8_t>(text[i++]);
    if (lead < 0x80) {
      continue;
    }
    const unsigned following = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - i < following) {
      return false;
    }
    std::uint32_t point = lead & (0x3fU >> following);
    for (unsigned k = 0; k < following; ++k) {
      const auto byte = static_cast<std::uint8_t>(text[i++]);
      if ((byte & 0xc0) != 0x80) {
        return false;
      }
      point = point << 6 | (byte & 0x3fU);
    }
    const bool is_short_form = following == 1 || (following == 2 ? point >= 0x800 : point >= 0x10000);
    if (!is_short_form || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      return false;
    }
  }
  return true;
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/guest_path.hh"

#include "wasi/abi.hh"

#include <array>
#include <cstdint>
#include <vector>

namespace interlink::wasi {

namespace {

struct utf8_form {
  unsigned char lead_mask;
  unsigned char lead_bits;
  std::size_t length;
  std::uint32_t smallest;
};

constexpr std::array<utf8_form, 4> utf8_forms{{
    {0x80, 0x00, 1, 0},
    {0xe0, 0xc0, 2, 0x80},
    {0xf0, 0xe0, 3, 0x800},
    {0xf8, 0xf0, 4, 0x10000},
}};

// Length of the well-formed sequence at the start of `text`, 0 when there is none.
std::size_t utf8_sequence_length(std::string_view text)
{
  auto lead = static_cast<unsigned char>(text[0]);
  for (const auto& form : utf8_forms) {
    if ((lead & form.lead_mask) != form.lead_bits) {
      continue;
    }
    if (text.size() < form.length) {
      return 0;
    }
    std::uint32_t value = lead & static_cast<unsigned char>(~form.lead_mask);
    for (std::size_t i = 1; i < form.length; ++i) {
      auto next = static_cast<unsigned char>(text[i]);
      if ((next & 0xc0) != 0x80) {
        return 0;
      }
      value = value << 6 | (next & 0x3f);
    }
    bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < form.smallest || value > 0x10ffff || is_surrogate ? 0 : form.length;
  }
  return 0;
}

void append_components(std::vector<std::string_view>& to, std::string_view path)
{
  while (!path.empty()) {
    auto slash = path.find('/');
    auto component = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (component == "..") {
      if (!to.empty()) {
        to.pop_back();
      }
    } else if (!component.empty() && component != ".") {
      to.push_back(component);
    }
  }
}

} // namespace

bool is_utf8(std::string_view text) noexcept
{
  while (!text.empty()) {
    auto length = utf8_sequence_length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

outcome check_relative_path(std::string_view path) noexcept
{
  if (path.empty()) {
    return errno_code::noent;
  }
  if (path.size() >= bound::path_bytes) {
    return errno_code::nametoolong;
  }
  if (path.find('\0') != std::string_view::npos) {
    return errno_code::inval;
  }
  if (!is_utf8(path)) {
    return errno_code::ilseq;
  }
  if (path.front() == '/') {
    return errno_code::notcapable;
  }
  return errno_code::success;
}

split_path split_last(std::string_view path)
{
  bool has_trailing_slash = path.ends_with('/');
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  auto slash = path.rfind('/');
  if (slash == std::string_view::npos) {
    return {".", std::string(path), has_trailing_slash};
  }
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1)), has_trailing_slash};
}

std::string normalise_guest_path(std::string_view path, std::string_view base)
{
  std::vector<std::string_view> components;
  if (!path.starts_with('/')) {
    append_components(components, base);
  }
  append_components(components, path);
  std::string normal;
  for (auto component : components) {
    normal += '/';
    normal += component;
  }
  return normal.empty() ? "/" : normal;
}

std::string_view below_prefix(std::string_view path, std::string_view prefix) noexcept
{
  if (prefix == "/") {
    return path.substr(1);
  }
  if (path == prefix) {
    return path.substr(path.size());
  }
  if (path.starts_with(prefix) && path[prefix.size()] == '/') {
    return path.substr(prefix.size() + 1);
  }
  return {};
}

} // namespace interlink::wasi

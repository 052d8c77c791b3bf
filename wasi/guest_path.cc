// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/guest_path.hh"

#include "messages/utf8.hh"
#include "wasi/abi.hh"

#include <vector>

namespace interlink::wasi {

namespace {

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

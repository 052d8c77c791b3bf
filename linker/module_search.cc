// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/module_search.hh"

#include <algorithm>
#include <array>

namespace interlink {

namespace {

constexpr std::array<std::string_view, 3> system_directories{"/lib", "/usr/lib", "/usr/local/lib"};

void add_candidate(std::vector<std::string>& candidates, std::string path)
{
  auto add_once = [&](std::string candidate) {
    if (std::ranges::find(candidates, candidate) == candidates.end()) {
      candidates.push_back(std::move(candidate));
    }
  };
  // A slash at the end stays: a library's name with one is no name of a file, as on ELF.
  const bool is_shared_object = path.ends_with(".so");
  std::string as_wasm = is_shared_object ? path.substr(0, path.size() - 3) + ".wasm" : std::string();
  add_once(std::move(path));
  if (is_shared_object) {
    add_once(std::move(as_wasm));
  }
}

} // namespace

std::string expand_origin(std::string_view text, std::string_view origin)
{
  static constexpr std::string_view plain = "$ORIGIN";
  static constexpr std::string_view braced = "${ORIGIN}";
  std::string expanded;
  while (!text.empty()) {
    const bool is_plain = text.starts_with(plain) && (text.size() == plain.size() || text[plain.size()] == '/');
    if (is_plain || text.starts_with(braced)) {
      expanded.append(origin);
      text.remove_prefix(is_plain ? plain.size() : braced.size());
    } else {
      expanded.push_back(text.front());
      text.remove_prefix(1);
    }
  }
  return expanded;
}

std::string origin_of(const search_context& context)
{
  return context.requester_path.empty()
             ? join_path("/", context.current_directory)
             : join_path(context.current_directory, parent_directory(context.requester_path));
}

std::vector<std::string> candidate_paths(std::string_view name, const search_context& context)
{
  std::vector<std::string> candidates;
  if (name.empty()) {
    return candidates;
  }
  if (name.find('/') != std::string_view::npos) {
    const std::string expanded = expand_origin(name, origin_of(context));
    std::string path = join_path(context.current_directory, expanded);
    if (expanded.ends_with('/') && !path.ends_with('/')) {
      path.push_back('/');
    }
    add_candidate(candidates, std::move(path));
    return candidates;
  }
  auto look_in = [&](std::string_view directory) {
    if (!directory.empty()) {
      add_candidate(candidates, join_path(join_path(context.current_directory, directory), name));
    }
  };
  for (const std::string& directory : context.library_path) {
    look_in(directory);
  }
  const std::string origin = origin_of(context);
  for (const std::string& entry : context.runtime_path) {
    look_in(expand_origin(entry, origin));
  }
  for (std::string_view directory : system_directories) {
    look_in(directory);
  }
  return candidates;
}

std::vector<std::string> split_library_path(std::string_view text)
{
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (!part.empty()) {
      parts.emplace_back(part);
    }
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
  return parts;
}

std::string join_path(std::string_view directory, std::string_view name)
{
  const bool name_is_absolute = name.starts_with('/');
  const bool is_absolute = name_is_absolute || directory.starts_with('/');
  std::string joined;
  auto append_parts = [&](std::string_view path) {
    while (!path.empty()) {
      const std::size_t slash = path.find('/');
      const std::string_view part = path.substr(0, slash);
      if (!part.empty() && part != ".") {
        if (!joined.empty() || is_absolute) {
          joined.push_back('/');
        }
        joined.append(part);
      }
      path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
  };
  if (!name_is_absolute) {
    append_parts(directory);
  }
  append_parts(name);
  if (joined.empty()) {
    return is_absolute ? "/" : ".";
  }
  return joined;
}

std::string_view parent_directory(std::string_view path)
{
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) {
    return ".";
  }
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/mount_directory.hh"

#include "wasi/guest_path.hh"

#include <algorithm>
#include <memory>
#include <span>

namespace interlink::wasi {

namespace {

using entry = std::pair<std::string, open_file_ptr>;

std::vector<std::string_view> components_of(std::string_view path)
{
  std::vector<std::string_view> components;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto component = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (!component.empty() && component != ".") {
      components.push_back(component);
    }
  }
  return components;
}

open_file_ptr make_directory(std::string name, std::uint64_t& next_inode, const std::vector<mapped_directory>& mapped)
{
  auto made = std::make_shared<mount_directory>();
  made->name = std::move(name);
  made->inode = next_inode++;
  for (const auto& [normal_name, directory] : mapped) {
    const auto below = below_prefix(normal_name, made->name);
    const std::string child(below.substr(0, below.find('/')));
    if (child.empty() || made->find(child) != nullptr) {
      continue;
    }
    const auto child_name = normalise_guest_path(child, made->name);
    const auto itself = std::ranges::find(mapped, child_name, &mapped_directory::normal_name);
    auto added = itself != mapped.end() ? itself->directory : make_directory(child_name, next_inode, mapped);
    made->entries.insert(std::ranges::lower_bound(made->entries, child, {}, &entry::first), {child, std::move(added)});
  }
  auto file = std::make_shared<open_file>();
  file->type = file_type::directory;
  file->possible_rights = rights::directory;
  file->is_read_only = true;
  file->is_root = made->name == "/";
  file->mounts = std::move(made);
  return file;
}

// A component that leaves a mapped directory, counted from its start; npos when none does.
std::size_t first_way_out(std::span<const std::string_view> components)
{
  std::size_t depth = 0;
  for (std::size_t i = 0; i < components.size(); ++i) {
    if (components[i] != "..") {
      ++depth;
    } else if (depth-- == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::string join(std::span<const std::string_view> components, bool has_trailing_slash)
{
  std::string joined;
  for (const auto component : components) {
    joined += joined.empty() ? "" : "/";
    joined += component;
  }
  if (!joined.empty() && has_trailing_slash) {
    joined += '/';
  }
  return joined.empty() ? "." : joined;
}

} // namespace

open_file_ptr mount_directory::find(std::string_view wanted) const
{
  const auto found = std::ranges::lower_bound(entries, wanted, {}, &entry::first);
  return found != entries.end() && found->first == wanted ? found->second : nullptr;
}

open_file_ptr make_mount_root(const std::vector<mapped_directory>& mapped)
{
  std::uint64_t next_inode = 1;
  return make_directory("/", next_inode, mapped);
}

expected<mounted_place> walk_mounts(const open_file_ptr& start, std::string_view path)
{
  const auto components = components_of(path);
  std::vector<open_file_ptr> way{start};
  for (std::size_t i = 0; i < components.size(); ++i) {
    if (components[i] == "..") {
      if (way.size() > 1) {
        way.pop_back();
      } else if (!start->is_root) {
        return refuse(errno_code::notcapable);
      }
      continue;
    }
    auto next = way.back()->mounts->find(components[i]);
    if (!next) {
      const bool is_last = i + 1 == components.size();
      return is_last ? expected<mounted_place>(mounted_place{}) : refuse(errno_code::noent);
    }
    if (!next->mounts) {
      const auto rest = std::span(components).subspan(i + 1);
      const auto out = first_way_out(rest);
      if (out == std::string_view::npos) {
        return mounted_place{next, join(rest, path.ends_with('/'))};
      }
      i += 1 + out; // back in the directory that holds the mapped one
      continue;
    }
    way.push_back(std::move(next));
  }
  return mounted_place{way.back(), "."};
}

struct stat status_of(const mount_directory& directory) noexcept
{
  struct stat status{};
  status.st_mode = S_IFDIR | 0555;
  status.st_ino = directory.inode;
  status.st_nlink = 2;
  return status;
}

} // namespace interlink::wasi

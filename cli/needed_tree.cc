// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/needed_tree.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "wasm/module_reader.hh"

namespace interlink::cli {

namespace {

class tree_reader {
public:
  tree_reader(const library_files& libraries, const std::vector<std::string>& library_path)
      : libraries_(libraries), library_path_(library_path)
  {
  }

  result<needed_tree> read(found_module root)
  {
    if (auto added = add(std::move(root)); !added) {
      return fail(std::move(added.error()));
    }
    // Breadth-first: the list grows while it is walked.
    for (std::size_t i = 0; i < tree_.modules.size(); ++i) {
      const module_info_ptr info = tree_.modules[i].info;
      const std::string requester = tree_.modules[i].file.path;
      for (const std::string& name : info->dylink ? info->dylink->needed : std::vector<std::string>{}) {
        needed_entry entry = find(name, info->dylink->runtime_path, requester);
        tree_.modules[i].needed.push_back(std::move(entry));
      }
    }
    return std::move(tree_);
  }

private:
  result<std::size_t> add(found_module file)
  {
    const auto [place, is_new] = places_.try_emplace(file.identity, tree_.modules.size());
    if (!is_new) {
      return place->second;
    }
    auto bytes = library_files::read(file);
    auto info = bytes ? read_module(*bytes) : result<module_info>(fail(std::move(bytes.error())));
    if (!info) {
      places_.erase(place);
      return fail(std::move(info.error()));
    }
    const std::size_t added = place->second;
    tree_.modules.push_back({std::move(file), std::make_shared<const module_info>(std::move(*info)), {}});
    return added;
  }

  needed_entry find(const std::string& name, const std::vector<std::string>& runtime_path, const std::string& requester)
  {
    needed_entry entry{name, std::nullopt, std::nullopt};
    auto file = libraries_.find(name, library_path_, runtime_path, requester);
    const std::string path = file ? file->path : std::string();
    auto added = file ? add(std::move(*file)) : result<std::size_t>(fail(std::move(file.error())));
    if (!added && !path.empty()) {
      added = fail(added.error().with_context(path));
    }
    if (added && !tree_.modules[*added].info->dylink) {
      added = fail(errc::not_a_library,
                   tree_.modules[*added].file.path + ": not a dynamic library: it has no dylink.0 section");
    }
    if (added) {
      entry.module = *added;
    } else {
      entry.failure = added.error().with_context("needed by " + requester);
    }
    return entry;
  }

  const library_files& libraries_;
  const std::vector<std::string>& library_path_;
  needed_tree tree_;
  std::map<file_identity, std::size_t> places_;
};

struct visit {
  const needed_entry* entry = nullptr;
  std::size_t depth{};
};

void push_needed(std::vector<visit>& pending, const needed_module& module, std::size_t depth)
{
  for (auto entry = module.needed.rbegin(); entry != module.needed.rend(); ++entry) {
    pending.push_back({&*entry, depth});
  }
}

} // namespace

std::vector<error> needed_tree::failures() const
{
  std::vector<error> all;
  for (const needed_module& module : modules) {
    for (const needed_entry& entry : module.needed) {
      if (entry.failure) {
        all.push_back(*entry.failure);
      }
    }
  }
  return all;
}

result<needed_tree> read_needed_tree(const library_files& libraries, found_module root,
                                     const std::vector<std::string>& library_path)
{
  return tree_reader(libraries, library_path).read(std::move(root));
}

std::string to_text(const needed_tree& tree)
{
  std::string text;
  std::vector<bool> is_shown(tree.modules.size(), false);
  is_shown[0] = true;
  // A stack of our own: how deep libraries nest is up to their files.
  std::vector<visit> pending;
  push_needed(pending, tree.modules[0], 1);
  while (!pending.empty()) {
    const auto [entry, depth] = pending.back();
    pending.pop_back();
    text.append(4 * depth, ' ').append(entry->name).append(" => ");
    if (!entry->module) {
      const bool is_missing = entry->failure->code() == errc::library_not_found;
      text.append(is_missing ? "not found\n" : "cannot be loaded\n");
      continue;
    }
    const needed_module& module = tree.modules[*entry->module];
    const bool was_shown = is_shown[*entry->module];
    text.append(module.file.path).append(was_shown ? " (shown above)\n" : "\n");
    if (!was_shown) {
      is_shown[*entry->module] = true;
      push_needed(pending, module, depth + 1);
    }
  }
  return text;
}

} // namespace interlink::cli

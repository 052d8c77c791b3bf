// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/closure_reader.hh"

#include "actors/schedule_point.hh"

#include <algorithm>
#include <map>
#include <utility>

namespace interlink {

namespace {

class reader {
public:
  reader(const loader_services& loader, const group_services& process, group_id group, const snapshot& loaded,
         const std::vector<std::string>& library_path)
      : loader_(loader), process_(process), group_(group), loaded_(loaded), library_path_(library_path)
  {
  }

  result<needed_closure> read(const found_module& root)
  {
    if (auto added = add(root); !added) {
      return fail(std::move(added.error()));
    }
    // Breadth-first: the list grows while it is walked.
    for (std::size_t i = 0; i < closure_.request.modules.size(); ++i) {
      if (auto needed = add_needed(i); !needed) {
        return fail(std::move(needed.error()));
      }
    }
    if (!failures_.empty()) {
      return fail(combine(failures_));
    }
    return std::move(closure_);
  }

private:
  result<std::size_t> add(const found_module& file)
  {
    schedule_point(schedule_place::file_found);
    std::vector<requested_module>& modules = closure_.request.modules;
    const auto [place, is_new] = places_.try_emplace(file.identity, modules.size());
    if (!is_new) {
      return place->second;
    }
    requested_module module{file.identity, file.path, nullptr, nullptr, {}, {}};
    if (loaded_.find_by_identity(file.identity) == nullptr) {
      auto content = read_content(file);
      if (!content) {
        places_.erase(place); // whoever else needs it is named as well
        return fail(std::move(content.error()));
      }
      module.info = content->info;
      closure_.unready.push_back({place->second, std::move(*content), file.file});
    }
    loader_.log.write(log_category::libs, group_, "found {}", file.path);
    if (module.info && !module.info->soname.empty()) {
      places_by_name_.emplace(module.info->soname, place->second);
    }
    modules.push_back(std::move(module));
    return place->second;
  }

  result<module_content> read_content(const found_module& file) const
  {
    auto content = loader_.modules->read_file(file, file.path);
    if (content && !content->info->dylink) {
      return fail(errc::not_a_library, file.path + ": not a dynamic library: it has no dylink.0 section");
    }
    return content;
  }

  /// Errors: stopping. What is wrong with a needed library is noted.
  result<void> add_needed(std::size_t place)
  {
    const module_info_ptr info = closure_.request.modules[place].info;
    if (!info) {
      return {};
    }
    const std::string requester = closure_.request.modules[place].name;
    for (const std::string& name : info->dylink->needed) {
      if (process_.has_ended()) {
        return fail(errc::stopping, "the process is ending"); // a hostile list can keep a thread here for long
      }
      loader_.log.write(log_category::libs, group_, "find library={}; needed by {}", name, requester);
      auto added = add_by_name(name, info->dylink->runtime_path, requester);
      if (added) {
        closure_.request.modules[place].needed.push_back(*added);
      } else {
        failures_.push_back(added.error().with_context("needed by " + requester));
      }
    }
    return {};
  }

  /// A bare name means the library that was asked for by it before, or gives it to itself; others are searched for.
  result<std::size_t> add_by_name(const std::string& name, const std::vector<std::string>& runtime_path,
                                  const std::string& requester)
  {
    const bool is_bare = name.find('/') == std::string::npos;
    if (const auto named = loaded_.names->find(name); is_bare && named != loaded_.names->end()) {
      const loaded_module* known = loaded_.find(named->second);
      const auto [place, is_new] = places_.try_emplace(known->identity, closure_.request.modules.size());
      if (is_new) {
        closure_.request.modules.push_back({known->identity, known->plan().name, nullptr, nullptr, {}, {}});
      }
      return place->second;
    }
    if (const auto named = places_by_name_.find(name); is_bare && named != places_by_name_.end()) {
      return named->second;
    }
    auto found = loader_.files.find(name, library_path_, runtime_path, requester);
    if (!found) {
      return fail(std::move(found.error()));
    }
    auto added = add(*found);
    if (added && is_bare) {
      places_by_name_.emplace(name, *added);
      closure_.request.modules[*added].asked.push_back(name);
    }
    return added;
  }

  const loader_services& loader_;
  const group_services& process_;
  group_id group_;
  const snapshot& loaded_;
  const std::vector<std::string>& library_path_;
  needed_closure closure_;
  std::vector<error> failures_;
  std::map<file_identity, std::size_t> places_;
  std::map<std::string, std::size_t> places_by_name_; ///< bare names, among what is new
};

} // namespace

error combine(const std::vector<error>& failures)
{
  if (failures.size() == 1) {
    return failures.front();
  }
  error_detail detail;
  detail.message = std::to_string(failures.size()) + " libraries cannot be loaded";
  for (const error& failure : failures) {
    detail.message.append("\n").append(failure.message());
  }
  detail.remedy = "each of these lines says what to do";
  return {failures.front().code(), std::move(detail)};
}

bool needed_closure::is_compiled() const
{
  return std::ranges::all_of(unready, [](const unready_module& each) { return each.content.code != nullptr; });
}

result<needed_closure> read_closure(const loader_services& loader, const group_services& process,
                                    const snapshot& loaded, const found_module& root,
                                    const std::vector<std::string>& library_path, group_id group)
{
  return reader(loader, process, group, loaded, library_path).read(root);
}

result<load_request> make_ready(const loader_services& loader, actor_events& events, needed_closure closure)
{
  for (needed_closure::unready_module& each : closure.unready) {
    if (auto done = loader.modules->instrument(each.content, closure.request.modules[each.place].name); !done) {
      return fail(std::move(done.error()));
    }
  }
  for (needed_closure::unready_module& each : closure.unready) {
    requested_module& module = closure.request.modules[each.place];
    event_slice slice(events, {.name = events.name(module.name), .kind = event_kind::compile});
    slice.note(each.content.code ? event_note::cached : event_note::none);
    auto prepared = loader.modules->compile(each.content, module.name);
    if (!prepared) {
      return fail(std::move(prepared.error()));
    }
    auto code = std::make_shared<compiled_code>(*prepared->code);
    code->file = each.file;
    module.info = prepared->info;
    module.artifact = std::move(code);
  }
  return std::move(closure.request);
}

} // namespace interlink

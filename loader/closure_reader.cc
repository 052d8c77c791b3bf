// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/closure_reader.hh"

#include "actors/schedule_point.hh"

#include <map>
#include <utility>

namespace interlink {

namespace {

class reader {
public:
  reader(const loader_services& loader, const group_services& process, const snapshot& loaded,
         const std::vector<std::string>& library_path)
      : loader_(loader), process_(process), loaded_(loaded), library_path_(library_path)
  {
  }

  result<load_request> read(const found_module& root)
  {
    if (auto added = add(root); !added) {
      return fail(std::move(added.error()));
    }
    // Breadth-first: the list grows while it is walked.
    for (std::size_t i = 0; i < request_.modules.size(); ++i) {
      if (auto needed = add_needed(i); !needed) {
        return fail(std::move(needed.error()));
      }
    }
    return std::move(request_);
  }

private:
  result<std::size_t> add(const found_module& file)
  {
    schedule_point(schedule_place::file_found);
    const auto [place, is_new] = places_.try_emplace(file.identity, request_.modules.size());
    if (!is_new) {
      return place->second;
    }
    requested_module module{file.identity, file.path, nullptr, nullptr, {}, {}};
    if (loaded_.find_by_identity(file.identity) == nullptr) {
      auto bytes = library_files::read(file);
      if (!bytes) {
        return fail(std::move(bytes.error()));
      }
      auto prepared = loader_.modules->prepare(*bytes, file.path);
      if (!prepared) {
        return fail(std::move(prepared.error()));
      }
      if (!prepared->info->dylink) {
        return fail(errc::not_a_library,
                    file.path + ": not a dynamic library: it has no dylink.0 section; link it with wasm-ld -shared");
      }
      auto code = std::make_shared<compiled_code>(*prepared->code);
      code->file = file.file;
      module.info = prepared->info;
      module.artifact = std::move(code);
    }
    loader_.log.write(loader_.log.enabled().libs, "found {}", file.path);
    if (module.info && !module.info->soname.empty()) {
      places_by_name_.emplace(module.info->soname, place->second);
    }
    request_.modules.push_back(std::move(module));
    return place->second;
  }

  result<void> add_needed(std::size_t place)
  {
    const module_info_ptr info = request_.modules[place].info;
    if (!info) {
      return {};
    }
    const std::string requester = request_.modules[place].name;
    for (const std::string& name : info->dylink->needed) {
      if (process_.has_ended()) {
        return fail(errc::stopping, "the process is ending"); // a hostile list can keep a thread here for long
      }
      loader_.log.write(loader_.log.enabled().libs, "find library={}; needed by {}", name, requester);
      auto added = add_by_name(name, info->dylink->runtime_path, requester);
      if (!added) {
        return fail(added.error().with_context("needed by " + requester));
      }
      request_.modules[place].needed.push_back(*added);
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
      const auto [place, is_new] = places_.try_emplace(known->identity, request_.modules.size());
      if (is_new) {
        request_.modules.push_back({known->identity, known->plan().name, nullptr, nullptr, {}, {}});
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
      request_.modules[*added].asked.push_back(name);
    }
    return added;
  }

  const loader_services& loader_;
  const group_services& process_;
  const snapshot& loaded_;
  const std::vector<std::string>& library_path_;
  load_request request_;
  std::map<file_identity, std::size_t> places_;
  std::map<std::string, std::size_t> places_by_name_; ///< bare names, among what is new
};

} // namespace

result<load_request> read_closure(const loader_services& loader, const group_services& process, const snapshot& loaded,
                                  const found_module& root, const std::vector<std::string>& library_path)
{
  return reader(loader, process, loaded, library_path).read(root);
}

} // namespace interlink

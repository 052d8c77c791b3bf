// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/library_loader.hh"

#include "actors/schedule_point.hh"
#include "groups/instance_group.hh"
#include "linker/planner.hh"
#include "messages/guest_end.hh"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "loader/audit.hh"
#include "loader/binding_log.hh"
#include "loader/closure_reader.hh"
#include "loader/library_file_loader.hh"
#include "loader/memory_supply.hh"

namespace interlink {

namespace {

using engine::value_slot;

/// A part of a load, for statistics and traces. Context: the requester's thread.
class load_step {
public:
  load_step(instance_group& group, load_phase phase, const event& begun)
      : timer_(group.services().counts.get(), phase), slice_(group.events(), begun)
  {
  }

private:
  phase_timer timer_;
  event_slice slice_;
};

/// Spellings that a group remembers for re-opens. Chosen: far more than programs have libraries.
constexpr std::size_t opened_names_kept = 4'096;

constexpr std::size_t page_bytes = 65'536;

/// Between prepare and commit: whatever ends this scope early abandons the load.
class claimed_load {
public:
  claimed_load(instance_group& group, planned_load plan) : group_(group), plan_(std::move(plan))
  {
    group_.set_load_in_flight(&plan_);
  }

  claimed_load(const claimed_load&) = delete;
  claimed_load& operator=(const claimed_load&) = delete;

  ~claimed_load()
  {
    if (!is_over_) {
      group_.roll_back(plan_);
      group_.ask(abandon_load_request{plan_.id});
    }
  }

  const planned_load& plan() const { return plan_; }

  void commit(std::vector<module_artifact_ptr> thunk_artifacts)
  {
    const phase_timer timer(group_.services().counts.get(), load_phase::commit);
    is_over_ = true;
    group_.set_load_in_flight(nullptr);
    group_.ask(commit_load_request{plan_.id, std::move(thunk_artifacts)});
  }

private:
  instance_group& group_;
  planned_load plan_;
  bool is_over_ = false;
};

/// Step 3. Nothing in here can wait.
result<std::vector<module_artifact_ptr>> rehearse(const loader_services& loader, instance_group& group,
                                                  const planned_load& planned)
{
  const load_step step(group, load_phase::rehearse,
                       {.subject = static_cast<std::uint32_t>(planned.id.value), .kind = event_kind::rehearse});
  if (auto caught_up = group.catch_up_without_initialisers(); !caught_up) {
    return fail(std::move(caught_up.error()));
  }
  std::vector<module_artifact_ptr> thunks;
  for (const module_plan& module : planned.plan->modules) {
    auto prepared = loader.modules->prepare_thunks(module.thunks);
    if (!prepared) {
      return fail(prepared.error().with_context(module.name));
    }
    thunks.push_back(std::move(*prepared));
  }
  if (auto grown = grow_memory(loader.program, group, planned.plan->memory_pages); !grown) {
    return fail(std::move(grown.error()));
  }
  if (group.events().has_details()) {
    group.events().write({.subject = static_cast<std::uint32_t>(group.store().memory().size() / page_bytes),
                          .kind = event_kind::memory});
  }
  group.zero_reused_memory_of(*planned.plan);
  if (auto done = group.rehearse(planned.plan, thunks, planned.requester_blocks); !done) {
    // A trap before the commit is the load's failure, not the thread's.
    return fail(is_trap(done.error().code()) ? error(errc::initialiser_failed, done.error().detail()) : done.error());
  }
  return thunks;
}

/// Step 5: the constructors of the root's closure, dependencies first, those of other threads' loads waited for.
result<void> construct(const loader_services& loader, instance_group& group, load_id own, module_id root,
                       const wait_limit& limit)
{
  const load_step step(group, load_phase::construct, {.subject = root.value, .kind = event_kind::construct});
  std::optional<module_id> finished;
  while (true) {
    const coordinator_reply reply = group.ask(next_constructor_request{own, root, finished}, limit);
    finished.reset();
    if (const auto* run = std::get_if<run_constructor>(&reply)) {
      const module_id module = run->module;
      loader.log.write(log_category::libs, group.id(), "calling init: {}", group.services().name_of(module));
      if (auto called = group.construct(module); !called) {
        // An exception may be caught further up in the guest: nobody must wait for this constructor any more. What ends
        // the thread hands it over when the group leaves; what ends the process must let no waiter go on before.
        if (called.error() == errc::guest_threw) {
          group.ask(next_constructor_request{own, root, module, true});
        }
        return called;
      }
      finished = module;
    } else if (std::holds_alternative<constructors_done>(reply)) {
      return {};
    } else if (const auto* failure = std::get_if<error>(&reply)) {
      if (failure->code() != errc::stopping) {
        // Given up. The load is committed and stays; what is left of its constructors runs with the next open.
        group.ask(next_constructor_request{own, root, std::nullopt, true});
      }
      return fail(*failure);
    }
    // Otherwise something moved on: ask again.
  }
}

coordinator_reply prepare(instance_group& group, load_request&& request)
{
  const phase_timer timer(group.services().counts.get(), load_phase::prepare);
  return group.ask(prepare_load_request{std::move(request)});
}

/// `how` is a request without modules. What cannot be linked is not compiled. Another load may meanwhile publish the
/// symbol that is missing: then this one has come before it.
/// `name` and `requester` are for the policy.
result<load_request> read(const loader_services& loader, instance_group& group, const found_module& root,
                          const std::vector<std::string>& library_path, const snapshot& loaded, load_request how,
                          std::string_view name, std::string_view requester)
{
  const group_services& process = group.services();
  const load_step step(group, load_phase::read, {.kind = event_kind::read});
  auto closure = read_closure(loader, process, loaded, root, library_path, group.id());
  if (!closure) {
    return fail(std::move(closure.error()));
  }
  how.modules = std::move(closure->request.modules);
  closure->request = std::move(how);
  if (auto allowed = audit_closure(loader, group, *closure, name, requester); !allowed) {
    return fail(std::move(allowed.error()));
  }
  if (!closure->is_compiled()) {
    if (auto failure = find_link_error(group.applied(), process.environment.registry->catalog(), loader.program.layout,
                                       closure->request)) {
      return fail(std::move(*failure));
    }
  }
  return make_ready(loader, group.events(), std::move(*closure));
}

struct opened_module {
  load_id own;
  module_id root;
  bool is_constructed = false;
};

/// Nothing when the other load has ended.
std::optional<error> await_other(instance_group& group, load_id other, const wait_limit& limit)
{
  const coordinator_reply ended = group.ask(await_load_request{other}, limit);
  const auto* failure = std::get_if<error>(&ended);
  return failure == nullptr ? std::nullopt : std::optional(*failure);
}

/// Step 2 for a root that the requester found in its snapshot. The request is not kept, for it is not repeated: nothing
/// when the library has been closed meanwhile.
result<std::optional<opened_module>> reopen(instance_group& group, load_request&& request, const wait_limit& limit)
{
  coordinator_reply reply = prepare(group, std::move(request));
  auto* outcome = std::get_if<prepare_outcome>(&reply);
  if (outcome == nullptr) {
    return fail(std::get<error>(std::move(reply)));
  }
  if (const auto* loaded = std::get_if<already_loaded>(outcome)) {
    return opened_module{no_load, loaded->root, loaded->is_constructed};
  }
  if (auto* failure = std::get_if<error>(outcome)) {
    return fail(std::move(*failure));
  }
  if (const load_id other = std::get<wait_for_load>(*outcome).id; other != no_load) {
    if (auto failure = await_other(group, other, limit)) {
      return fail(std::move(*failure));
    }
  }
  return std::nullopt;
}

/// Steps 2 to 4. Nothing when a module that the request takes for loaded is not (any more): read anew.
result<std::optional<opened_module>> load(const loader_services& loader, instance_group& group, load_request&& request,
                                          const wait_limit& limit)
{
  if (!request.modules.front().info) {
    return reopen(group, std::move(request), limit);
  }
  while (true) {
    coordinator_reply reply = prepare(group, load_request(request));
    if (auto* failure = std::get_if<error>(&reply)) {
      return fail(std::move(*failure));
    }
    auto& outcome = std::get<prepare_outcome>(reply);
    if (auto* failure = std::get_if<error>(&outcome)) {
      return fail(std::move(*failure));
    }
    if (const auto* loaded = std::get_if<already_loaded>(&outcome)) {
      return opened_module{no_load, loaded->root, loaded->is_constructed};
    }
    if (const auto* other = std::get_if<wait_for_load>(&outcome)) {
      if (other->id == no_load) {
        return std::nullopt;
      }
      if (auto failure = await_other(group, other->id, limit)) {
        return fail(std::move(*failure));
      }
    } else if (const auto* needed = std::get_if<needs_memory>(&outcome)) {
      if (auto supplied = supply_memory(loader.program, group, *needed); !supplied) {
        // What unwinds the guest is handed on as it is.
        return fail(supplied.error() == errc::memory_exhausted
                        ? supplied.error().with_context(request.modules.front().name)
                        : supplied.error());
      }
    } else {
      auto& planned = std::get<planned_load>(outcome);
      const std::optional opened = opened_module{planned.id, planned.root};
      const binding_report bindings(loader.log, group, *planned.plan);
      claimed_load claimed(group, std::move(planned));
      auto thunks = rehearse(loader, group, claimed.plan());
      if (!thunks) {
        return fail(std::move(thunks.error()));
      }
      claimed.commit(std::move(*thunks));
      return opened;
    }
  }
}

/// Constructors of needed libraries run before main's own, among which its C library's are: what they rely on comes
/// first, where the C library says how.
result<void> prepare_c_library(instance_group& group)
{
  const auto prepare = group.store().find_function(main_module, "__interlink_prepare");
  const bool is_right = prepare && group.store().store().type_of(*prepare) == function_type{};
  return is_right ? group.call(*prepare, {}) : result<void>{};
}

result<std::optional<module_id>> load_and_construct(const loader_services& loader, instance_group& group,
                                                    load_request&& request, const wait_limit& limit)
{
  const bool is_program = request.kind == load_kind::program;
  auto opened = load(loader, group, std::move(request), limit);
  // Committed or abandoned, no claim is held: open initialisers that a rehearsal queued run now, whatever came of the
  // load.
  if (group.is_behind()) {
    if (auto drained = group.catch_up(); !drained) {
      return fail(std::move(drained.error()));
    }
  }
  if (!opened) {
    return fail(std::move(opened.error()));
  }
  if (!*opened) {
    return std::nullopt;
  }
  if (is_program) {
    if (auto prepared = prepare_c_library(group); !prepared) {
      return fail(std::move(prepared.error()));
    }
  }
  if (!(*opened)->is_constructed) {
    if (auto constructed = construct(loader, group, (*opened)->own, (*opened)->root, limit); !constructed) {
      return fail(std::move(constructed.error()));
    }
  }
  return (*opened)->root;
}

std::string name_key(const library_files& files, std::string_view name, const std::vector<std::string>& library_path,
                     module_id caller)
{
  std::string key = std::to_string(caller.value) + files.current_directory();
  for (const std::string& path : library_path) {
    key.append(1, '\0').append(path);
  }
  return key.append(1, '\0').append(name);
}

bool is_bare(std::string_view name)
{
  return name.find('/') == std::string_view::npos;
}

/// Without a turn, where that changes nothing but a count.
bool reopen_at_once(const instance_group& group, const loaded_module& open, const load_request& how)
{
  const bool is_open = changes_only_the_count(group.applied(), open, how) &&
                       open.opens->reopen([] { schedule_point(schedule_place::count_read); });
  if (is_open) {
    schedule_point(schedule_place::count_changed);
  }
  return is_open;
}

/// What a bare name means already, or this group has opened by that name, if it is in `loaded`.
const loaded_module* find_opened(const instance_group& group, const std::string& key, std::string_view name,
                                 const snapshot& loaded)
{
  if (const auto named = loaded.names->find(name); named != loaded.names->end() && is_bare(name)) {
    return loaded.find(named->second);
  }
  const auto known = group.opened_names.find(key);
  return known == group.opened_names.end() ? nullptr : loaded.find(known->second);
}

/// Weak symbols of the new library would bind to the old one.
result<void> check_reload(const snapshot& now, const loaded_module* named, const file_identity& found)
{
  const auto& global = *now.global_scope;
  if (named == nullptr || named->identity == found || std::ranges::find(global, named->plan().id) == global.end()) {
    return {};
  }
  error_detail detail;
  detail.message = "a library of global scope cannot be reloaded while it is open";
  detail.module_name = named->plan().name;
  detail.remedy = "open it with RTLD_LOCAL, or close it first";
  return fail(error(errc::invalid_argument, std::move(detail)));
}

/// What the flags of dlopen ask for, without modules.
load_request request_of(std::uint32_t flags)
{
  load_request request;
  request.kind = load_kind::library;
  request.bind_now = (flags & open_flag::now) != 0;
  request.is_global = (flags & open_flag::global) != 0;
  request.is_final = (flags & open_flag::no_delete) != 0;
  request.prefers_own_scope = (flags & open_flag::deep_bind) != 0;
  return request;
}

/// Step 1. What `loaded` has is not read; a library that is known to be open touches no file.
result<load_request> request_library(const loader_services& loader, instance_group& group, std::string_view name,
                                     const loaded_module* open, std::uint32_t flags,
                                     const std::vector<std::string>& library_path, const snapshot& loaded,
                                     module_id caller)
{
  load_request request = request_of(flags);
  if (open != nullptr) {
    request.modules.push_back({open->identity, {}, nullptr, nullptr, {}, {}});
  } else {
    const loaded_module* asking = group.applied().find(caller);
    const std::vector<std::string> runtime_path = asking != nullptr && asking->plan().info->dylink
                                                      ? asking->plan().info->dylink->runtime_path
                                                      : std::vector<std::string>{};
    const std::string& path = asking != nullptr ? asking->plan().name : loader.program.file.path;
    auto root = loader.files.find(name, library_path, runtime_path, path);
    if (!root) {
      return fail(std::move(root.error()));
    }
    if ((flags & open_flag::no_load) != 0 && loaded.find_by_identity(root->identity) == nullptr) {
      return fail(errc::library_not_found, "library " + std::string(name) + " is not loaded (RTLD_NOLOAD)");
    }
    auto closure = read(loader, group, *root, library_path, loaded, std::move(request), name, path);
    if (closure && is_bare(name)) {
      closure->modules.front().asked.emplace_back(name);
    }
    return closure;
  }
  return request;
}

/// What every open begins with.
result<void> check_open(const loader_services& loader, std::uint32_t flags)
{
  if (auto checked = check_open_flags(flags); !checked) {
    return checked;
  }
  if (!loader.program.is_dynamic) {
    return fail(errc::not_dynamic,
                "the program is not dynamically linked (its main module has no dylink.0 section); link it with -pie to "
                "open libraries");
  }
  return {};
}

wait_limit limit_of(const loader_services& loader, instance_group& group, wait_limit limit)
{
  if (const auto longest = loader.longest_open_wait; longest && !limit.deadline) {
    limit.deadline = parker::clock::now() + *longest;
  }
  if (const auto until = group.deadline.load(std::memory_order_relaxed); until != parker::clock::time_point::max()) {
    limit.deadline = std::min(limit.deadline.value_or(until), until);
  }
  if (limit.is_cancelled == nullptr) {
    limit.is_cancelled = &group.is_interrupted();
  }
  return limit;
}

} // namespace

result<void> load_program(const loader_services& loader, instance_group& group,
                          const std::vector<std::string>& library_path)
{
  load_request program;
  program.kind = load_kind::program;
  program.is_global = true;
  event_slice slice(group.events(), {.name = group.events().name(loader.program.file.path), .kind = event_kind::open});
  slice.note(event_note::failed);
  auto request = read(loader, group, loader.program.file, library_path, group.applied(), std::move(program), {}, {});
  if (!request) {
    return fail(std::move(request.error()));
  }
  auto loaded = load_and_construct(loader, group, std::move(*request), {});
  if (!loaded) {
    return fail(std::move(loaded.error()));
  }
  slice.note(event_note::none);
  slice.set_subject(main_handle.value);
  return {};
}

result<void> check_open_flags(std::uint32_t flags)
{
  const std::uint32_t unknown = flags & ~open_flag::all;
  if (unknown == 0) {
    return {};
  }
  error_detail detail;
  detail.message = fmt::format("unknown bits {:#x} in the mode {:#x} of dlopen", unknown, flags);
  detail.expected =
      "RTLD_LAZY 1, RTLD_NOW 2, RTLD_GLOBAL 4, RTLD_NOLOAD 8, RTLD_NODELETE 16, RTLD_DEEPBIND 32, RTLD_RELOAD 64";
  detail.remedy = "compile with the dlfcn.h of the guest support library: other C libraries number the flags otherwise";
  return fail(error(errc::invalid_argument, std::move(detail)));
}

namespace {

/// For an open that an interruption may end: it has ended this wait, and no other.
result<std::optional<module_id>> load_as_asked(const loader_services& loader, instance_group& group,
                                               load_request&& request, const wait_limit& limit)
{
  auto loaded = load_and_construct(loader, group, std::move(request), limit);
  if (!loaded && loaded.error() == errc::cancelled) {
    group.interruption()();
  }
  return loaded;
}

void begin_slice(std::optional<event_slice>& slice, instance_group& group, std::string_view name)
{
  slice.emplace(group.events(), event{.name = group.events().name(name), .kind = event_kind::open});
  slice->note(event_note::failed); // until it has succeeded, also when an exception ends it
}

result<library_handle> open(const loader_services& loader, instance_group& group, std::string_view name,
                            std::uint32_t flags, const std::vector<std::string>& library_path, wait_limit limit,
                            module_id caller, std::optional<event_slice>& slice)
{
  if (auto checked = check_open(loader, flags); !checked) {
    return fail(std::move(checked.error()));
  }
  limit = limit_of(loader, group, limit);
  const std::string key = name_key(loader.files, name, library_path, caller);
  // What was taken for loaded and is gone, or is being closed while this thread is waited for, is read like any new
  // file.
  static const snapshot_ptr nothing = make_empty_snapshot();
  for (bool reads_all = false;; reads_all = true) {
    if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
      return fail(std::move(caught_up.error()));
    }
    const snapshot& seen = reads_all ? *nothing : group.applied();
    const loaded_module* const open = find_opened(group, key, name, seen);
    const module_id known = open == nullptr ? no_module : open->plan().id;
    const bool reloads = (flags & open_flag::reload) != 0;
    if (open != nullptr && !reloads) {
      const loaded_module* asking = group.applied().find(caller);
      if (auto allowed = audit_reopen(loader, group, name, *open,
                                      asking == nullptr ? loader.program.file.path : asking->plan().name);
          !allowed) {
        return fail(std::move(allowed.error()));
      }
    }
    if (open != nullptr && !reloads && reopen_at_once(group, *open, request_of(flags))) {
      return library_handle{known.value};
    }
    if (!slice) {
      begin_slice(slice, group, name);
    }
    auto request = request_library(loader, group, name, reloads ? nullptr : open, flags, library_path, seen, caller);
    if (!request) {
      return fail(std::move(request.error()));
    }
    if (auto allowed = check_reload(group.applied(), reloads ? open : nullptr, request->modules.front().identity);
        !allowed) {
      return fail(std::move(allowed.error()));
    }
    auto loaded = load_as_asked(loader, group, std::move(*request), limit);
    if (!loaded) {
      return fail(std::move(loaded.error()));
    }
    if (*loaded) {
      if (**loaded != known) {
        if (group.opened_names.size() >= opened_names_kept) {
          group.opened_names.clear(); // one library has endless spellings; the next open of each finds its file again
        }
        group.opened_names.insert_or_assign(key, **loaded);
      }
      return library_handle{(*loaded)->value};
    }
  }
}

} // namespace

result<library_handle> open_library(const loader_services& loader, instance_group& group, std::string_view name,
                                    std::uint32_t flags, const std::vector<std::string>& library_path, wait_limit limit,
                                    module_id caller)
{
  const scoped_count inside(group.linker_depth);
  std::optional<event_slice> slice; // one more handle of an open library costs less than an event
  if (group.events().has_details()) {
    begin_slice(slice, group, name);
  }
  auto opened = open(loader, group, name, flags, library_path, limit, caller, slice);
  if (opened && slice) {
    slice->note(event_note::none);
    slice->set_subject(opened->value);
  }
  return opened;
}

result<library_handle> open_library_file(const loader_services& loader, instance_group& group, const found_module& file,
                                         std::uint32_t flags, const std::vector<std::string>& library_path)
{
  const scoped_count inside(group.linker_depth);
  if (auto checked = check_open(loader, flags); !checked) {
    return fail(std::move(checked.error()));
  }
  const wait_limit limit = limit_of(loader, group, {});
  while (true) {
    if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
      return fail(std::move(caught_up.error()));
    }
    auto request = read(loader, group, file, library_path, group.applied(), request_of(flags), file.path,
                        loader.program.file.path);
    if (!request) {
      return fail(std::move(request.error()));
    }
    auto loaded = load_as_asked(loader, group, std::move(*request), limit);
    if (!loaded) {
      return fail(std::move(loaded.error()));
    }
    if (*loaded) {
      return library_handle{(*loaded)->value};
    }
  }
}

} // namespace interlink

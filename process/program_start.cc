// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/program_start.hh"

#include "groups/instance_group.hh"
#include "wasi/abi.hh"
#include "wasi/wasix_calls.hh"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "process/main_program.hh"
#include "process/process_core.hh"
#include "process/thread_spawner.hh"

namespace interlink {

namespace {

using wasi::errno_code;

/// Files of the new process are opened by the calls that its guest would make: in a small memory that holds the path
/// and the answer.
errno_code open_for(wasi::system& system, wasi::canceller& cancel, const spawn_operation& operation)
{
  const auto where = system.resolve_guest_path(operation.path);
  if (!where) {
    return where.error().code();
  }
  std::vector<std::byte> bytes(wasi::bound::path_bytes + 4);
  wasi::call_context context{wasi::guest_memory(bytes), cancel};
  static_cast<void>(context.memory.store_bytes(4, std::as_bytes(std::span(where->relative))));
  const auto directory = system.descriptors().insert(
      {where->directory, wasi::rights::directory, wasi::rights::below_directory, std::nullopt});
  if (!directory) {
    return directory.error().code();
  }
  const auto opened =
      wasi::path_open2(system, context, *directory, operation.lookup, 4,
                       static_cast<std::uint32_t>(where->relative.size()), operation.open_flags, operation.base_rights,
                       operation.inheriting_rights, operation.flags, operation.extended_flags, 0);
  static_cast<void>(system.descriptors().close(*directory));
  if (opened.kind != wasi::outcome_kind::returned) {
    return errno_code::canceled;
  }
  if (!opened.is_success()) {
    return opened.code();
  }
  const auto made = context.memory.load<std::uint32_t>(0);
  if (*made == operation.fd) {
    return errno_code::success;
  }
  const auto moved = system.descriptors().duplicate(*made, operation.fd);
  static_cast<void>(system.descriptors().close(*made));
  if (moved.is_success() && operation.extended_flags != 0) {
    static_cast<void>(system.descriptors().set_closes_on_exec(operation.fd, true));
  }
  return moved.code();
}

/// Where the host says that the file lies; empty when it does not, as without /proc.
std::filesystem::path place_of(const wasi::open_file& file)
{
  std::error_code problem;
  const std::string name = "/proc/self/fd/" + std::to_string(file.fd.value());
  return file.fd.is_open() ? std::filesystem::read_symlink(name, problem) : std::filesystem::path();
}

/// A current directory has a name: that of the preopened directory which it lies in, and the way from there.
errno_code enter_directory(wasi::system& system, std::uint32_t fd)
{
  const auto wanted = system.descriptors().find(fd);
  if (!wanted) {
    return wanted.error().code();
  }
  if ((*wanted)->file->type != wasi::file_type::directory) {
    return errno_code::notdir;
  }
  if ((*wanted)->preopened_as) {
    return system.change_directory(*(*wanted)->preopened_as).code();
  }
  const std::filesystem::path place = place_of(*(*wanted)->file);
  std::optional<std::string> name;
  std::size_t shortest = SIZE_MAX;
  for (const auto& each : system.descriptors().entries()) {
    const auto base = each && each->preopened_as ? place_of(*each->file) : std::filesystem::path();
    const auto way = base.empty() ? std::filesystem::path() : place.lexically_relative(base);
    if (!way.empty() && *way.begin() != ".." && way.native().size() < shortest) {
      shortest = way.native().size();
      name = *each->preopened_as + "/" + way.string();
    }
  }
  return name ? system.change_directory(*name).code() : errno_code::notsup;
}

errno_code carry_out(wasi::system& system, wasi::canceller& cancel, const spawn_operation& operation)
{
  switch (operation.kind) {
  case spawn_operation_kind::close:
    static_cast<void>(system.descriptors().close(operation.fd)); // of one that is not open, as posix_spawn
    return errno_code::success;
  case spawn_operation_kind::duplicate:
    if (operation.source == operation.fd) {
      return system.descriptors().set_closes_on_exec(operation.fd, false).code(); // as posix_spawn has it
    }
    return system.descriptors().duplicate(operation.source, operation.fd).code();
  case spawn_operation_kind::open:
    return open_for(system, cancel, operation);
  case spawn_operation_kind::change_directory:
    return system.change_directory(operation.path).code();
  case spawn_operation_kind::enter:
    return enter_directory(system, operation.fd);
  }
  return errno_code::inval;
}

void close_marked(wasi::descriptor_table& descriptors)
{
  const auto entries = descriptors.entries();
  for (std::size_t fd = 0; fd < entries.size(); ++fd) {
    if (entries[fd] && entries[fd]->closes_on_exec) {
      static_cast<void>(descriptors.close(static_cast<std::uint32_t>(fd)));
    }
  }
}

/// The file of a program, looked up as a shell does: a name without a slash in each directory of the path.
std::expected<found_module, errno_code> find_program(const wasi::system& system, const program_start& start)
{
  std::vector<std::string> candidates;
  if (start.search_path && !start.name.contains('/')) {
    std::string_view rest = *start.search_path;
    while (!rest.empty()) {
      const auto colon = rest.find(':');
      const std::string directory(rest.substr(0, colon));
      candidates.push_back((directory.empty() ? "." : directory) + "/" + start.name);
      rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
    }
  } else {
    candidates.push_back(start.name);
  }
  auto failure = errno_code::noent;
  for (const std::string& candidate : candidates) {
    auto opened = system.open_guest_file(candidate);
    if (!opened) {
      failure = opened.error().code() == errno_code::noent ? failure : opened.error().code();
      continue;
    }
    const auto where = system.resolve_guest_path(candidate);
    const auto pinned = std::make_shared<const wasi::unique_fd>(std::move(*opened));
    // By the descriptor: whatever has the name by now, this file was found.
    auto found = library_files::open_host_file("/dev/fd/" + std::to_string(pinned->value()));
    if (!found) {
      return std::unexpected(errno_code::noexec);
    }
    found->path = where ? where->normal : candidate;
    return std::move(*found);
  }
  return std::unexpected(failure);
}

/// The process, ready to run, in no family yet.
std::expected<std::shared_ptr<process_core>, errno_code> prepare(instance_group& caller, const program_start& start)
{
  process_core& parent = process_of(caller);
  auto environment = start.environment
                         ? *start.environment
                         : std::vector<std::string>(parent.wasi_system->env().begin(), parent.wasi_system->env().end());
  std::erase_if(environment, [](const std::string& entry) { return !entry.contains('='); });
  auto arguments = start.arguments.empty() ? std::vector<std::string>{start.name} : start.arguments;
  const auto system = parent.wasi_system->make_successor(std::move(arguments), std::move(environment));
  for (const spawn_operation& operation : start.operations) {
    if (const auto done = carry_out(*system, caller.canceller(), operation); done != errno_code::success) {
      return std::unexpected(done);
    }
  }
  close_marked(system->descriptors());
  auto program = find_program(*system, start);
  if (!program) {
    return std::unexpected(program.error());
  }
  auto made = process_core::make_successor(parent, system, std::move(*program));
  if (!made) {
    parent.loader.log.report(caller.id(), made.error().message());
    const bool lacks_room =
        made.error().code() == errc::memory_exhausted || made.error().code() == errc::engine_refused;
    return std::unexpected(lacks_room ? errno_code::nomem : errno_code::noexec);
  }
  (*made)->ignored_signals = start.ignored_signals;
  return std::move(*made);
}

/// Runs it to its end on a thread of its own. What keeps it from starting is its end, told as the shell tells it.
void run(const std::shared_ptr<process_core>& process)
{
  process->loader.log.set_process(process->number);
  if (auto logged = process->log_events(); !logged) {
    process->loader.log.report(no_group, logged.error().message());
  }
  static_cast<void>(process->begin());
  const auto report = [weak = std::weak_ptr(process)](const error& failure) {
    const auto core = weak.lock();
    if (core) {
      core->loader.log.report(no_group, core->program().file.path + ": " + failure.message());
    }
  };
  process->on_end([report](const process_outcome& outcome) {
    if (outcome.failure) {
      report(*outcome.failure);
    }
  });
  auto started =
      start_first_group(process, [](instance_group& group) { return run_program(group, [](const result<void>&) {}); });
  if (!started) {
    process->end(process_outcome{exit_code_of_load_failure, started.error()});
  }
}

} // namespace

std::expected<process_id, errno_code> start_program(instance_group& caller, const program_start& start)
{
  auto made = prepare(caller, start);
  if (!made) {
    return std::unexpected(made.error());
  }
  process_core& parent = process_of(caller);
  const auto number = parent.family->add(parent.number, *made, process_family::keeping::yes);
  if (!number) {
    return std::unexpected(errno_code::again);
  }
  (*made)->number = *number;
  run(*made);
  return *number;
}

errno_code replace_program(instance_group& caller, const program_start& start)
{
  auto made = prepare(caller, start);
  if (!made) {
    return made.error();
  }
  process_core& replaced = process_of(caller);
  (*made)->number = replaced.number;
  replaced.family->replace(replaced.number, *made);
  replaced.end_as(*made);
  run(*made);
  return errno_code::success;
}

} // namespace interlink

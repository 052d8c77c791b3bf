// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/system.hh"

#include "messages/utf8.hh"
#include "wasi/guest_path.hh"
#include "wasi/mount_directory.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace interlink::wasi {

namespace {

std::unexpected<error> bad_option(std::string message, std::string wanted, std::string found, std::string remedy)
{
  error_detail detail;
  detail.message = std::move(message);
  detail.expected = std::move(wanted);
  detail.found = std::move(found);
  detail.remedy = std::move(remedy);
  return fail(error(errc::invalid_argument, std::move(detail)));
}

result<void> check_strings(const options& wanted)
{
  for (const auto& argument : wanted.args) {
    if (argument.find('\0') != std::string::npos) {
      return bad_option("an argument of the guest contains a NUL character", "text without NUL", argument.c_str(),
                        "remove the NUL character");
    }
  }
  for (const auto& variable : wanted.env) {
    auto equals = variable.find('=');
    if (equals == std::string::npos || equals == 0 || variable.find('\0') != std::string::npos) {
      return bad_option("an environment variable of the guest is malformed", "KEY=VALUE", variable.c_str(),
                        "give the name, an equals sign and the value");
    }
  }
  for (const auto& directory : wanted.preopens) {
    if (directory.guest_name.empty() || directory.guest_name.find('\0') != std::string::npos ||
        !is_utf8(directory.guest_name)) {
      return bad_option("the guest's name of the directory '" + directory.host_path + "' is malformed",
                        "UTF-8 text, not empty", directory.guest_name.c_str(),
                        "name it like a path, for example /data");
    }
  }
  return {};
}

// The limits of a process are a matter of the host, and another directory does not help against them. A duplicate above
// the limit is EINVAL. Source: fcntl(2).
std::string remedy_for(errno_code failure, std::string otherwise)
{
  if (failure == errno_code::mfile || failure == errno_code::inval) {
    return "raise the limit of open files of the process (ulimit -n)";
  }
  return failure == errno_code::nfile ? "raise the limit of open files of the host (fs.file-max)"
                                      : std::move(otherwise);
}

/// In place of a directory to start in.
std::string found_at_start(errno_code failure)
{
  switch (failure) {
  case errno_code::noent:
    return "none of that name";
  case errno_code::notdir:
    return "a file";
  case errno_code::notcapable:
    return "a path that leaves the mapped directories";
  default:
    return std::string(to_string(failure));
  }
}

bool is_closed(int host_fd)
{
  return ::fcntl(host_fd, F_GETFD) < 0 && errno == EBADF;
}

} // namespace

result<void> system::adopt(guest_fd expected_fd, int host_fd, std::string_view what)
{
  auto file = adopt_file(host_fd);
  if (!file) {
    const auto failure = file.error().code();
    return bad_option("cannot take over " + std::string(what), "an open host descriptor, and room for its duplicate",
                      "descriptor " + std::to_string(host_fd) + ": " + std::string(to_string(failure)),
                      remedy_for(failure, "pass an open descriptor"));
  }
  bool is_standard_stream = expected_fd != guest_fd(-1);
  auto possible = (*file)->possible_rights;
  if (is_standard_stream && (*file)->type == file_type::directory) {
    // A shell that redirects a stream to a directory does not mean to hand that tree to the guest.
    possible = rights::fd_filestat_get;
  }
  auto added = descriptors_.insert(descriptor{*file, possible, possible, std::nullopt});
  if (!added || (is_standard_stream && *added != expected_fd)) {
    return bad_option("cannot take over " + std::string(what), "a free guest descriptor", "none", "pass fewer");
  }
  return {};
}

result<void> system::add_hooked(const stream_hooks& hooks, std::string_view what)
{
  auto file = make_hooked_file(hooks);
  if (!file) {
    return bad_option("cannot make " + std::string(what), "a host with /dev/null",
                      std::string(to_string(file.error().code())), remedy_for(file.error().code(), "provide it"));
  }
  const std::uint64_t possible = (*file)->possible_rights;
  (void)descriptors_.insert(descriptor{std::move(*file), possible, possible, std::nullopt}); // among the first three
  return {};
}

result<void> system::open_standard_streams(const options& wanted)
{
  struct standard_stream {
    int host_fd;
    const std::optional<stream_hooks>& hooks;
    std::string_view name;
  };

  const std::array<standard_stream, 3> streams{{
      {wanted.stdin_fd, wanted.input, "standard input"},
      {wanted.stdout_fd, wanted.output, "standard output"},
      {wanted.stderr_fd, wanted.errors, "standard error"},
  }};
  for (guest_fd fd = 0; fd < streams.size(); ++fd) {
    const standard_stream& stream = streams[fd];
    if (!stream.hooks && (stream.host_fd < 0 || (stream.host_fd <= STDERR_FILENO && is_closed(stream.host_fd)))) {
      // A placeholder keeps the numbers of what follows; it is closed when all is open.
      (void)descriptors_.insert(descriptor{});
      continue;
    }
    auto added = stream.hooks ? add_hooked(*stream.hooks, stream.name) : adopt(fd, stream.host_fd, stream.name);
    if (!added) {
      return added;
    }
  }
  if (wanted.output_limit) {
    const auto budget = std::make_shared<output_budget>(*wanted.output_limit);
    for (const guest_fd fd : {guest_fd{STDOUT_FILENO}, guest_fd{STDERR_FILENO}}) {
      if (const auto entry = descriptors_.find(fd); entry && (*entry)->file) {
        (*entry)->file->budget = budget;
      }
    }
  }
  return {};
}

result<void> system::open_preopens(const options& wanted)
{
  for (const auto& directory : wanted.preopens) {
    unique_fd fd(::open(directory.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    auto host_errno = errno;
    auto file =
        fd.is_open() ? own_file(std::move(fd), 0) : expected<open_file_ptr>(refuse(from_host_errno(host_errno)));
    if (!file) {
      return bad_option("cannot open the directory '" + directory.host_path + "', which the guest is to know as '" +
                            directory.guest_name + "'",
                        "a directory that can be read", std::generic_category().message(host_errno),
                        remedy_for(file.error().code(), "create it, or give another directory"));
    }
    auto normal_name = normalise_guest_path(directory.guest_name, "/");
    (*file)->is_read_only = directory.is_read_only;
    (*file)->is_root = normal_name == "/";
    auto added =
        descriptors_.insert(descriptor{*file, rights::directory, rights::below_directory, directory.guest_name});
    if (!added) {
      return bad_option("too many directories for the guest", "fewer", std::to_string(wanted.preopens.size()),
                        "give fewer directories");
    }
    mounts_.push_back({*file, std::move(normal_name), directory.guest_name.starts_with('/')});
  }
  return {};
}

result<void> system::add_root_of_preopens()
{
  if (mounts_.empty() || std::ranges::any_of(mounts_, [](const auto& m) { return m.normal_name == "/"; })) {
    return {};
  }
  std::vector<mapped_directory> mapped;
  for (const auto& mount : mounts_) {
    mapped.push_back({mount.normal_name, mount.directory});
  }
  auto root = make_mount_root(mapped);
  if (auto added = descriptors_.insert(descriptor{root, rights::directory, rights::below_directory, "/"}); !added) {
    return bad_option("too many directories for the guest", "fewer", std::to_string(mounts_.size()),
                      "give fewer directories");
  }
  mounts_.push_back({std::move(root), "/", true});
  return {};
}

result<void> system::enter_initial_directory(const options& wanted)
{
  const bool has_directory = !wanted.preopens.empty();
  const bool has_root = !has_directory || !mounts_.back().directory->mounts;
  current_directory_ = has_root ? "/" : mounts_.front().normal_name;
  if (wanted.initial_directory.empty()) {
    return {};
  }
  current_directory_ = "/"; // a relative one starts at the root
  if (auto entered = change_directory(wanted.initial_directory); !entered.is_success()) {
    return bad_option("the guest cannot start in the directory '" + wanted.initial_directory + "'",
                      "a directory of the guest, by the guest's name of it", found_at_start(entered.code()),
                      "map a directory that has it, or name another");
  }
  return {};
}

expected<guest_location> system::resolve_guest_path(std::string_view path) const
{
  if (path.empty()) {
    return refuse(errno_code::noent);
  }
  // An absolute path is in order here: it starts at the guest's own root.
  auto from_root = path.substr(std::min(path.find_first_not_of('/'), path.size()));
  if (auto checked = from_root.empty() ? outcome(errno_code::success) : check_relative_path(from_root);
      !checked.is_success()) {
    return refuse(checked);
  }
  auto normal = normalise_guest_path(path, current_directory());
  bool is_absolute = path.starts_with('/');
  const mounted* best = nullptr;
  for (const auto& mount : mounts_) {
    if (below_prefix(normal, mount.normal_name).data() == nullptr) {
      continue;
    }
    bool is_longer = best == nullptr || mount.normal_name.size() > best->normal_name.size();
    bool is_better_spelt = best != nullptr && mount.normal_name == best->normal_name &&
                           mount.is_absolute == is_absolute && best->is_absolute != is_absolute;
    if (is_longer || is_better_spelt) {
      best = &mount;
    }
  }
  if (best == nullptr) {
    return refuse(errno_code::noent);
  }
  auto rest = below_prefix(normal, best->normal_name);
  if (best->directory->mounts) {
    auto place = walk_mounts(best->directory, rest);
    if (!place || !place->directory) {
      return refuse(place ? outcome(errno_code::noent) : place.error());
    }
    return guest_location{std::move(place->directory), std::move(place->path), std::move(normal)};
  }
  std::string below(rest.empty() ? std::string_view(".") : rest);
  if (!rest.empty() && path.ends_with('/')) {
    below += '/';
  }
  return guest_location{best->directory, std::move(below), std::move(normal)};
}

expected<unique_fd> system::open_guest_file(std::string_view path) const
{
  auto where = resolve_guest_path(path);
  if (!where) {
    return std::unexpected(where.error());
  }
  if (where->directory->mounts) {
    return refuse(errno_code::isdir);
  }
  auto opened = open_beneath(where->directory->base(), where->relative, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!opened) {
    return opened;
  }
  struct stat status{};
  if (::fstat(opened->value(), &status) != 0) {
    return refuse(from_host_errno(errno));
  }
  if (S_ISDIR(status.st_mode)) {
    return refuse(errno_code::isdir);
  }
  if (!S_ISREG(status.st_mode)) {
    return refuse(errno_code::inval);
  }
  return opened;
}

std::string system::current_directory() const
{
  std::lock_guard lock(current_directory_mutex_);
  return current_directory_;
}

outcome system::change_directory(std::string_view path)
{
  auto where = resolve_guest_path(path);
  if (!where) {
    return where.error();
  }
  if (!where->directory->mounts) {
    auto opened = open_beneath(where->directory->base(), where->relative, O_PATH | O_DIRECTORY);
    if (!opened) {
      return opened.error();
    }
  }
  std::lock_guard lock(current_directory_mutex_);
  current_directory_.swap(where->normal);
  return errno_code::success;
}

outcome system::exit(std::uint32_t code)
{
  if (!has_exited_.test_and_set() && on_exit_) {
    on_exit_(code);
  }
  return outcome::exited(code);
}

result<std::shared_ptr<system>> make_system(options wanted)
{
  if (auto checked = check_strings(wanted); !checked) {
    return std::unexpected(checked.error());
  }
  std::shared_ptr<system> made(new system);
  if (auto opened = made->open_standard_streams(wanted); !opened) {
    return std::unexpected(opened.error());
  }
  if (auto opened = made->open_preopens(wanted); !opened) {
    return std::unexpected(opened.error());
  }
  if (auto added = made->add_root_of_preopens(); !added) {
    return std::unexpected(added.error());
  }
  for (int host_fd : wanted.inherited) {
    if (auto adopted = made->adopt(guest_fd(-1), host_fd, "an inherited descriptor"); !adopted) {
      return std::unexpected(adopted.error());
    }
  }
  for (guest_fd fd = 0; fd <= STDERR_FILENO; ++fd) {
    auto entry = made->descriptors_.find(fd);
    if (entry && !(*entry)->file) {
      (void)made->descriptors_.close(fd);
    }
  }
  if (auto entered = made->enter_initial_directory(wanted); !entered) {
    return std::unexpected(entered.error());
  }
  if (wanted.descriptor_limit) {
    if (made->descriptors_.open_count() > *wanted.descriptor_limit) {
      return bad_option("the guest has more open files from the start than it may have",
                        "at most " + std::to_string(*wanted.descriptor_limit),
                        std::to_string(made->descriptors_.open_count()),
                        "raise the limit, or give it fewer streams and directories");
    }
    made->descriptors_.set_limit(*wanted.descriptor_limit);
  }
  made->args_ = std::move(wanted.args);
  made->env_ = std::move(wanted.env);
  made->on_exit_ = std::move(wanted.on_exit);
  made->network_ = std::move(wanted.network);
  made->report_ = std::move(wanted.report);
  return made;
}

bool system::allows_network(const network_request& request)
{
  // A guest chooses what it asks for; the lines are kept to be told once, so there is a bound.
  constexpr std::size_t lines_max = 64;
  std::vector<std::string> names;
  {
    std::lock_guard lock(network_notes_->mutex);
    if (const auto found = network_notes_->names.find(request.host); found != network_notes_->names.end()) {
      names.assign(found->second.begin(), found->second.end());
    }
  }
  if (allows(network_, request, names)) {
    return true;
  }
  auto line = describe_refusal(request);
  const bool is_new = [&] {
    std::lock_guard lock(network_notes_->mutex);
    return network_notes_->reported.size() < lines_max && network_notes_->reported.insert(line).second;
  }();
  if (is_new && report_) {
    report_(line);
  }
  return false;
}

void system::note_resolved(const std::string& name, const std::string& address)
{
  constexpr std::size_t addresses_max = 4096;
  std::lock_guard lock(network_notes_->mutex);
  if (network_notes_->names.size() < addresses_max) {
    network_notes_->names[address].insert(name);
  }
}

std::shared_ptr<system> system::make_successor(std::vector<std::string> args, std::vector<std::string> env) const
{
  std::shared_ptr<system> made(new system);
  made->args_ = std::move(args);
  made->env_ = std::move(env);
  made->mounts_ = mounts_;
  made->network_ = network_;
  made->report_ = report_;
  made->network_notes_ = network_notes_;
  made->current_directory_ = current_directory();
  made->descriptors_.assign(descriptors_.entries());
  made->descriptors_.set_limit(descriptors_.number_limit());
  return made;
}

} // namespace interlink::wasi

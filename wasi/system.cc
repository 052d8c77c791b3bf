// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/system.hh"

#include "messages/utf8.hh"
#include "wasi/guest_path.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
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

} // namespace

result<void> system::adopt(guest_fd expected_fd, int host_fd, std::string_view what)
{
  auto file = adopt_file(host_fd);
  if (!file) {
    return bad_option("cannot take over " + std::string(what), "an open host descriptor",
                      "descriptor " + std::to_string(host_fd) + ": " + std::string(to_string(file.error().code())),
                      "pass an open descriptor");
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

result<void> system::open_standard_streams(const options& wanted)
{
  const std::array<std::pair<int, std::string_view>, 3> streams{{
      {wanted.stdin_fd, "standard input"},
      {wanted.stdout_fd, "standard output"},
      {wanted.stderr_fd, "standard error"},
  }};
  for (guest_fd fd = 0; fd < streams.size(); ++fd) {
    if (streams[fd].first < 0) {
      // A placeholder keeps the numbers of what follows; it is closed when all is open.
      (void)descriptors_.insert(descriptor{});
      continue;
    }
    if (auto adopted = adopt(fd, streams[fd].first, streams[fd].second); !adopted) {
      return adopted;
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
                        "create it, or give another directory");
    }
    if (auto checked = open_beneath((*file)->fd.value(), ".", O_PATH); !checked) {
      return bad_option("cannot look up files beneath '" + directory.host_path + "'",
                        "a kernel with openat2, Linux 5.6", std::string(to_string(checked.error().code())),
                        "allow the system call openat2, or update Linux");
    }
    auto added =
        descriptors_.insert(descriptor{*file, rights::directory, rights::below_directory, directory.guest_name});
    if (!added) {
      return bad_option("too many directories for the guest", "fewer", std::to_string(wanted.preopens.size()),
                        "give fewer directories");
    }
    mounts_.push_back({*file, normalise_guest_path(directory.guest_name, "/"), directory.guest_name.starts_with('/')});
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
  auto opened = open_beneath(where->directory->fd.value(), where->relative, O_RDONLY | O_NONBLOCK | O_NOCTTY);
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
  auto opened = open_beneath(where->directory->fd.value(), where->relative, O_PATH | O_DIRECTORY);
  if (!opened) {
    return opened.error();
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
  for (int host_fd : wanted.inherited) {
    if (auto adopted = made->adopt(guest_fd(-1), host_fd, "an inherited descriptor"); !adopted) {
      return std::unexpected(adopted.error());
    }
  }
  const std::array<int, 3> streams{wanted.stdin_fd, wanted.stdout_fd, wanted.stderr_fd};
  for (guest_fd fd = 0; fd < streams.size(); ++fd) {
    if (streams[fd] < 0) {
      (void)made->descriptors_.close(fd);
    }
  }
  bool has_root = std::ranges::any_of(made->mounts_, [](const auto& m) { return m.normal_name == "/"; });
  made->current_directory_ = has_root || made->mounts_.empty() ? "/" : made->mounts_.front().normal_name;
  made->args_ = std::move(wanted.args);
  made->env_ = std::move(wanted.env);
  made->on_exit_ = std::move(wanted.on_exit);
  return made;
}

} // namespace interlink::wasi

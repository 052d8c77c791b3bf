// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/library_files.hh"

#include "groups/host_memory.hh"
#include "messages/limits.hh"
#include "wasi/beneath.hh"
#include "wasi/guest_path.hh"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "loader/program_file.hh"

namespace interlink {

namespace {

std::string system_text(int number)
{
  return std::generic_category().message(number);
}

result<found_module> identify(wasi::unique_fd fd, std::string path)
{
  struct stat status{};
  if (::fstat(fd.value(), &status) != 0) {
    return fail(errc::file_unreadable, path + ": " + system_text(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(errc::file_unreadable, path + ": not a regular file");
  }
  return found_module{
      std::move(path), {status.st_dev, status.st_ino}, std::make_shared<const wasi::unique_fd>(std::move(fd))};
}

/// Why a candidate could not be opened, in the words of a shell.
std::string_view describe(wasi::errno_code code)
{
  switch (code) {
  case wasi::errno_code::noent:
    return "no such file";
  case wasi::errno_code::isdir:
    return "is a directory";
  case wasi::errno_code::notdir:
    return "not a directory";
  case wasi::errno_code::acces:
    return "permission denied";
  case wasi::errno_code::notcapable:
    return "outside of the guest's directories";
  case wasi::errno_code::loop:
    return "too many links";
  case wasi::errno_code::nametoolong:
    return "the name is too long";
  case wasi::errno_code::ilseq:
    return "the name is not UTF-8";
  case wasi::errno_code::mfile:
    return "too many open files (ulimit -n)";
  default:
    return wasi::to_string(code);
  }
}

/// In the guest's normal form.
std::string normal_name(std::string_view guest_path)
{
  return wasi::normalise_guest_path(guest_path, "/");
}

/// The directory with the longest name that leads to the path: that is where the guest looks.
const wasi::preopen* mount_of(const std::vector<wasi::preopen>& directories, const std::string& normal_path)
{
  const wasi::preopen* longest = nullptr;
  std::size_t length = 0;
  for (const wasi::preopen& each : directories) {
    const std::string name = normal_name(each.guest_name);
    if (wasi::below_prefix(normal_path, name).data() != nullptr && (longest == nullptr || name.size() > length)) {
      longest = &each;
      length = name.size();
    }
  }
  return longest;
}

} // namespace

std::optional<std::string> guest_path_of(const std::vector<wasi::preopen>& directories, const std::string& host_path)
{
  namespace fs = std::filesystem;
  std::error_code problem;
  const fs::path given = fs::absolute(host_path, problem).lexically_normal();
  const fs::path folder = fs::canonical(given.parent_path(), problem);
  if (problem) {
    return std::nullopt;
  }
  for (const wasi::preopen& each : directories) {
    const fs::path root = fs::canonical(each.host_path, problem);
    const fs::path relative = problem ? fs::path() : (folder / given.filename()).lexically_relative(root);
    if (relative.empty() || *relative.begin() == "..") {
      continue;
    }
    const std::string path = normal_name(join_path(each.guest_name, relative.string()));
    if (mount_of(directories, path) == &each) {
      return path;
    }
  }
  return std::nullopt;
}

std::string file_name_of(std::string_view path)
{
  return std::string(path.substr(path.rfind('/') + 1)); // npos + 1 is 0
}

result<library_files> library_files::make(std::shared_ptr<const wasi::system> system,
                                          const std::vector<std::string>& library_directories)
{
  library_files made;
  made.system_ = std::move(system);
  for (const std::string& given : library_directories) {
    // Candidates are compared with it as whole paths, so it must not depend on a current directory.
    const std::string path = std::filesystem::absolute(given).lexically_normal().string();
    wasi::unique_fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open()) {
      return fail(errc::invalid_argument, "library directory " + given + ": " + system_text(errno));
    }
    made.directories_.push_back({join_path("", path), std::make_shared<const wasi::unique_fd>(std::move(fd))});
    made.directory_paths_.push_back(made.directories_.back().path);
  }
  return made;
}

result<wasi::unique_fd> library_files::open_candidate(const std::string& path) const
{
  for (const directory& root : directories_) {
    if (path.size() > root.path.size() + 1 && path.starts_with(root.path) && path[root.path.size()] == '/') {
      auto fd = wasi::open_beneath({root.fd->value()}, path.substr(root.path.size() + 1),
                                   O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
      if (fd) {
        return std::move(*fd);
      }
    }
  }
  auto fd = system_->open_guest_file(path);
  if (!fd) {
    return fail(errc::file_unreadable, std::string(describe(fd.error().code())));
  }
  return std::move(*fd);
}

result<found_module> library_files::find(std::string_view name, const std::vector<std::string>& library_path,
                                         const std::vector<std::string>& runtime_path,
                                         std::string_view requester_path) const
{
  if (name.empty() || name.size() > limit::library_name_bytes || name.find('\0') != std::string_view::npos) {
    return fail(errc::library_not_found, name.empty() ? std::string("library name is empty")
                                                      : "library name is longer than " +
                                                            std::to_string(limit::library_name_bytes) +
                                                            " bytes or contains a zero byte");
  }
  const std::string current_directory = system_->current_directory();
  search_context context;
  context.current_directory = current_directory;
  context.library_path = library_path;
  context.library_path.insert(context.library_path.end(), directory_paths_.begin(), directory_paths_.end());
  context.runtime_path = runtime_path;
  context.requester_path = requester_path;
  error_detail detail;
  for (std::string& candidate : candidate_paths(name, context)) {
    auto fd = open_candidate(candidate);
    if (fd) {
      auto found = identify(std::move(*fd), candidate);
      if (found) {
        return found;
      }
      detail.paths_tried.push_back(found.error().detail().message);
      continue;
    }
    detail.paths_tried.push_back(candidate + ": " + fd.error().detail().message);
  }
  detail.message = "library " + std::string(name) + " not found";
  detail.remedy = "give its directory with --lib-path, LD_LIBRARY_PATH or a runtime path, and its place with --dir";
  return fail(error(errc::library_not_found, std::move(detail)));
}

result<std::vector<std::byte>> library_files::read(const found_module& file)
{
  struct stat status{};
  if (::fstat(file.file->value(), &status) != 0) {
    return fail(errc::file_unreadable, file.path + ": " + system_text(errno));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > limit::module_bytes) {
    return fail(errc::limit_exceeded, file.path + ": " + std::to_string(size) + " bytes, the limit is " +
                                          std::to_string(limit::module_bytes));
  }
  auto allocated = unless_exhausted(file.path, [&] { return result<std::vector<std::byte>>(std::in_place, size); });
  if (!allocated) {
    return fail(errc::memory_exhausted, allocated.error().detail().message); // its open fails, and the guest goes on
  }
  std::vector<std::byte>& bytes = *allocated;
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file.file->value(), bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return fail(errc::file_unreadable, file.path + ": " + system_text(errno));
    }
    if (got == 0) {
      break; // it shrank while it was read: the reader of the bytes reports what is missing
    }
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return allocated;
}

result<found_module> library_files::open_host_file(const std::string& path)
{
  auto fd = open_program_file(path);
  if (!fd) {
    return std::unexpected(fd.error());
  }
  return identify(std::move(*fd), path);
}

} // namespace interlink

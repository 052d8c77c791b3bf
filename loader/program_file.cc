// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/program_file.hh"

#include "messages/limits.hh"

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace interlink {

namespace {

std::unexpected<error> unreadable(const std::string& path, int number)
{
  return fail(number == ENOENT ? errc::library_not_found : errc::file_unreadable,
              path + ": " + std::generic_category().message(number));
}

/// The number in a name of a descriptor of this process.
std::optional<int> descriptor_named_by(std::string_view path)
{
  if (path == "-" || path == "/dev/stdin") {
    return STDIN_FILENO;
  }
  constexpr std::string_view prefix = "/dev/fd/";
  int number = -1;
  if (!path.starts_with(prefix)) {
    return std::nullopt;
  }
  path.remove_prefix(prefix.size());
  const auto [end, problem] = std::from_chars(path.data(), path.data() + path.size(), number);
  return problem == std::errc{} && end == path.data() + path.size() && number >= 0 ? std::optional(number)
                                                                                   : std::nullopt;
}

/// Returns how much there was; 0 at the end.
result<std::size_t> copy_some(int from, int to, const std::string& path)
{
  std::array<char, std::size_t{64} << 10> bytes{};
  ssize_t got = -1;
  do {
    got = ::read(from, bytes.data(), bytes.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return unreadable(path, errno);
  }
  std::string_view left(bytes.data(), static_cast<std::size_t>(got));
  while (!left.empty()) {
    const ssize_t put = ::write(to, left.data(), left.size());
    if (put < 0 && errno != EINTR) {
      return unreadable(path, errno);
    }
    left.remove_prefix(put < 0 ? 0 : static_cast<std::size_t>(put));
  }
  return static_cast<std::size_t>(got);
}

result<wasi::unique_fd> spool(const wasi::unique_fd& from, const std::string& path)
{
  wasi::unique_fd memory(::memfd_create("interlink program", MFD_CLOEXEC));
  if (!memory.is_open()) {
    return unreadable(path, errno);
  }
  std::size_t size = 0;
  while (true) {
    const auto copied = copy_some(from.value(), memory.value(), path);
    if (!copied) {
      return std::unexpected(copied.error());
    }
    if (*copied == 0) {
      return memory;
    }
    size += *copied;
    if (size > limit::module_bytes) {
      return fail(errc::limit_exceeded,
                  path + ": more than " + std::to_string(limit::module_bytes) + " bytes, the limit for a module");
    }
  }
}

} // namespace

result<wasi::unique_fd> open_program_file(const std::string& path)
{
  if (path.empty()) {
    return fail(errc::library_not_found, "the name of the file is empty");
  }
  const auto number = descriptor_named_by(path);
  wasi::unique_fd fd(number ? ::fcntl(*number, F_DUPFD_CLOEXEC, 0)
                            : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status{};
  if (!fd.is_open() || ::fstat(fd.value(), &status) != 0) {
    return unreadable(path, errno);
  }
  if (S_ISREG(status.st_mode)) {
    return fd;
  }
  return S_ISDIR(status.st_mode) ? unreadable(path, EISDIR) : spool(fd, path);
}

} // namespace interlink

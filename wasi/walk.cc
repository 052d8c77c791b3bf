// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/walk.hh"

#include "wasi/abi.hh"
#include "wasi/guest_path.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace interlink::wasi {

namespace {

/// As many links as the kernel follows in one look-up. Source: path_resolution(7).
constexpr int links_max = 40;

/// The components of a path that are still to come, the next one last. A trailing slash is one more component, ".".
class components {
public:
  explicit components(const std::string& path) { put_in_front(path); }

  bool is_empty() const { return left_.empty(); }

  std::string take()
  {
    std::string next = std::move(left_.back());
    left_.pop_back();
    return next;
  }

  void put_in_front(std::string_view path)
  {
    if (path.ends_with('/')) {
      left_.emplace_back(".");
    }
    while (!path.empty()) {
      const auto slash = path.rfind('/');
      const auto component = slash == std::string_view::npos ? path : path.substr(slash + 1);
      path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
      if (!component.empty()) {
        left_.emplace_back(component);
      }
    }
  }

private:
  std::vector<std::string> left_;
};

class walker {
public:
  walker(int directory, const std::string& path, walk_rule rule) : start_(directory), left_(path), rule_(rule) {}

  expected<unique_fd> open(int flags, unsigned mode)
  {
    while (true) {
      auto name = left_.take();
      if (name == "..") {
        if (auto up = leave(); !up.is_success()) {
          return refuse(up);
        }
        name = ".";
      }
      if (left_.is_empty()) {
        auto opened = open_last(name, flags, mode);
        if (opened) {
          return std::move(*opened);
        }
      } else if (name != ".") {
        enter(name);
      }
      if (!problem_.is_success()) {
        return refuse(problem_);
      }
    }
  }

private:
  int current() const { return opened_.empty() ? start_ : opened_.back().value(); }

  outcome leave()
  {
    if (!opened_.empty()) {
      opened_.pop_back();
      return errno_code::success;
    }
    return rule_ == walk_rule::beneath ? errno_code::notcapable : errno_code::success;
  }

  void enter(const std::string& name)
  {
    unique_fd next(::openat(current(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status{};
    if (!next.is_open() || ::fstat(next.value(), &status) != 0) {
      problem_ = from_host_errno(errno);
    } else if (S_ISLNK(status.st_mode)) {
      follow(name);
    } else if (S_ISDIR(status.st_mode)) {
      opened_.push_back(std::move(next));
    } else {
      problem_ = errno_code::notdir;
    }
  }

  // Nothing when a link is to be followed, or there is a problem.
  std::optional<unique_fd> open_last(const std::string& name, int flags, unsigned mode)
  {
    const bool follows = (flags & O_NOFOLLOW) == 0;
    unique_fd last(::openat(current(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
    const int failure = errno;
    if (last.is_open() && !(follows && is_link(last))) {
      return last;
    }
    // A link that is not to be followed is ELOOP, or ENOTDIR where a directory is wanted. Source: open(2).
    if (last.is_open() || (follows && (failure == ELOOP || failure == ENOTDIR) && is_link_name(name))) {
      follow(name);
    } else {
      problem_ = from_host_errno(failure);
    }
    return std::nullopt;
  }

  static bool is_link(const unique_fd& file)
  {
    struct stat status{};
    return ::fstat(file.value(), &status) == 0 && S_ISLNK(status.st_mode);
  }

  bool is_link_name(const std::string& name) const
  {
    struct stat status{};
    return ::fstatat(current(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
  }

  void follow(const std::string& name)
  {
    links_ += 1;
    if (links_ > links_max || rule_ == walk_rule::in_root_without_links) {
      problem_ = errno_code::loop;
      return;
    }
    std::array<char, bound::path_bytes> target{};
    const auto size = ::readlinkat(current(), name.c_str(), target.data(), target.size());
    if (size < 0 && errno == EINVAL) {
      left_.put_in_front(name); // replaced by something else since: looked at anew, and counted
      return;
    }
    if (size <= 0 || static_cast<std::size_t>(size) == target.size()) {
      problem_ = size < 0 ? from_host_errno(errno) : size == 0 ? errno_code::noent : errno_code::nametoolong;
      return;
    }
    const std::string_view text(target.data(), static_cast<std::size_t>(size));
    if (text.starts_with('/')) {
      problem_ = errno_code::notcapable;
      return;
    }
    left_.put_in_front(text);
  }

  int start_;
  components left_;
  walk_rule rule_;
  std::vector<unique_fd> opened_; ///< from below the start to where the walk is
  int links_ = 0;
  outcome problem_ = errno_code::success;
};

} // namespace

expected<unique_fd> walk(int directory, const std::string& path, int flags, unsigned mode, walk_rule rule)
{
  if (path.empty()) {
    return refuse(errno_code::noent);
  }
  if (path.front() == '/') {
    return refuse(errno_code::notcapable);
  }
  // The kernel creates nothing under a name with a slash at its end.
  if ((flags & O_CREAT) != 0 && path.back() == '/') {
    const auto parent = walk(directory, split_last(path).parent, O_PATH | O_DIRECTORY, 0, rule);
    return refuse(parent ? outcome(errno_code::isdir) : parent.error());
  }
  return walker(directory, path, rule).open(flags, mode);
}

} // namespace interlink::wasi

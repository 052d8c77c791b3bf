// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a sequence of WASI calls on paths, made on real files: the guest's root is `inside` of a scratch
// directory that is full of links; `secret` and `outside` stand beside it.
//   - A descriptor that a call gives is of a file at or below `inside`; nothing that is read or told is of a file
//   outside.
//   - After the calls everything outside is as it was: contents, lengths, links, times.
//   - A path in normal form is absolute, has no empty, "." or ".." component, and is its own normal form.
#include "tests/fuzz/fuzz_target.hh"
#include "tests/support/temporary_directory.hh"
#include "wasi/calls.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace interlink::fuzz {
namespace {

namespace fs = std::filesystem;
using namespace wasi;

constexpr guest_fd root_fd = 3;
constexpr std::string_view secret = "secret contents";

/// What a status says that any change outside would change. The time of access is left out.
struct file_facts {
  ino_t number{};
  off_t size{};
  nlink_t links{};
  std::array<std::int64_t, 4> times{};

  friend bool operator==(const file_facts&, const file_facts&) = default;
};

file_facts facts_of(const fs::path& file)
{
  struct stat status{};
  require(::lstat(file.c_str(), &status) == 0, "what stood outside is still there");
  return {status.st_ino,
          status.st_size,
          status.st_nlink,
          {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec}};
}

void write_file(const fs::path& file, std::string_view contents)
{
  std::ofstream(file, std::ios::binary) << contents;
}

class world {
public:
  world() : base_(fs::canonical(scratch_.path())), inside_(base_ / "inside")
  {
    fs::create_directory(inside_);
    fs::create_directories(base_ / "outside" / "directory");
    write_file(base_ / "secret", secret);
    write_file(base_ / "outside" / "file", secret);
    fs::create_symlink("target of a link outside", base_ / "outside" / "link");
    outside_ = look_outside();
  }

  const fs::path& inside() const { return inside_; }

  /// Everything inside as at the beginning. The directory itself stays, so that nothing outside is touched.
  void reset() const
  {
    for (const auto& entry : fs::directory_iterator(inside_)) {
      fs::remove_all(entry.path());
    }
    fs::create_directories(inside_ / "deep" / "inner");
    write_file(inside_ / "file", "inside");
    write_file(inside_ / "deep" / "file", "inside");
    constexpr std::array<std::array<const char*, 2>, 9> links{{{"../secret", "up"},
                                                               {"../outside", "tree"},
                                                               {"deep/../../secret", "around"},
                                                               {"up", "chain"},
                                                               {"../new", "dangling"},
                                                               {"/proc/self/root", "magic"},
                                                               {"loop", "loop"},
                                                               {"deep", "way"},
                                                               {"..", "deep/parent"}}};
    for (const auto& [target, name] : links) {
      fs::create_symlink(target, inside_ / name);
    }
    fs::create_symlink(base_ / "secret", inside_ / "absolute");
  }

  void require_untouched() const { require(look_outside() == outside_, "everything outside is as it was"); }

  bool is_outside(std::uint64_t number) const
  {
    return std::ranges::any_of(outside_, [&](const file_facts& facts) { return facts.number == number; });
  }

  /// Pre: `host_fd` is open.
  void require_inside(int host_fd) const
  {
    const std::string place = fs::read_symlink("/proc/self/fd/" + std::to_string(host_fd)).string();
    require(place == inside_.string() || place.starts_with(inside_.string() + "/"), "opened outside: " + place);
  }

private:
  std::vector<file_facts> look_outside() const
  {
    std::vector<file_facts> facts{facts_of(base_)};
    for (const char* name : {"secret", "outside", "outside/directory", "outside/file", "outside/link"}) {
      facts.push_back(facts_of(base_ / name));
    }
    return facts;
  }

  support::temporary_directory scratch_;
  fs::path base_;
  fs::path inside_;
  std::vector<file_facts> outside_;
};

const world& the_world()
{
  static const world made;
  return made;
}

/// Components that mean something here, or the input's own bytes.
std::string component_of(choices& from)
{
  static constexpr std::array<std::string_view, 24> known{
      "..",       ".",       "",       "file",  "deep",   "inner",     "parent", "up",
      "absolute", "tree",    "around", "chain", "magic",  "loop",      "way",    "dangling",
      "new",      "outside", "secret", "link",  "inside", "directory", "root",   "proc"};
  const std::uint8_t choice = from.u8();
  if (choice < 8 * known.size()) {
    return std::string(known[choice / 8]);
  }
  return choice == 0xff ? std::string(256, 'l') : from.text(choice % 8U);
}

std::string path_of(choices& from)
{
  const std::uint8_t shape = from.u8();
  std::string path = (shape & 0x80U) != 0 ? "/" : "";
  for (unsigned i = 0; i < shape % 8U; ++i) {
    path += component_of(from) + "/";
  }
  return path + component_of(from) + ((shape & 0x40U) != 0 ? "/" : "");
}

void check_text(const std::string& path)
{
  if (!check_relative_path(path).is_success() && !path.starts_with('/')) {
    return;
  }
  const std::string normal = normalise_guest_path(path, "/base/of");
  require(normal.starts_with('/') && (normal == "/" || !normal.ends_with('/')), "a normal path is absolute");
  const std::string framed = normal + "/";
  require(normal == "/" || (!framed.contains("//") && !framed.contains("/./") && !framed.contains("/../")),
          "a normal path has ordinary components only");
  require(normalise_guest_path(normal, "/") == normal, "a normal path is its own normal form");
  require(below_prefix(normal, "/").data() != nullptr, "a normal path lies below the root");
}

class guest {
public:
  guest() : memory_(65536), context_{guest_memory(memory_), cancel_}
  {
    options wanted;
    wanted.args = {"program"};
    wanted.preopens = {{the_world().inside().string(), "/"}};
    wanted.stdin_fd = wanted.stdout_fd = wanted.stderr_fd = -1;
    result<std::shared_ptr<system>> made = make_system(std::move(wanted));
    require(made.has_value(), "the guest has its root");
    system_ = *std::move(made);
  }

  /// One call, chosen and filled by the input.
  void call(choices& from)
  {
    const std::size_t what = from.below(14);
    const guest_fd at = directories_[from.below(directories_.size())];
    const std::uint32_t lookup = from.u8() % 2;
    const std::string path = path_of(from);
    check_text(path);
    const auto [first, length] = place(path, 0);
    switch (what) {
    case 0:
    case 1:
    case 2:
      open(from, at, lookup, first, length);
      break;
    case 3:
      done(path_create_directory(*system_, context_, at, first, length));
      break;
    case 4:
      done(path_remove_directory(*system_, context_, at, first, length));
      break;
    case 5:
      done(path_unlink_file(*system_, context_, at, first, length));
      break;
    case 6:
      if (done(path_filestat_get(*system_, context_, at, lookup, first, length, answer))) {
        require(!the_world().is_outside(load<std::uint64_t>(answer + 8)), "the status of a file outside is told");
      }
      break;
    case 7:
      done(path_filestat_set_times(*system_, context_, at, lookup, first, length, from.u32(), from.u32(),
                                   from.u8() & time_flag::all));
      break;
    case 8:
      if (done(path_readlink(*system_, context_, at, first, length, answer, 256, answer + 256))) {
        require(!text(answer, load<std::uint32_t>(answer + 256)).starts_with("target of a link"),
                "a link outside is read");
      }
      break;
    case 9: {
      const auto [target, target_length] = place(path_of(from), 1);
      done(path_symlink(*system_, context_, target, target_length, at, first, length));
      break;
    }
    case 10:
    case 11: {
      const guest_fd to = directories_[from.below(directories_.size())];
      const auto [second, second_length] = place(path_of(from), 1);
      done(what == 10 ? path_rename(*system_, context_, at, first, length, to, second, second_length)
                      : path_link(*system_, context_, at, lookup, first, length, to, second, second_length));
      break;
    }
    case 12:
      if (const auto opened = system_->open_guest_file(path)) {
        the_world().require_inside(opened->value());
      }
      break;
    default:
      done(system_->change_directory(path));
      break;
    }
  }

private:
  static constexpr guest_pointer answer = 32768;

  static bool done(const outcome& how)
  {
    require(how.kind == outcome_kind::returned, "a call on a path returns to the guest");
    return how.is_success();
  }

  std::pair<guest_pointer, guest_size> place(const std::string& path, guest_pointer which)
  {
    const guest_pointer at = 1024 + 8192 * which;
    std::memcpy(memory_.data() + at, path.data(), path.size());
    return {at, static_cast<guest_size>(path.size())};
  }

  template <class T>
  T load(guest_pointer at) const
  {
    T value{};
    std::memcpy(&value, memory_.data() + at, sizeof value);
    return value;
  }

  template <class T>
  void store(guest_pointer at, T value)
  {
    std::memcpy(memory_.data() + at, &value, sizeof value);
  }

  std::string_view text(guest_pointer at, std::size_t length) const
  {
    return {reinterpret_cast<const char*>(memory_.data()) + at, length};
  }

  void open(choices& from, guest_fd at, std::uint32_t lookup, guest_pointer path, guest_size length)
  {
    const std::uint32_t how = from.u8() & open_flag::all;
    const std::uint64_t base = from.flag() ? rights::all : rights::all & ~rights::writing;
    if (!done(path_open(*system_, context_, at, lookup, path, length, how, base, rights::all, 0, answer))) {
      return;
    }
    const auto fd = load<guest_fd>(answer);
    const auto entry = system_->descriptors().find(fd);
    require(entry.has_value(), "a descriptor that was given is there");
    the_world().require_inside((*entry)->file->fd.value());
    if ((*entry)->file->type == file_type::directory) {
      if (directories_.size() < 8) {
        directories_.push_back(fd);
      }
      return;
    }
    read_and_write(fd);
    done(fd_close(*system_, context_, fd));
  }

  void read_and_write(guest_fd fd)
  {
    store<guest_pointer>(answer, answer + 64);
    store<guest_size>(answer + 4, 64);
    if (done(fd_read(*system_, context_, fd, answer, 1, answer + 8))) {
      require(!text(answer + 64, load<guest_size>(answer + 8)).contains(secret), "a file outside is read");
    }
    done(fd_write(*system_, context_, fd, answer, 1, answer + 8));
  }

  std::vector<std::byte> memory_;
  canceller cancel_;
  call_context context_;
  std::shared_ptr<system> system_;
  std::vector<guest_fd> directories_{root_fd};
};

} // namespace
} // namespace interlink::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  using namespace interlink::fuzz;
  choices from(as_bytes(data, size));
  the_world().reset();
  guest program;
  constexpr unsigned most_calls = 32;
  for (unsigned calls = 0; calls < most_calls && !from.at_end(); ++calls) {
    program.call(from);
  }
  the_world().require_untouched();
  return 0;
}

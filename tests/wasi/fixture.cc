// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace interlink::wasi::testing {

fake_memory::fake_memory(std::size_t size_bytes, std::size_t maximum_bytes) : bytes_(maximum_bytes), size_(size_bytes)
{
}

guest_memory fake_memory::view()
{
  return {bytes_.data(), [](const void* owner) { return static_cast<const fake_memory*>(owner)->size_bytes(); }, this};
}

guest_pointer fake_memory::reserve(std::size_t bytes)
{
  auto place = next_;
  next_ += static_cast<guest_pointer>((bytes + 7) / 8 * 8);
  if (next_ > size_bytes()) {
    std::fputs("the fake memory of a test is too small\n", stderr);
    std::abort();
  }
  return place;
}

guest_pointer fake_memory::place(std::string_view bytes)
{
  auto at = reserve(bytes.size());
  if (!bytes.empty()) {
    std::memcpy(bytes_.data() + at, bytes.data(), bytes.size());
  }
  return at;
}

std::string fake_memory::text(guest_pointer address, std::size_t length) const
{
  return {reinterpret_cast<const char*>(bytes_.data()) + address, length};
}

scratch_directory::scratch_directory()
{
  auto pattern = (std::filesystem::temp_directory_path() / "interlink-wasi-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::perror("mkdtemp");
    std::abort();
  }
  path_ = pattern;
}

scratch_directory::~scratch_directory()
{
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void scratch_directory::write(std::string_view name, std::string_view contents) const
{
  std::ofstream file(path(name), std::ios::binary | std::ios::trunc);
  file << contents;
  EXPECT_TRUE(file.good()) << name;
}

std::string scratch_directory::read(std::string_view name) const
{
  std::ifstream file(path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool scratch_directory::has(std::string_view name) const
{
  struct stat status{};
  return ::lstat(path(name).c_str(), &status) == 0;
}

void scratch_directory::make_directory(std::string_view name) const
{
  EXPECT_EQ(::mkdir(path(name).c_str(), 0777), 0) << name;
}

void scratch_directory::make_link(std::string_view target, std::string_view name) const
{
  EXPECT_EQ(::symlink(std::string(target).c_str(), path(name).c_str()), 0) << name;
}

void scratch_directory::make_fifo(std::string_view name) const
{
  EXPECT_EQ(::mkfifo(path(name).c_str(), 0666), 0) << name;
}

void descriptor_pair::write(std::string_view text) const
{
  EXPECT_EQ(::write(second.value(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

std::string descriptor_pair::read_some() const
{
  std::array<char, 4096> bytes{};
  auto got = ::read(first.value(), bytes.data(), bytes.size());
  EXPECT_GE(got, 0);
  return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

descriptor_pair make_pipe()
{
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {unique_fd(ends[0]), unique_fd(ends[1])};
}

descriptor_pair make_socket_pair(int type)
{
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {unique_fd(ends[0]), unique_fd(ends[1])};
}

std::size_t fill(int fd)
{
  std::array<char, 4096> block{};
  std::size_t filled = 0;
  while (true) {
    pollfd one{fd, POLLOUT, 0};
    auto written = ::send(fd, block.data(), block.size(), MSG_DONTWAIT);
    if (written < 0 && errno == ENOTSOCK) {
      // A pipe takes a whole block when it says that it is writable.
      written = ::poll(&one, 1, 0) > 0 ? ::write(fd, block.data(), block.size()) : -1;
    }
    if (written <= 0) {
      return filled;
    }
    filled += static_cast<std::size_t>(written);
  }
}

int lowest_free_descriptor()
{
  unique_fd probe(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  return probe.value();
}

descriptor_limit::descriptor_limit(int count)
{
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
  rlimit lowered{static_cast<rlim_t>(count), before_.rlim_max};
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &lowered), 0);
}

descriptor_limit::~descriptor_limit()
{
  ::setrlimit(RLIMIT_NOFILE, &before_);
}

namespace {

options options_of(const guest& g, const std::function<void(options&)>& adjust)
{
  options wanted;
  wanted.args = {"program"};
  wanted.preopens = {{g.root.path(), "/"}};
  wanted.stdin_fd = g.in.first.value();
  wanted.stdout_fd = g.out.second.value();
  wanted.stderr_fd = g.error.second.value();
  if (adjust) {
    adjust(wanted);
  }
  return wanted;
}

std::shared_ptr<system> must_make(options wanted)
{
  auto made = make_system(std::move(wanted));
  if (!made) {
    std::fputs((made.error().message() + "\n").c_str(), stderr);
    std::abort();
  }
  return *made;
}

} // namespace

guest::guest(const std::function<void(options&)>& adjust)
    : system_(must_make(options_of(*this, adjust))), main_(memory.view())
{
}

guest_path guest::path_of(std::string_view text)
{
  return {memory.place(text), static_cast<guest_size>(text.size())};
}

guest_pointer guest::iovecs(std::initializer_list<std::pair<guest_pointer, guest_size>> buffers)
{
  auto list = memory.reserve(8 * buffers.size());
  auto at = list;
  for (const auto& [start, size] : buffers) {
    memory.store(at, start);
    memory.store(at + 4, size);
    at += 8;
  }
  return list;
}

expected<guest_fd> guest::try_open(std::string_view path, const open_request& wanted)
{
  auto where = path_of(path);
  auto opened = memory.reserve(4);
  auto how = call(path_open, wanted.directory, wanted.lookup, where.at, where.size, wanted.open_flags, wanted.base,
                  wanted.inheriting, wanted.flags, opened);
  if (!how.is_success()) {
    return refuse(how);
  }
  return memory.load<guest_fd>(opened);
}

guest_fd guest::open(std::string_view path, const open_request& wanted)
{
  auto opened = try_open(path, wanted);
  EXPECT_TRUE(opened.has_value()) << path << ": " << to_string(opened.error().code());
  return opened.value_or(closed_fd);
}

outcome guest::stat(std::string_view path, guest_pointer to, std::uint32_t lookup)
{
  auto where = path_of(path);
  return call(path_filestat_get, root_fd, lookup, where.at, where.size, to);
}

outcome guest::rename(std::string_view from, std::string_view to)
{
  auto old_path = path_of(from);
  auto new_path = path_of(to);
  return call(path_rename, root_fd, old_path.at, old_path.size, root_fd, new_path.at, new_path.size);
}

outcome guest::link(std::string_view from, std::string_view to, std::uint32_t lookup)
{
  auto old_path = path_of(from);
  auto new_path = path_of(to);
  return call(path_link, root_fd, lookup, old_path.at, old_path.size, root_fd, new_path.at, new_path.size);
}

outcome guest::symlink(std::string_view target, std::string_view path)
{
  auto text = path_of(target);
  auto where = path_of(path);
  return call(path_symlink, text.at, text.size, root_fd, where.at, where.size);
}

expected<std::string> guest::readlink(std::string_view path, guest_size size)
{
  auto where = path_of(path);
  auto buffer = memory.reserve(size);
  auto used = memory.reserve(4);
  auto how = call(path_readlink, root_fd, where.at, where.size, buffer, size, used);
  if (!how.is_success()) {
    return refuse(how);
  }
  return memory.text(buffer, memory.load<guest_size>(used));
}

expected<std::string> guest::read(guest_fd fd, guest_size size)
{
  auto buffer = memory.reserve(size);
  auto got = memory.reserve(4);
  auto how = call(fd_read, fd, iovecs({{buffer, size}}), 1, got);
  if (!how.is_success()) {
    return refuse(how);
  }
  return memory.text(buffer, memory.load<guest_size>(got));
}

expected<guest_size> guest::write(guest_fd fd, std::string_view text)
{
  auto put = memory.reserve(4);
  auto how = call(fd_write, fd, iovecs({{memory.place(text), static_cast<guest_size>(text.size())}}), 1, put);
  if (!how.is_success()) {
    return refuse(how);
  }
  return memory.load<guest_size>(put);
}

expected<std::uint64_t> guest::seek(guest_fd fd, std::int64_t offset, std::uint32_t whence)
{
  auto place = memory.reserve(8);
  auto how = call(fd_seek, fd, static_cast<std::uint64_t>(offset), whence, place);
  if (!how.is_success()) {
    return refuse(how);
  }
  return memory.load<std::uint64_t>(place);
}

std::uint16_t guest::flags_of(guest_fd fd)
{
  auto stat = memory.reserve(abi_size::fdstat);
  EXPECT_EQ(call(fd_fdstat_get, fd, stat), errno_code::success);
  return memory.load<std::uint16_t>(stat + 2);
}

std::pair<std::uint64_t, std::uint64_t> guest::rights_of(guest_fd fd)
{
  auto stat = memory.reserve(abi_size::fdstat);
  EXPECT_EQ(call(fd_fdstat_get, fd, stat), errno_code::success);
  return {memory.load<std::uint64_t>(stat + 8), memory.load<std::uint64_t>(stat + 16)};
}

running_call::running_call(guest& process, std::function<outcome(class system&, call_context&)> call)
    : thread_(process.memory.view())
{
  std::packaged_task<outcome()> task([this, &process, call = std::move(call)] {
    host_thread_id_.store(static_cast<int>(::syscall(SYS_gettid)));
    return call(process.system(), thread_.context);
  });
  result_ = task.get_future();
  host_thread_ = std::thread(std::move(task));
}

running_call::~running_call()
{
  if (host_thread_.joinable()) {
    cancel();
    host_thread_.join();
  }
}

bool running_call::has_ended() const
{
  return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

void running_call::await_block()
{
  // One look may catch the thread in a short sleep on its way.
  constexpr int looks_in_a_row = 3;
  int asleep = 0;
  eventually([&] {
    if (has_ended()) {
      return true;
    }
    std::ifstream file("/proc/self/task/" + std::to_string(host_thread_id_.load()) + "/stat");
    std::string line;
    std::getline(file, line);
    auto name_end = line.rfind(')');
    bool sleeps = name_end != std::string::npos && name_end + 2 < line.size() && line[name_end + 2] == 'S';
    asleep = sleeps ? asleep + 1 : 0;
    return asleep >= looks_in_a_row;
  });
}

outcome running_call::finish()
{
  if (result_.wait_for(deadline) != std::future_status::ready) {
    ADD_FAILURE() << "the call does not end";
    cancel();
    if (result_.wait_for(deadline) != std::future_status::ready) {
      std::fputs("a call does not end after a cancel\n", stderr);
      std::abort();
    }
  }
  host_thread_.join();
  return result_.get();
}

bool eventually(const std::function<bool()>& condition)
{
  auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

} // namespace interlink::wasi::testing

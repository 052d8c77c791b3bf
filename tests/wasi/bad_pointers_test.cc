// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every pointer parameter of every call, with addresses that do not lie in memory. The calls are made by name with raw
// values, as an engine makes them.
#include "tests/wasi/fixture.hh"
#include "wasi/preview1.hh"

#include <algorithm>
#include <array>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>

namespace interlink::wasi::testing {
namespace {

constexpr std::uint64_t memory_bytes = 65536;

// Places of the fixed layout below; all are good.
constexpr std::uint64_t path_at = 64;    // "file"
constexpr std::uint64_t new_at = 72;     // "new"
constexpr std::uint64_t list_at = 128;   // one buffer of 4 bytes
constexpr std::uint64_t result_at = 256; // room for any result
constexpr std::uint64_t other_at = 512;
constexpr std::uint64_t poll_at = 1024; // one subscription that is ready

constexpr guest_fd file_fd = 4;
constexpr guest_fd listener_fd = 5;
constexpr guest_fd socket_fd = 6;

/// A call that would succeed, and one of its parameters that is a pointer to `size` bytes.
struct pointer_case {
  std::string_view call;
  std::vector<std::uint64_t> arguments;
  std::size_t pointer;
  std::uint64_t size;
};

void PrintTo(const pointer_case& one, std::ostream* to)
{
  *to << one.call << ", parameter " << one.pointer;
}

std::vector<pointer_case> one_case_per_pointer()
{
  std::vector<pointer_case> cases;
  auto add = [&](std::string_view name, std::vector<std::uint64_t> arguments,
                 std::initializer_list<std::pair<std::size_t, std::uint64_t>> pointers) {
    for (auto [pointer, size] : pointers) {
      cases.push_back({name, arguments, pointer, size});
    }
  };
  add("args_get", {result_at, other_at}, {{0, 4}, {1, 8}});
  add("args_sizes_get", {result_at, other_at}, {{0, 4}, {1, 4}});
  add("environ_get", {result_at, other_at}, {{0, 4}, {1, 4}});
  add("environ_sizes_get", {result_at, other_at}, {{0, 4}, {1, 4}});
  add("clock_res_get", {0, result_at}, {{1, 8}});
  add("clock_time_get", {0, 0, result_at}, {{2, 8}});
  add("fd_fdstat_get", {file_fd, result_at}, {{1, 24}});
  add("fd_filestat_get", {file_fd, result_at}, {{1, 64}});
  add("fd_pread", {file_fd, list_at, 1, 0, result_at}, {{1, 8}, {4, 4}});
  add("fd_prestat_get", {root_fd, result_at}, {{1, 8}});
  add("fd_prestat_dir_name", {root_fd, result_at, 1}, {{1, 1}});
  add("fd_pwrite", {file_fd, list_at, 1, 0, result_at}, {{1, 8}, {4, 4}});
  add("fd_read", {file_fd, list_at, 1, result_at}, {{1, 8}, {3, 4}});
  add("fd_readdir", {root_fd, other_at, 64, 0, result_at}, {{1, 64}, {4, 4}});
  add("fd_seek", {file_fd, 1, 0, result_at}, {{3, 8}});
  add("fd_tell", {file_fd, result_at}, {{1, 8}});
  add("fd_write", {file_fd, list_at, 1, result_at}, {{1, 8}, {3, 4}});
  add("path_create_directory", {root_fd, new_at, 3}, {{1, 3}});
  add("path_filestat_get", {root_fd, 1, path_at, 4, result_at}, {{2, 4}, {4, 64}});
  add("path_filestat_set_times", {root_fd, 1, path_at, 4, 1, 1, 5}, {{2, 4}});
  add("path_link", {root_fd, 0, path_at, 4, root_fd, new_at, 3}, {{2, 4}, {5, 3}});
  add("path_open", {root_fd, 1, new_at, 3, open_flag::create, rights::all, rights::all, 0, result_at},
      {{2, 3}, {8, 4}});
  add("path_readlink", {root_fd, path_at, 4, other_at, 64, result_at}, {{1, 4}, {3, 64}, {5, 4}});
  add("path_remove_directory", {root_fd, new_at, 3}, {{1, 3}});
  add("path_rename", {root_fd, path_at, 4, root_fd, new_at, 3}, {{1, 4}, {4, 3}});
  add("path_symlink", {path_at, 4, root_fd, new_at, 3}, {{0, 4}, {3, 3}});
  add("path_unlink_file", {root_fd, path_at, 4}, {{1, 4}});
  add("poll_oneoff", {poll_at, other_at, 1, result_at}, {{0, 48}, {1, 32}, {3, 4}});
  add("random_get", {other_at, 16}, {{0, 16}});
  add("sock_accept", {listener_fd, 0, result_at}, {{2, 4}});
  add("sock_recv", {socket_fd, list_at, 1, 0, result_at, other_at}, {{1, 8}, {4, 4}, {5, 2}});
  add("sock_send", {socket_fd, list_at, 1, 0, result_at}, {{1, 8}, {4, 4}});
  return cases;
}

/// Which functions have pointers, told by the specification; the list above must have them all.
constexpr std::array<std::string_view, 14> without_pointers{
    "fd_advise",
    "fd_allocate",
    "fd_close",
    "fd_datasync",
    "fd_fdstat_set_flags",
    "fd_fdstat_set_rights",
    "fd_filestat_set_size",
    "fd_renumber",
    "fd_filestat_set_times",
    "fd_sync",
    "proc_exit",
    "proc_raise",
    "sched_yield",
    "sock_shutdown",
};

unique_fd make_listener()
{
  unique_fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(listener.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener.value(), 4), 0);
  return listener;
}

class BadPointers : public ::testing::TestWithParam<pointer_case> {
protected:
  BadPointers()
  {
    g.memory.store(list_at, std::uint32_t{other_at});
    g.memory.store(list_at + 4, std::uint32_t{4});
    std::memcpy(g.memory.view().range(path_at, 4)->data(), "file", 4);
    std::memcpy(g.memory.view().range(new_at, 3)->data(), "new", 3);
    // A clock that has been: type 0 at 8, absolute by bit 0 at 40.
    g.memory.store(static_cast<guest_pointer>(poll_at + 40), std::uint16_t{1});
    EXPECT_EQ(g.open("file"), file_fd);
    for (int host : {listener.value(), pair.first.value()}) {
      auto file = adopt_file(host);
      EXPECT_TRUE(file);
      (void)g.system().descriptors().insert({*file, rights::socket, rights::socket, std::nullopt});
    }
    EXPECT_EQ(g.system().descriptors().open_count(), 7U);
  }

  outcome call_with(std::uint64_t address)
  {
    auto arguments = GetParam().arguments;
    arguments[GetParam().pointer] = address;
    const auto* call = find_call(preview1_calls(), GetParam().call);
    return call->invoke(g.system(), g.context(), arguments);
  }

  void expect_nothing_done()
  {
    EXPECT_EQ(g.root.read("file"), "text");
    EXPECT_FALSE(g.root.has("new"));
    EXPECT_EQ(g.system().descriptors().open_count(), 7U);
    EXPECT_EQ(g.memory.text(static_cast<guest_pointer>(result_at), 64), std::string(64, '\0'));
    EXPECT_EQ(g.memory.text(static_cast<guest_pointer>(other_at), 64), std::string(64, '\0'));
    ASSERT_EQ(g.call(fd_tell, file_fd, 2048), errno_code::success);
    EXPECT_EQ(g.memory.load<std::uint64_t>(2048), 0U);
  }

  unique_fd listener = make_listener();
  descriptor_pair pair = make_socket_pair(SOCK_STREAM);
  guest g{[](options& o) {
    o.args = {"program"};
    o.env = {"A=1"};
    std::ofstream(o.preopens[0].host_path + "/file") << "text";
  }};
};

TEST_P(BadPointers, IsFaultAndDoesNothing)
{
  auto size = GetParam().size;
  for (std::uint64_t address :
       {memory_bytes, memory_bytes - size + 1, 0x80000000UL, 0xffffffffUL - size + 1, 0xffffffffUL}) {
    EXPECT_EQ(call_with(address), errno_code::fault) << address;
  }
  expect_nothing_done();
}

std::string name_of(const ::testing::TestParamInfo<pointer_case>& info)
{
  std::string name(info.param.call);
  std::ranges::replace(name, '_', 'x');
  return name + "Parameter" + std::to_string(info.param.pointer);
}

INSTANTIATE_TEST_SUITE_P(EveryPointer, BadPointers, ::testing::ValuesIn(one_case_per_pointer()), name_of);

TEST(BadPointer, EveryCallIsInTheListOrHasNoPointer)
{
  auto cases = one_case_per_pointer();
  for (const auto& call : preview1_calls()) {
    bool is_listed = std::ranges::any_of(cases, [&](const auto& one) { return one.call == call.name; });
    bool has_none = std::ranges::find(without_pointers, call.name) != without_pointers.end();
    EXPECT_NE(is_listed, has_none) << call.name;
  }
}

TEST(BadPointer, ABufferInAListIsCheckedInBothDirections)
{
  guest g;
  g.root.write("file", "text");
  auto fd = g.open("file");
  for (std::pair<guest_pointer, guest_size> bad :
       {std::pair{65536U, 1U}, {65535U, 2U}, {16U, 0xffffffffU}, {0xffffffffU, 1U}, {0xfffffff0U, 0x20U}}) {
    auto list = g.iovecs({{64, 4}, bad});
    EXPECT_EQ(g.call(fd_read, fd, list, 2, 72), errno_code::fault) << bad.first;
    EXPECT_EQ(g.call(fd_write, fd, list, 2, 72), errno_code::fault) << bad.first;
    EXPECT_EQ(g.call(fd_pread, fd, list, 2, 0, 72), errno_code::fault) << bad.first;
    EXPECT_EQ(g.call(fd_pwrite, fd, list, 2, 0, 72), errno_code::fault) << bad.first;
  }
  EXPECT_EQ(g.root.read("file"), "text");
  EXPECT_EQ(g.memory.load<std::uint32_t>(64), 0U);
}

TEST(BadPointer, AListLongerThanMemoryIsFault)
{
  guest g;
  EXPECT_EQ(g.call(fd_write, stdout_fd, 64, 0xffffffff, 72), errno_code::fault);
  EXPECT_EQ(g.call(fd_write, stdout_fd, 64, 0x20000000, 72), errno_code::fault);
}

TEST(BadPointer, APathThatLeavesMemoryIsFaultWhateverItsLength)
{
  guest g;
  EXPECT_EQ(g.call(path_unlink_file, root_fd, 65530, 100), errno_code::fault);
  EXPECT_EQ(g.call(path_unlink_file, root_fd, 64, 0xffffffff), errno_code::fault);
}

TEST(BadPointer, ALongListOfSubscriptionsIsCheckedAsAWhole)
{
  guest g;
  EXPECT_EQ(g.call(poll_oneoff, 64, 64, 60'000, 64), errno_code::fault);
}

} // namespace
} // namespace interlink::wasi::testing

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every function that a guest can import, called with arguments that nobody means well: all bits set, and mixtures of
// small, odd, huge and wrapping numbers. The calls answer an error or an outcome; none of them traps or ends the host.
// The list of functions is the guest ABI's own, so a new function is called as well.
#include "tests/scenarios/hostile/hostile_run.hh"

#include <algorithm>
#include <array>
#include <random>

#include "process/abi/guest_abi.hh"
#include "wasm/reserved_names.hh"

namespace interlink {
namespace {

using namespace test;
using support::wasm_builder;
using support::wasm_code;

struct host_import {
  std::string module_name;
  std::string name;
  function_type type;
};

// These end the guest or a thread, or wait for ever, by what they are.
constexpr std::array<std::string_view, 9> never_called{"proc_exit",    "proc_exit2", "thread_exit",
                                                       "proc_raise",   "proc_exec",  "proc_exec2",
                                                       "thread_sleep", "serve",      "thread_signal"};

std::vector<host_import> all_functions()
{
  std::vector<host_import> functions;
  const auto catalog = abi::make_guest_abi({})->catalog();
  for (const auto& [names, type] : catalog->offered) {
    const auto* function = std::get_if<function_type>(&type);
    if (names.first == reserved::module_name) {
      continue; // for the linker's own thunks; a guest that names it is refused
    }
    if (function != nullptr && std::ranges::find(never_called, names.second) == never_called.end()) {
      functions.push_back({names.first, names.second, *function});
    }
  }
  functions.push_back({"wasix_32v1", "nobody_implements_it", {{wasm::i32, wasm::i64, wasm::i32}, {wasm::i32}}});
  return functions;
}

/// A program that does what `add_calls` puts into its start.
class calling_program {
public:
  calling_program()
  {
    module_.dylink();
    module_.side_module_imports();
    exit_ = module_.import_function("wasix_32v1", "proc_exit2", {{wasm::i32}, {}});
    for (const host_import& function : functions_) {
      indices_.push_back(module_.import_function(function.module_name, function.name, function.type));
    }
  }

  const std::vector<host_import>& functions() const { return functions_; }

  /// A call whose result, if any, is dropped.
  void add_call(std::size_t function, const std::vector<std::uint64_t>& arguments)
  {
    push(function, arguments);
    if (!functions_[function].type.results.empty()) {
      code_.drop();
    }
  }

  /// A call that ends the program with `exit_code` when it answers 0.
  void add_call_that_must_fail(std::size_t function, const std::vector<std::uint64_t>& arguments, int exit_code)
  {
    push(function, arguments);
    if (!functions_[function].type.results.empty()) {
      code_.raw({0x45, 0x04, 0x40}).i32_const(exit_code).call(exit_).raw({0x0b}); // i32.eqz; if ... end
    }
  }

  command_result run()
  {
    module_.function({}, code_, "_start");
    module_.function({{wasm::i32, wasm::i32}, {}}, {}, "wasi_thread_start");
    const scratch_directory scratch;
    scratch.write("guest/file", "content");
    scratch.write("program.wasm", content_of(module_));
    return run_command({"run", "--wasm-cache", "off", "--dir", (scratch / "guest") + "::/", scratch / "program.wasm"},
                       {.host_memory_bytes = std::size_t{512} << 20}); // no length is taken at its word
  }

private:
  void push(std::size_t function, const std::vector<std::uint64_t>& arguments)
  {
    const auto& parameters = functions_[function].type.parameters;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i] == wasm::i32) {
        code_.i32_const(static_cast<std::int32_t>(arguments[i]));
      } else {
        code_.i64_const(static_cast<std::int64_t>(arguments[i]));
      }
    }
    code_.call(indices_[function]);
  }

  std::vector<host_import> functions_ = all_functions();
  wasm_builder module_;
  wasm_code code_;
  std::uint32_t exit_{};
  std::vector<std::uint32_t> indices_;
};

TEST(HostCalls, WithAllBitsSetAnswerErrors)
{
  // No arguments that could be wrong, or none that matter: nobody has thread 2^32 - 1, so it has ended; a number that
  // is no closure's is free.
  constexpr std::array<std::string_view, 3> may_succeed{"sched_yield", "thread_join", "closure_free"};
  calling_program program;
  ASSERT_GT(program.functions().size(), 100U);
  ASSERT_LT(program.functions().size(), 250U); // an exit code tells which one it was
  for (std::size_t i = 0; i < program.functions().size(); ++i) {
    const std::vector<std::uint64_t> arguments(16, ~std::uint64_t{0});
    if (std::ranges::find(may_succeed, program.functions()[i].name) != may_succeed.end()) {
      program.add_call(i, arguments);
    } else {
      program.add_call_that_must_fail(i, arguments, static_cast<int>(i) + 1);
    }
  }
  const command_result run = program.run();
  const auto code = static_cast<std::size_t>(run.exit_code);
  EXPECT_TRUE(ends_with(run, 0)) << (code > 0 && code <= program.functions().size()
                                         ? program.functions()[code - 1].name + " succeeded"
                                         : "");
  EXPECT_TRUE(is_in_order(run));
}

/// Arguments that a mixture must not have: they would wait for ever, fill the disk, or leave nothing to call.
void tame(const host_import& function, std::vector<std::uint64_t>& arguments)
{
  constexpr std::uint64_t bad_address = 0xfffffff8;
  if (function.name == "futex_wait") {
    arguments[2] = bad_address; // without a timeout it waits
  } else if (function.name == "poll_oneoff") {
    arguments[2] = arguments[2] < 4096 ? 0 : arguments[2]; // what stands in memory may be any time
  } else if (function.name == "fd_allocate" || function.name == "fd_filestat_set_size") {
    arguments[0] = 0;
  } else if (function.name == "fd_close" || function.name == "fd_renumber") {
    arguments[0] |= 64;
    arguments[1] |= 64;
  } else if (function.name == "fd_pipe" || function.name == "epoll_create") {
    arguments[0] = bad_address; // a read of what nobody writes waits
  } else if (function.name == "sock_pair" || function.name == "sock_open") {
    arguments[3] = bad_address;
  } else if (function.name == "fd_event") {
    arguments[2] = bad_address;
  } else if (function.name == "epoll_wait") {
    arguments[3] = 0;
  } else if (function.name == "proc_signal") {
    arguments[0] |= 64;
  } else if (function.name == "proc_raise_interval") {
    arguments[0] = 0;
  }
}

class HostCallMixture : public testing::TestWithParam<unsigned> {};

TEST_P(HostCallMixture, NeverTrapsAndNeverEndsTheHost)
{
  constexpr std::array<std::uint64_t, 20> numbers{0,          1,          2,          3,
                                                  4,          5,          8,          63,
                                                  255,        4'096,      65'535,     65'536,
                                                  0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc,
                                                  0xfffffffd, 0xfffffffe, 0xffffffff, ~std::uint64_t{0} >> 1};
  std::mt19937 random(GetParam());
  calling_program program;
  for (int round = 0; round < 30; ++round) {
    for (std::size_t i = 0; i < program.functions().size(); ++i) {
      std::vector<std::uint64_t> arguments(16);
      std::ranges::generate(arguments, [&] { return numbers[random() % numbers.size()]; });
      tame(program.functions()[i], arguments);
      program.add_call(i, arguments);
    }
  }
  const command_result run = program.run();
  EXPECT_TRUE(is_in_order(run));
  EXPECT_TRUE(ends_with(run, 0));
}

INSTANTIATE_TEST_SUITE_P(, HostCallMixture, testing::Range(1U, 5U));

} // namespace
} // namespace interlink

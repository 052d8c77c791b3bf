// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs seeds, in several processes, and reports the first that fails with its trace and the command that replays it. A
// process that crashes is a failure of the seed it was at.
#include "tests/simulation/simulated_world.hh"
#include "tests/support/temporary_directory.hh"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace interlink::simulation;

struct options {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  unsigned jobs = 1;
  unsigned seconds = 0; ///< no new seed after so long; 0 for no bound
  bool traces = false;
  bool wants_all_kinds = false; ///< fails when something of the list of happenings has not happened
};

/// What the processes share.
struct shared_state {
  std::atomic<std::uint64_t> next;
  std::atomic<std::uint64_t> failed;
  std::atomic<std::uint64_t> seeds, steps, switches, operations;
  std::atomic<std::uint64_t> happened[happenings];
  std::atomic<std::uint64_t> at[64]; ///< the seed that each process is at
};

bool run_seed(std::uint64_t seed, const std::string& directory, shared_state& shared, bool traces)
{
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  const world_report report = simulated_world(seed, directory).run();
  ++shared.seeds;
  shared.steps += report.steps;
  shared.switches += report.switches;
  shared.operations += report.operations;
  for (std::size_t i = 0; i < happenings; ++i) {
    shared.happened[i] += report.happened[i];
  }
  if (!traces && !report.failures.empty()) {
    for (const std::string& line : report.trace) {
      std::printf("%s\n", line.c_str());
    }
  }
  for (const std::string& failure : report.failures) {
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), failure.c_str());
  }
  std::fflush(stdout);
  return report.failures.empty();
}

void work(const options& asked, unsigned job, shared_state& shared)
{
  const interlink::support::temporary_directory directory;
  const auto began = std::chrono::steady_clock::now();
  while (shared.failed == 0) {
    const std::uint64_t seed = shared.next++;
    const bool is_over =
        asked.seconds != 0 && std::chrono::steady_clock::now() - began > std::chrono::seconds(asked.seconds);
    if (seed >= asked.first + asked.seeds || is_over) {
      return;
    }
    shared.at[job] = seed;
    if (!run_seed(seed, directory.path() + "/seed", shared, asked.traces)) {
      shared.failed = seed;
    }
  }
}

std::uint64_t number_after(const std::vector<std::string_view>& arguments, std::size_t& place)
{
  if (place + 1 >= arguments.size()) {
    std::fprintf(stderr, "error: %s wants a number\n", std::string(arguments[place]).c_str());
    std::exit(2);
  }
  return std::strtoull(std::string(arguments[++place]).c_str(), nullptr, 10);
}

options read_options(const std::vector<std::string_view>& arguments)
{
  options read;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--seeds") {
      read.seeds = number_after(arguments, i);
    } else if (arguments[i] == "--first") {
      read.first = number_after(arguments, i);
    } else if (arguments[i] == "--jobs") {
      read.jobs = std::clamp(static_cast<unsigned>(number_after(arguments, i)), 1U, 64U);
    } else if (arguments[i] == "--seconds") {
      read.seconds = static_cast<unsigned>(number_after(arguments, i));
    } else if (arguments[i] == "--all-kinds") {
      read.wants_all_kinds = true;
    } else if (arguments[i] == "--trace") {
      read.traces = true;
      seeded_scheduler::print_events_at_once();
    } else {
      std::fprintf(stderr,
                   "usage: simulate [--seeds N] [--first S] [--jobs N] [--seconds N] [--trace] [--all-kinds]\n");
      std::exit(2);
    }
  }
  return read;
}

} // namespace

int main(int argc, char** argv)
{
  const options asked = read_options({argv + 1, argv + argc});
  void* const mapped = ::mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& shared = *new (mapped) shared_state{};
  shared.next = asked.first;
  const auto began = std::chrono::steady_clock::now();
  std::vector<pid_t> children;
  for (unsigned job = 0; job < asked.jobs; ++job) {
    const pid_t child = ::fork();
    if (child == 0) {
      work(asked, job, shared);
      std::_Exit(shared.failed == 0 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (unsigned job = 0; job < asked.jobs; ++job) {
    int status = 0;
    ::waitpid(children[job], &status, 0);
    if (WIFSIGNALED(status)) {
      shared.failed = shared.at[job].load();
      std::printf("seed %llu: the process died by signal %d\n", static_cast<unsigned long long>(shared.failed.load()),
                  WTERMSIG(status));
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto number = [](const std::atomic<std::uint64_t>& of) {
    return static_cast<unsigned long long>(of.load());
  };
  bool has_all_kinds = true;
  for (std::size_t i = 0; asked.wants_all_kinds && i < happenings; ++i) {
    std::printf("%12llu %s\n", number(shared.happened[i]), happening_names[i]);
    has_all_kinds &= shared.happened[i] != 0;
  }
  std::printf("%llu seeds, %llu steps, %llu switches, %llu operations in %.1f s\n", number(shared.seeds),
              number(shared.steps), number(shared.switches), number(shared.operations), seconds);
  if (shared.failed != 0) {
    std::printf("replay: tools/simulate --first %llu --seeds 1 --trace\n",
                static_cast<unsigned long long>(shared.failed.load()));
    return 1;
  }
  if (!has_all_kinds) {
    std::printf("error: something of the list has not happened in these seeds\n");
  }
  return has_all_kinds ? 0 : 1;
}

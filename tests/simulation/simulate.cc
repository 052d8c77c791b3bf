// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs seeds, or all schedules of small worlds, in several processes, and reports the first that fails with its trace
// and the command that replays it. A process that crashes is a failure of the run it was at.
#include "tests/simulation/schedule_search.hh"
#include "tests/simulation/script_shrinker.hh"
#include "tests/simulation/simulated_world.hh"
#include "tests/support/temporary_directory.hh"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unordered_set>
#include <vector>

namespace {

using namespace interlink::simulation;

struct options {
  std::optional<std::uint64_t> first;
  std::uint64_t seeds = 100; ///< or worlds
  unsigned jobs = 1;
  unsigned seconds = 0; ///< no new run of a job after so much of its processor time; 0 for no bound
  bool traces = false;
  std::string record;           ///< file for what the actors of a seed that fails have recorded; empty: none
  bool wants_all_kinds = false; ///< fails when something of the list of happenings has not happened
  bool is_systematic = false;
  search_bounds bounds;
  std::optional<schedule> only; ///< this one
  bool shrinks = false;         ///< the first seed, to the shortest script that fails as it does
};

constexpr unsigned jobs_max = 64;

/// That the plain schedule of a small world publishes or abandons at least: the program's load and the stop are two of
/// them. Where nothing is, nothing can be seen too early or too late.
constexpr std::uint64_t operations_of_small_world = 5;

/// The run that a process is at.
struct current_run {
  std::atomic<std::uint64_t> seed;
  char schedule[128];
};

/// What the processes share.
struct shared_state {
  std::atomic<std::uint64_t> next;
  std::atomic<bool> has_failed;
  std::atomic<unsigned> failed_job;
  std::atomic<std::uint64_t> seeds, steps, switches, operations;
  std::atomic<std::uint64_t> schedules, states, incomplete, passed_over;
  std::atomic<std::uint64_t> happened[happenings];
  current_run at[jobs_max]; ///< of each process
};

void print_failure(const world_report& report, const char* what, std::uint64_t number, bool is_traced)
{
  if (!is_traced) {
    for (const std::string& line : report.trace) {
      std::printf("%s\n", line.c_str());
    }
  }
  for (const std::string& failure : report.failures) {
    std::printf("%s %llu: %s\n", what, static_cast<unsigned long long>(number), failure.c_str());
  }
  std::fflush(stdout);
}

/// The same run once more, for what its actors record: `interlink trace` reads it.
void record_seed(std::uint64_t seed, const std::string& directory, const std::string& file)
{
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::string events;
  simulated_world(seed, directory, {.events = &events}).run();
  std::ofstream(file, std::ios::binary) << events;
  std::printf("seed %llu: what the actors recorded is in %s\n", static_cast<unsigned long long>(seed), file.c_str());
}

bool run_seed(std::uint64_t seed, const std::string& directory, shared_state& shared, const options& asked)
{
  const world_report report = simulated_world(seed, directory).run();
  ++shared.seeds;
  shared.steps += report.steps;
  shared.switches += report.switches;
  shared.operations += report.operations;
  for (std::size_t i = 0; i < happenings; ++i) {
    shared.happened[i] += report.happened[i];
  }
  if (!report.failures.empty()) {
    print_failure(report, "seed", seed, asked.traces);
  }
  if (!asked.record.empty() && (!report.failures.empty() || asked.seeds == 1)) {
    record_seed(seed, directory, asked.record);
  }
  return report.failures.empty();
}

bool search_world(const options& asked, std::uint64_t world, const std::string& directory, shared_state& shared,
                  current_run& at)
{
  if (asked.only) {
    const world_report report = run_schedule(world, run_of(world, directory), *asked.only);
    print_failure(report, "world", world, asked.traces);
    return report.failures.empty();
  }
  std::unordered_set<std::uint64_t> states;
  const directed_run run = run_of(world, directory, [&](std::uint64_t hash) { states.insert(hash); });
  const search_result found = search_schedules(world, run, asked.bounds, [&](const schedule& next) {
    const std::string text = text_of(next);
    text.copy(at.schedule, std::min(text.size() + 1, sizeof at.schedule - 1));
    at.schedule[std::min(text.size(), sizeof at.schedule - 1)] = 0;
  });
  ++shared.seeds;
  shared.steps += found.steps;
  shared.operations += found.operations;
  shared.schedules += found.schedules;
  shared.states += states.size();
  shared.incomplete += found.is_complete ? 0 : 1;
  shared.passed_over += found.is_passed_over ? 1 : 0;
  for (std::size_t i = 0; i < happenings; ++i) {
    shared.happened[i] += found.happened[i];
  }
  if (found.failure) {
    print_failure(*found.failure, "world", world, asked.traces);
  }
  return !found.failure;
}

void work(options asked, unsigned job, shared_state& shared)
{
  const interlink::support::temporary_directory directory;
  const std::string of_run = directory.path() + "/run";
  // Processor time: a busy machine makes a search slower, and not smaller.
  const auto is_over = [&] {
    return shared.has_failed || (asked.seconds != 0 && std::clock() / CLOCKS_PER_SEC >= asked.seconds);
  };
  asked.bounds.is_over = is_over;
  while (!is_over()) {
    const std::uint64_t seed = shared.next++;
    if (seed - *asked.first >= asked.seeds) {
      return;
    }
    shared.at[job].seed = seed;
    std::filesystem::remove_all(of_run);
    std::filesystem::create_directories(of_run);
    const bool is_good = asked.is_systematic ? search_world(asked, seed, of_run, shared, shared.at[job])
                                             : run_seed(seed, of_run, shared, asked);
    if (!is_good) {
      shared.failed_job = job;
      shared.has_failed = true;
    }
  }
}

[[noreturn]] void refuse(const std::string& why)
{
  std::fprintf(stderr, "error: %s\n", why.c_str());
  std::exit(2);
}

std::string text_after(const std::vector<std::string_view>& arguments, std::size_t& place)
{
  if (place + 1 >= arguments.size()) {
    refuse(std::string(arguments[place]) + " wants a value");
  }
  return std::string(arguments[++place]);
}

std::uint64_t number_after(const std::vector<std::string_view>& arguments, std::size_t& place)
{
  const std::string option(arguments[place]);
  const std::string text = text_after(arguments, place);
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
    refuse(option + " wants a number, not " + text);
  }
  return number;
}

constexpr const char* usage =
    "usage: simulate [--first S] [--seeds N] [--jobs N] [--seconds N] [--trace] [--record FILE] [--all-kinds]\n"
    "       simulate --first S --shrink\n"
    "       simulate --systematic [--first W] [--worlds N] [--deviations N] [--schedules N] [--jobs N] [--seconds N]\n"
    "       simulate --systematic --first W --schedule P:T,... [--trace]\n";

options read_options(const std::vector<std::string_view>& arguments)
{
  options read;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view option = arguments[i];
    if (option == "--seeds" || option == "--worlds") {
      read.seeds = number_after(arguments, i);
    } else if (option == "--first") {
      read.first = number_after(arguments, i);
    } else if (option == "--jobs") {
      read.jobs = static_cast<unsigned>(std::clamp<std::uint64_t>(number_after(arguments, i), 1, jobs_max));
    } else if (option == "--seconds") {
      read.seconds = static_cast<unsigned>(number_after(arguments, i));
    } else if (option == "--all-kinds") {
      read.wants_all_kinds = true;
    } else if (option == "--systematic") {
      read.is_systematic = true;
    } else if (option == "--deviations") {
      read.bounds.deviations = static_cast<unsigned>(number_after(arguments, i));
    } else if (option == "--schedules") {
      read.bounds.schedules = number_after(arguments, i);
    } else if (option == "--schedule") {
      read.only = read_schedule(text_after(arguments, i));
      if (!read.only) {
        refuse("--schedule wants places and threads as in 12:3,40:2, not " + std::string(arguments[i]));
      }
    } else if (option == "--shrink") {
      read.shrinks = true;
    } else if (option == "--record") {
      read.record = text_after(arguments, i);
    } else if (option == "--trace") {
      read.traces = true;
      seeded_scheduler::print_events_at_once();
    } else {
      std::fprintf(stderr, "%s", usage);
      std::exit(option == "--help" ? 0 : 2);
    }
  }
  if (read.only && (!read.is_systematic || !read.first)) {
    refuse("--schedule goes with --systematic --first");
  }
  if (read.shrinks && (read.is_systematic || !read.first)) {
    refuse("--shrink wants a seed that fails: --first SEED --shrink");
  }
  read.bounds.operations = operations_of_small_world;
  if (read.only) {
    read.seeds = 1;
  }
  return read;
}

/// A seed that nobody has run yet, as likely as not: of the clock.
std::uint64_t seed_from_clock()
{
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

int shrink(std::uint64_t seed)
{
  const interlink::support::temporary_directory directory;
  const std::string of_run = directory.path() + "/run";
  const auto shown = static_cast<unsigned long long>(seed);
  const shrunk_run run = shrink_seed(seed, of_run);
  if (run.failure.empty()) {
    std::printf("seed %llu does not fail\n", shown);
    return 0;
  }
  if (!run.is_replayed) {
    std::printf("seed %llu: %s\nerror: the record of this run fails in another way, so it cannot be shrunk\n", shown,
                run.failure.c_str());
    return 1;
  }
  std::printf("seed %llu: %s\n%zu of %zu steps and %zu of %zu switches between threads suffice, found in %llu runs:\n",
              shown, run.failure.c_str(), run.steps.size(), run.record.steps.size(), run.choices.size(),
              run.record.choices.size(), static_cast<unsigned long long>(run.trials));
  std::fflush(stdout);
  print_run(seed, of_run, run);
  return 1;
}

/// Worlds write small files and read them once: memory is quicker than a disk.
void keep_files_in_memory()
{
  constexpr const char* in_memory = "/dev/shm";
  if (::access(in_memory, W_OK | X_OK) == 0) {
    ::setenv("TMPDIR", in_memory, 0);
  }
}

double processor_seconds_of_children()
{
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const auto seconds = [](const timeval& of) {
    return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

} // namespace

int main(int argc, char** argv)
{
  options asked = read_options({argv + 1, argv + argc});
  if (!asked.first) {
    asked.first = asked.is_systematic ? 1 : seed_from_clock();
    std::printf("first: %llu\n", static_cast<unsigned long long>(*asked.first));
    std::fflush(stdout);
  }
  keep_files_in_memory();
  if (asked.shrinks) {
    return shrink(*asked.first);
  }
  void* const mapped = ::mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& shared = *new (mapped) shared_state{};
  shared.next = *asked.first;
  const auto began = std::chrono::steady_clock::now();
  std::vector<pid_t> children;
  for (unsigned job = 0; job < asked.jobs; ++job) {
    const pid_t child = ::fork();
    if (child == 0) {
      work(asked, job, shared);
      std::_Exit(shared.has_failed ? 1 : 0);
    }
    children.push_back(child);
  }
  for (unsigned job = 0; job < asked.jobs; ++job) {
    int status = 0;
    ::waitpid(children[job], &status, 0);
    if (WIFSIGNALED(status)) {
      shared.has_failed = true;
      shared.failed_job = job;
      std::printf("%s %llu: the process died by signal %d\n", asked.is_systematic ? "world" : "seed",
                  static_cast<unsigned long long>(shared.at[job].seed.load()), WTERMSIG(status));
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
  if (asked.is_systematic) {
    std::printf("%llu worlds, %llu of them passed over, %llu with all schedules of at most %u deviations; "
                "%llu schedules, %llu steps, "
                "%llu states of the topology, %llu operations in %.1f s, %.1f s of processor time\n",
                number(shared.seeds), number(shared.passed_over),
                number(shared.seeds) - number(shared.incomplete) - number(shared.passed_over), asked.bounds.deviations,
                number(shared.schedules), number(shared.steps), number(shared.states), number(shared.operations),
                seconds, processor_seconds_of_children());
  } else {
    std::printf("%llu seeds, %llu steps, %llu switches, %llu operations in %.1f s, %.1f s of processor time\n",
                number(shared.seeds), number(shared.steps), number(shared.switches), number(shared.operations), seconds,
                processor_seconds_of_children());
  }
  if (shared.has_failed) {
    const current_run& failed = shared.at[shared.failed_job];
    const auto seed = static_cast<unsigned long long>(failed.seed.load());
    if (asked.is_systematic) {
      std::printf("replay: tools/simulate --systematic --first %llu --schedule '%s' --trace\n", seed, failed.schedule);
    } else {
      std::printf("replay: tools/simulate --first %llu --seeds 1 --trace\n"
                  "shrink: tools/simulate --first %llu --shrink\n",
                  seed, seed);
    }
    return 1;
  }
  if (!has_all_kinds) {
    std::printf("error: something of the list has not happened in these seeds\n");
  }
  return has_all_kinds ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/simulation/script_shrinker.hh"

#include "messages/assert.hh"
#include "tests/simulation/simulated_world.hh"

#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace interlink::simulation {

namespace {

using thread_choices = std::vector<std::pair<script_place, script_part>>;

/// Far above what a run takes; one that goes on fails in another way than by what it is to show.
constexpr unsigned trial_seconds = 20;

/// Without the numbers, which change when steps are left out.
std::string kind_of(const std::string& failure)
{
  std::string kind;
  for (const char c : failure) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
      kind += c;
    }
  }
  return kind;
}

void clear(const std::string& directory)
{
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
}

/// The first failure of a run in a process of its own; empty for none.
std::string failure_of(const std::string& directory, const std::function<world_report()>& run)
{
  clear(directory);
  std::array<int, 2> ends{};
  INTERLINK_ASSERT(::pipe(ends.data()) == 0);
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    // A trial that crashes says so to nobody.
    static_cast<void>(std::freopen("/dev/null", "w", stderr));
    static_cast<void>(std::freopen("/dev/null", "w", stdout));
    ::alarm(trial_seconds);
    const world_report report = run();
    const std::string first = report.failures.empty() ? std::string() : report.failures.front();
    static_cast<void>(!::write(ends[1], first.data(), first.size()));
    std::_Exit(0);
  }
  ::close(ends[1]);
  std::string said;
  std::array<char, 4096> bytes{};
  for (ssize_t got = 0; (got = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
    said.append(bytes.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? "the process died by signal " + std::to_string(WTERMSIG(status)) : said;
}

} // namespace

shrunk_run shrink_seed(std::uint64_t seed, const std::string& directory)
{
  shrunk_run found;
  shared_recorder recorder;
  found.failure =
      failure_of(directory, [&] { return simulated_world(seed, directory, {.recorder = &recorder}).run(); });
  if (found.failure.empty()) {
    return found;
  }
  found.record = recorder.record();
  found.steps = found.record.steps;
  found.choices = found.record.choices;
  const auto still_fails = [&](const std::vector<script_part>& steps, const thread_choices& choices) {
    ++found.trials;
    const std::string failure = failure_of(directory, [&] {
      replaying_director director(found.record, steps, choices);
      return simulated_world(seed, directory, {.director = &director}).run();
    });
    return kind_of(failure) == kind_of(found.failure);
  };
  found.is_replayed = still_fails(found.steps, found.choices);
  std::size_t left = found.is_replayed ? found.steps.size() + found.choices.size() + 1 : 0;
  while (left > found.steps.size() + found.choices.size()) { // what one leaves out lets the other leave out more
    left = found.steps.size() + found.choices.size();
    found.steps = smallest_failing(found.steps, [&](const auto& steps) { return still_fails(steps, found.choices); });
    found.choices =
        smallest_failing(found.choices, [&](const auto& choices) { return still_fails(found.steps, choices); });
  }
  return found;
}

void print_run(std::uint64_t seed, const std::string& directory, const shrunk_run& run)
{
  clear(directory);
  seeded_scheduler::print_events_at_once();
  replaying_director director(run.record, run.steps, run.choices);
  simulated_world(seed, directory, {.director = &director}).run();
}

} // namespace interlink::simulation

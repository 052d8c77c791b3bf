// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scenarios hold in every execution; and every memory order of the code is tried weaker, which must fail unless
// docs/memory_model.md says that nothing needs it.
#include "tests/memory_model/scenarios.hh"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace interlink::memory_model {
namespace {

verdict explore(const scenario& tried, memory model, const weakening& weaker = {})
{
  return explore({.model = model, .weaker = weaker, .counts_exactly = tried.counts_exactly}, tried.program);
}

class Protocol : public testing::TestWithParam<scenario> {};

TEST_P(Protocol, HoldsInEveryExecution)
{
  for (const memory model : {memory::cpp20, memory::x86}) {
    const verdict found = explore(GetParam(), model);
    EXPECT_EQ(found.failure, std::nullopt) << (model == memory::x86 ? "x86" : "C++20");
    EXPECT_GT(found.executions, 1);
    std::printf("%s: %s: %ld executions, %ld abandoned\n", GetParam().name, model == memory::x86 ? "x86" : "C++20",
                found.executions, found.abandoned);
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Protocol, testing::ValuesIn(scenarios()), [](const auto& each) {
  std::string name = each.param.name;
  std::erase_if(name, [](char letter) { return std::isalpha(static_cast<unsigned char>(letter)) == 0; });
  return name;
});

TEST(Agreement, OfAnIndexThatLeaksByARaceIsTheMachinesPromise)
{
  EXPECT_EQ(explore({.model = memory::x86}, leak_by_a_race).failure, std::nullopt);
  EXPECT_NE(explore({.model = memory::cpp20}, leak_by_a_race).failure, std::nullopt);
}

TEST(Agreement, FailsWhenAStepOfTheProtocolIsOutOfPlace)
{
  for (const auto program : {leak_before_the_publication, call_without_a_check, lane_after_the_snapshot,
                             leak_from_a_snapshot_ahead_of_the_head, head_that_goes_back, head_ahead_of_its_snapshot}) {
    for (const memory model : {memory::cpp20, memory::x86}) {
      EXPECT_NE(explore({.model = model}, program).failure, std::nullopt);
    }
  }
}

// ---- Weaker orders ----

const char* to_string(std::memory_order order)
{
  switch (order) {
  case std::memory_order_relaxed:
    return "relaxed";
  case std::memory_order_acquire:
    return "acquire";
  case std::memory_order_release:
    return "release";
  case std::memory_order_acq_rel:
    return "acq_rel";
  default:
    return "seq_cst";
  }
}

/// From the weakest on.
std::vector<std::memory_order> weaker_than(std::memory_order order, const std::string& access)
{
  std::vector<std::memory_order> weaker{std::memory_order_relaxed};
  const bool both = order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
  if (both && access != "store") {
    weaker.push_back(std::memory_order_acquire);
  }
  if (both && access != "load" && access != "failed update") {
    weaker.push_back(std::memory_order_release);
  }
  if (order == std::memory_order_seq_cst && (access == "update" || access == "fence")) {
    weaker.push_back(std::memory_order_acq_rel);
  }
  return weaker;
}

/// The sites of a scenario, with their orders in the code.
const std::map<site, std::memory_order>& sites_of(const scenario& tried)
{
  static std::map<std::string, std::map<site, std::memory_order>> known;
  const auto [entry, is_new] = known.try_emplace(tried.name);
  if (is_new) {
    met_sites().clear();
    static_cast<void>(explore(tried, memory::cpp20));
    entry->second = met_sites();
  }
  return entry->second;
}

bool meets(const scenario& tried, const site& where)
{
  return sites_of(tried).contains(where);
}

/// The weakest order with which every scenario holds, and the scenario that fails with the next weaker one.
std::string needed(const site& where, std::memory_order order, memory model)
{
  std::string fails_in;
  for (const std::memory_order weaker : weaker_than(order, where.access)) {
    const auto failing = std::ranges::find_if(scenarios(), [&](const scenario& each) {
      return meets(each, where) && explore(each, model, {where, weaker}).failure.has_value();
    });
    if (failing == scenarios().end()) {
      return fails_in.empty() ? to_string(weaker) : fmt::format("{} ({})", to_string(weaker), fails_in);
    }
    fails_in = failing->name;
  }
  return fmt::format("{} ({})", to_string(order), fails_in);
}

std::string table_of_orders()
{
  std::map<site, std::memory_order> met;
  for (const scenario& each : scenarios()) {
    met.insert(sites_of(each).begin(), sites_of(each).end());
  }
  std::ostringstream table;
  std::map<std::string, int> numbers;
  for (const auto& [where, order] : met) {
    const std::string name = where.function + "`, " + where.access;
    const int number = ++numbers[name];
    table << fmt::format("| `{}{} | {} | {} | {} |\n", name, number > 1 ? fmt::format(" {}", number) : "",
                         to_string(order), needed(where, order, memory::cpp20), needed(where, order, memory::x86));
  }
  return table.str();
}

TEST(Orders, AreThoseOfTheTable)
{
  std::ifstream file(INTERLINK_SOURCE_DIR "/docs/memory_model.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  const std::string table = table_of_orders();
  EXPECT_NE(document.find(table), std::string::npos) << "docs/memory_model.md should have this table:\n" << table;
}

} // namespace
} // namespace interlink::memory_model

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/perfetto.hh"

#include "tests/trace/made_trace.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace interlink::trace {
namespace {

using nlohmann::json;

std::vector<json> events_with(const json& trace, const char* phase)
{
  std::vector<json> found;
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] == phase) {
      found.push_back(event);
    }
  }
  return found;
}

TEST(Perfetto, HasATrackForEachActor)
{
  const json trace = json::parse(to_perfetto(test::made_trace()));
  std::map<int, std::string> tracks;
  for (const json& event : events_with(trace, "M")) {
    if (event["name"] == "thread_name") {
      tracks[event["tid"]] = event["args"]["name"];
    }
  }
  EXPECT_EQ(tracks, (std::map<int, std::string>{{0, "coordinator"}, {1, "thread 1"}, {2, "thread 2"}}));
}

TEST(Perfetto, HasSlicesInMicroseconds)
{
  const json trace = json::parse(to_perfetto(test::made_trace()));
  std::map<std::string, std::pair<double, double>> slices;
  for (const json& event : events_with(trace, "X")) {
    slices[event["name"]] = {event["ts"], event["dur"]};
  }
  EXPECT_EQ(slices.at("open libx.so"), (std::pair{1.0, 5.0}));
  EXPECT_EQ(slices.at("compile /libx.so (cached)"), (std::pair{1.2, 4.0}));
  EXPECT_TRUE(slices.contains("request commit_load"));
  EXPECT_TRUE(slices.contains("turn: commit_load of thread 1"));
  EXPECT_TRUE(slices.contains("catch up to operation 1"));
}

TEST(Perfetto, HasArrowsFromPublicationToApplicationAndFromRequestToReply)
{
  const json trace = json::parse(to_perfetto(test::made_trace()));
  std::map<std::string, std::string> ways;
  for (const char* phase : {"s", "t", "f"}) {
    for (const json& event : events_with(trace, phase)) {
      ways[event["cat"]] += std::to_string(event["tid"].get<int>());
    }
  }
  EXPECT_EQ(ways, (std::map<std::string, std::string>{{"operation", "02"}, {"request", "101"}}));
}

TEST(Perfetto, Counts)
{
  const json trace = json::parse(to_perfetto(test::made_trace()));
  std::map<std::string, int> last;
  for (const json& event : events_with(trace, "C")) {
    last[event["name"]] = event["args"].begin()->get<int>();
  }
  EXPECT_EQ(last, (std::map<std::string, int>{{"head", 1}, {"slots", 40}, {"threads", 2}}));
}

} // namespace
} // namespace interlink::trace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/jsonl.hh"

#include "tests/trace/made_trace.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace interlink::trace {
namespace {

using test::made_trace;

std::string problem_of(const std::string& text)
{
  const auto read = read_jsonl(text);
  return read ? "" : read.error().message();
}

TEST(Jsonl, IsReadAsItWasWritten)
{
  recorded_trace written = made_trace();
  written.drops.push_back({group_id{2}, 9'000, 12});
  const auto read = read_jsonl(to_jsonl(written));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, written);
}

TEST(Jsonl, HasOneObjectALineAndTheSchemaFirst)
{
  const std::string text = to_jsonl(made_trace());
  std::size_t begin = 0;
  for (std::size_t number = 0; begin < text.size(); ++number) {
    const std::size_t end = text.find('\n', begin);
    const auto object = nlohmann::json::parse(text.substr(begin, end - begin));
    ASSERT_TRUE(object.is_object());
    if (number == 0) {
      EXPECT_EQ(object["schema"], "interlink-trace");
      EXPECT_EQ(object["version"], 1);
      EXPECT_EQ(object["process"], "main.wasm");
    } else {
      EXPECT_TRUE(object.contains("actor") && object.contains("time") && object.contains("kind")) << object;
    }
    begin = end + 1;
  }
}

TEST(Jsonl, KeepsEveryKindNoteAndRequest)
{
  recorded_trace written;
  for (std::size_t i = 0; i < event_kind_count; ++i) {
    written.events.push_back(
        {.actor = group_id{7},
         .time = i,
         .kind = static_cast<event_kind>(i),
         .phase = static_cast<event_phase>(i % 3),
         .request = static_cast<request_kind>(i % (static_cast<std::size_t>(request_kind::none) + 1)),
         .note = static_cast<event_note>(i % event_note_count),
         .subject = 0xffff'ffff,
         .message = 0x8000'0000,
         .cause = 3,
         .peer = group_id{0xffff'fff0},
         .name = "a \"quoted\" name\n\t\u00e9"});
  }
  const auto read = read_jsonl(to_jsonl(written));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, written);
}

TEST(Jsonl, WritesNamesThatAreNotUtf8)
{
  recorded_trace written;
  written.events.push_back({.actor = group_id{1}, .kind = event_kind::open, .name = "lib\xff.so"});
  const auto read = read_jsonl(to_jsonl(written));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->events.front().name, "lib\ufffd.so");
}

TEST(Jsonl, OrdersByTimeWhatWasWrittenActorByActor)
{
  recorded_trace written;
  written.events.push_back({.actor = group_id{1}, .time = 20, .kind = event_kind::apply, .subject = 1});
  written.events.push_back({.actor = group_id{2}, .time = 10, .kind = event_kind::apply, .subject = 1});
  const auto read = read_jsonl(to_jsonl(written));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->events.front().actor, group_id{2});
}

TEST(Jsonl, LeavesOutALastLineThatWasCutOff)
{
  const std::string whole = to_jsonl(made_trace());
  const auto read = read_jsonl(whole.substr(0, whole.size() - 5));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_FALSE(read->is_whole);
  EXPECT_EQ(read->events, made_trace().events);
}

TEST(Jsonl, SaysWhatIsWrongAndWhere)
{
  const std::string head = to_line(header{});
  const std::string event = R"({"actor":"thread 1","time":5,"kind":"apply","operation":1})";
  EXPECT_TRUE(problem_of("").contains("the first line is missing"));
  EXPECT_TRUE(problem_of("\x7f"
                         "ELF\n")
                  .contains("line 1: this is no trace"));
  EXPECT_TRUE(problem_of("{\"traceEvents\":[]}\n").contains("line 1: this is no trace"));
  EXPECT_TRUE(problem_of("{\"schema\":\"interlink-trace\",\"version\":2}\n").contains("version 2 of the schema"));
  EXPECT_TRUE(problem_of(head + event + "\nnonsense\n").contains("line 3: no JSON object"));
  EXPECT_TRUE(
      problem_of(head + "{\"actor\":\"thread 1\",\"kind\":\"apply\"}\n").contains("line 2: \"time\" is missing"));
  EXPECT_TRUE(problem_of(head + R"({"actor":"thread 1","time":-5,"kind":"apply"})"
                                "\n")
                  .contains("\"time\" is -5"));
  EXPECT_TRUE(problem_of(head + R"({"actor":"thread x","time":5,"kind":"apply"})"
                                "\n")
                  .contains("\"thread x\""));
  EXPECT_TRUE(problem_of(head + R"({"actor":"thread 1","time":5,"kind":"fly"})"
                                "\n")
                  .contains("\"fly\""));
  EXPECT_TRUE(problem_of(head + R"({"actor":"thread 1","time":5,"kind":"apply","operation":4294967296})"
                                "\n")
                  .contains("\"operation\" is 4294967296"));
  EXPECT_TRUE(problem_of(head + R"({"actor":"thread 1","time":5,"kind":"open","name":7})"
                                "\n")
                  .contains("a string"));
  EXPECT_TRUE(problem_of(head + end_line(5) + event + "\n").contains("behind the end"));
}

} // namespace
} // namespace interlink::trace

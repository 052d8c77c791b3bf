// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/jsonl.hh"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace interlink::trace {

namespace {

using nlohmann::json;

std::string json_text(std::string_view text)
{
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// As a key or a value: "catch_up".
std::string word(std::string_view name)
{
  std::string made(name);
  std::ranges::replace(made, ' ', '_');
  return made;
}

std::string_view key_of_subject(event_kind kind)
{
  const event_subject subject = subject_of(kind);
  return subject == event_subject::count ? "count" : subject == event_subject::none ? "subject" : to_string(subject);
}

std::string_view key_of_peer(event_kind kind)
{
  return kind == event_kind::commit ? "groups" : kind == event_kind::construct ? "needs" : "thread";
}

void add_number(std::string& line, std::string_view key, std::uint64_t number)
{
  if (number != 0) {
    fmt::format_to(std::back_inserter(line), R"(,"{}":{})", key, number);
  }
}

void add_word(std::string& line, std::string_view key, std::string_view value)
{
  if (!value.empty()) {
    fmt::format_to(std::back_inserter(line), R"(,"{}":"{}")", key, word(value));
  }
}

std::string begin_line(const std::string& actor, std::uint64_t time, std::string_view kind)
{
  return fmt::format(R"({{"actor":"{}","time":{},"kind":"{}")", actor, time, word(kind));
}

/// The one of `count` values of an enumeration whose name is `name`.
template <class Enumeration>
std::optional<Enumeration> value_named(std::string_view name, std::size_t count)
{
  for (std::size_t i = 0; i < count; ++i) {
    if (word(to_string(static_cast<Enumeration>(i))) == name) {
      return static_cast<Enumeration>(i);
    }
  }
  return std::nullopt;
}

/// Members of one line, of the types that they must have. The first problem is kept.
class line_reader {
public:
  explicit line_reader(const json& object) : object_(object) {}

  std::string text(const char* key)
  {
    const auto found = object_.find(key);
    if (found == object_.end()) {
      return {};
    }
    if (!found->is_string()) {
      complain(fmt::format("\"{}\" is {}, expected a string", key, found->dump()));
      return {};
    }
    return found->get<std::string>();
  }

  std::uint64_t number(std::string_view key, std::uint64_t limit = std::numeric_limits<std::uint32_t>::max())
  {
    const auto found = object_.find(key);
    if (found == object_.end()) {
      return 0;
    }
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > limit) {
      complain(fmt::format("\"{}\" is {}, expected a whole number up to {}", key, found->dump(), limit));
      return 0;
    }
    return found->get<std::uint64_t>();
  }

  std::uint32_t number32(std::string_view key) { return static_cast<std::uint32_t>(number(key)); }

  std::uint64_t number64(std::string_view key) { return number(key, std::numeric_limits<std::uint64_t>::max()); }

  void require(const char* key)
  {
    if (!object_.contains(key)) {
      complain(fmt::format("\"{}\" is missing", key));
    }
  }

  template <class Enumeration>
  Enumeration one_of(const char* key, std::size_t count, Enumeration otherwise)
  {
    const std::string name = text(key);
    if (name.empty()) {
      return otherwise;
    }
    const auto found = value_named<Enumeration>(name, count);
    if (!found) {
      complain(fmt::format("\"{}\" is \"{}\", which this version does not know", key, name));
    }
    return found.value_or(otherwise);
  }

  group_id actor()
  {
    const std::string name = text("actor");
    if (name == "coordinator") {
      return no_group;
    }
    std::string_view digits;
    for (const std::string_view what : {"thread ", "loader ", "watchdog "}) {
      digits = name.starts_with(what) ? std::string_view(name).substr(what.size()) : digits;
    }
    const json number = json::parse(digits, nullptr, false);
    if (!number.is_number_unsigned() || number == 0 ||
        number.get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max()) {
      complain(fmt::format("\"actor\" is \"{}\", expected \"coordinator\" or \"thread\" and its number", name));
      return no_group;
    }
    return group_id{number.get<std::uint32_t>()};
  }

  void complain(std::string problem)
  {
    if (problem_.empty()) {
      problem_ = std::move(problem);
    }
  }

  const std::string& problem() const { return problem_; }

private:
  const json& object_;
  std::string problem_;
};

recorded_event read_event(line_reader& line)
{
  recorded_event event;
  event.kind = line.one_of("kind", event_kind_count, event_kind{});
  event.actor = line.actor();
  event.time = line.number64("time");
  event.phase = line.one_of("phase", 3, event_phase::instant);
  event.request = line.one_of("request", static_cast<std::size_t>(request_kind::none), request_kind::none);
  event.note = line.one_of("note", event_note_count, event_note::none);
  event.subject = line.number32(key_of_subject(event.kind));
  event.message = line.number32("message");
  event.cause = line.number32("cause");
  event.peer = group_id{line.number32(key_of_peer(event.kind))};
  event.name = line.text("name");
  return event;
}

header read_header(line_reader& line)
{
  header head;
  head.version = line.number32("version");
  head.process = line.text("process");
  head.began = line.text("began");
  head.clock = line.text("clock");
  const std::string schema = line.text("schema");
  if (schema != schema_name) {
    line.complain(fmt::format("this is no trace: the first line has no \"schema\":\"{}\"", schema_name));
  } else if (head.version != schema_version) {
    line.complain(fmt::format("the trace has version {} of the schema, this command reads version {}", head.version,
                              schema_version));
  }
  return head;
}

std::unexpected<error> malformed(std::size_t number, const std::string& problem)
{
  return fail(errc::invalid_argument, fmt::format("line {}: {}", number, problem));
}

} // namespace

std::string to_line(const header& head)
{
  return fmt::format("{{\"schema\":\"{}\",\"version\":{},\"clock\":{},\"process\":{},\"began\":{}}}\n", schema_name,
                     head.version, json_text(head.clock), json_text(head.process), json_text(head.began));
}

std::string to_line(const recorded_event& event)
{
  std::string line =
      begin_line(name_of_actor(event.actor, role_of(event.actor, event.kind)), event.time, to_string(event.kind));
  add_word(line, "phase", to_string(event.phase));
  add_word(line, "request", to_string(event.request));
  add_word(line, "note", to_string(event.note));
  add_number(line, key_of_subject(event.kind), event.subject);
  add_number(line, "message", event.message);
  add_number(line, "cause", event.cause);
  add_number(line, key_of_peer(event.kind), event.peer.value);
  if (!event.name.empty()) {
    line.append(",\"name\":").append(json_text(event.name));
  }
  return line.append("}\n");
}

std::string to_line(const recorded_drop& drop)
{
  std::string line = begin_line(name_of_actor(drop.actor), drop.time, "drop");
  add_number(line, "count", drop.count);
  return line.append("}\n");
}

std::string end_line(std::uint64_t time)
{
  return begin_line(name_of_actor(no_group), time, "end").append("}\n");
}

std::string to_jsonl(const recorded_trace& trace)
{
  std::string text = to_line(trace.head);
  std::uint64_t last = 0;
  for (const recorded_event& event : trace.events) {
    text += to_line(event);
    last = std::max(last, event.time);
  }
  for (const recorded_drop& drop : trace.drops) {
    text += to_line(drop);
    last = std::max(last, drop.time);
  }
  return trace.is_whole ? text + end_line(last) : text;
}

result<void> jsonl_reader::add(std::string_view text)
{
  ++lines_;
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) {
    return malformed(lines_, lines_ == 1 ? "this is no trace: the first line is no JSON object" : "no JSON object");
  }
  line_reader line(object);
  if (lines_ == 1) {
    header head = read_header(line);
    if (line.problem().empty()) {
      trace_.head = std::move(head);
    }
  } else if (trace_.is_whole) {
    line.complain("there is something behind the end of the recording");
  } else {
    for (const char* key : {"actor", "time", "kind"}) {
      line.require(key);
    }
    const std::string kind = line.text("kind");
    if (kind == "end") {
      trace_.is_whole = line.problem().empty();
    } else if (kind == "drop") {
      const recorded_drop drop{line.actor(), line.number64("time"), line.number64("count")};
      if (line.problem().empty()) {
        trace_.drops.push_back(drop);
      }
    } else if (recorded_event event = read_event(line); line.problem().empty()) {
      trace_.events.push_back(std::move(event));
    }
  }
  return line.problem().empty() ? result<void>{} : result<void>(malformed(lines_, line.problem()));
}

result<recorded_trace> read_jsonl(std::string_view text)
{
  jsonl_reader reader;
  bool has_lines = false;
  while (true) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      break;
    }
    if (auto added = reader.add(text.substr(0, end)); !added) {
      return fail(std::move(added.error()));
    }
    has_lines = true;
    text.remove_prefix(end + 1);
  }
  if (!has_lines) {
    return fail(errc::invalid_argument, "this is no trace: the first line is missing");
  }
  sort_by_time(reader.trace());
  return std::move(reader.trace());
}

} // namespace interlink::trace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/tracing.hh"

#include <algorithm>
#include <ctime>
#include <mutex>
#include <utility>

#include "trace/jsonl.hh"

namespace interlink {

namespace {

/// Chosen: a ring of a thousand events lasts for it, unless an actor does nothing but record.
constexpr std::chrono::milliseconds pause_between_rounds{5};
constexpr std::size_t collector_stack_bytes = std::size_t{256} << 10;

std::string utc_text(std::chrono::system_clock::time_point moment)
{
  const std::time_t seconds = std::chrono::system_clock::to_time_t(moment);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text;
}

/// What the actors wrote since the last look.
struct batch {
  std::vector<trace::recorded_event> events; ///< by time
  std::vector<trace::recorded_drop> drops;
  std::uint64_t time{}; ///< of the look
};

/// Takes from the rings what it has not taken yet. Context: one thread at a time.
class collector {
public:
  explicit collector(std::shared_ptr<event_recorder> recorder) : recorder_(std::move(recorder))
  {
    for (const auto& actor : recorder_->actors()) {
      const std::uint64_t gone = actor->ring().dropped();
      positions_.emplace(actor, gone);
      if (gone != 0) {
        gone_.push_back({actor->actor(), 0, gone});
      }
    }
  }

  batch collect()
  {
    // Before the rings: an actor that has left by now is not in the list of the living, and has written all.
    const auto actors = recorder_->actors();
    line_.to = event_clock::read();
    batch taken;
    taken.time = time_of(line_.to.ticks);
    taken.drops = std::exchange(gone_, {});
    for (const auto& actor : actors) {
      std::uint64_t& next = positions_[actor];
      event_ring::reading read = actor->ring().since(next);
      // What came after the look began is left for the next one: rings are read one after the other, and an event
      // would be here without the one that led to it.
      std::erase_if(read.events, [this](const event& each) { return each.ticks > line_.to.ticks; });
      next += read.dropped + read.events.size();
      for (const event& each : read.events) {
        taken.events.push_back(recorded(*actor, each, time_of(each.ticks)));
      }
      if (read.dropped != 0) {
        taken.drops.push_back({actor->actor(), taken.time, read.dropped});
      }
    }
    line_.from = line_.to;
    std::ranges::stable_sort(taken.events, {}, &trace::recorded_event::time);
    return taken;
  }

  /// Lets those go that have ended before the last look. After a look: what ended before it began was complete then.
  void forget_ended()
  {
    for (const auto& actor : std::exchange(ended_, recorder_->ended())) {
      recorder_->forget(actor);
      positions_.erase(actor);
    }
  }

private:
  trace::recorded_event recorded(const actor_events& actor, const event& each, std::uint64_t time)
  {
    return {.actor = actor.actor(),
            .time = time,
            .kind = each.kind,
            .phase = each.phase,
            .request = each.request,
            .note = each.note,
            .subject = each.subject,
            .message = each.message,
            .cause = each.cause,
            .peer = each.peer,
            .name = name_at(each.name)};
  }

  std::uint64_t time_of(std::uint64_t ticks) const
  {
    return static_cast<std::uint64_t>(line_.at(ticks, recorder_->began().time).count());
  }

  const std::string& name_at(std::uint32_t number)
  {
    for (auto next = static_cast<std::uint32_t>(names_.size()); next <= number; ++next) {
      names_.push_back(recorder_->name_at(next));
    }
    return names_[number];
  }

  std::shared_ptr<event_recorder> recorder_;

  std::map<std::shared_ptr<actor_events>, std::uint64_t> positions_; ///< how far each ring is read
  std::vector<trace::recorded_drop> gone_;                           ///< before the beginning
  std::vector<std::shared_ptr<actor_events>> ended_;                 ///< at the look before
  event_line line_{recorder_->began(), recorder_->began()};
  std::vector<std::string> names_;
};

/// A recording to a sink. Context: the collecting thread, and who waits for its end afterwards.
struct recording {
  trace_sink sink;
  trace_report report;

  void write(const std::string& text)
  {
    if (report.failure || text.empty()) {
      return;
    }
    if (auto written = sink(text); !written) {
      report.failure = std::move(written.error());
    }
  }

  void write(const batch& taken)
  {
    std::string text;
    for (const trace::recorded_drop& drop : taken.drops) {
      text += to_line(drop);
      report.dropped += drop.count;
    }
    for (const trace::recorded_event& event : taken.events) {
      text += to_line(event);
    }
    report.events += report.failure ? 0 : taken.events.size();
    write(text);
  }
};

} // namespace

/// Shared by the handle and the thread, which goes on when a sink does not return.
struct tracing::state {
  std::shared_ptr<event_recorder> recorder;
  trace::header head;

  ranked_mutex mutex{lock_rank::tracing};
  std::shared_ptr<recording> current; ///< null: none under way
  watcher each;
  std::shared_ptr<parker> collecting_at; ///< null: no thread
  bool is_ending{};                      ///< the recording is to end with the next look
  std::uint64_t looks_wanted{};
  std::uint64_t looks_done{};
  std::vector<std::shared_ptr<parker>> waiting;
  std::uint64_t done_recordings{};

  result<void> start_thread(const std::shared_ptr<state>& self);
  void run();
  bool look(collector& from);
  bool await_look(std::chrono::milliseconds patience);
};

tracing::tracing(std::shared_ptr<event_recorder> recorder, std::string process) : state_(std::make_shared<state>())
{
  state_->recorder = std::move(recorder);
  state_->head.process = std::move(process);
  const auto age = std::chrono::duration_cast<std::chrono::system_clock::duration>(schedule_clock::now() -
                                                                                   state_->recorder->began().time);
  state_->head.began = utc_text(std::chrono::system_clock::now() - age);
}

tracing::~tracing()
{
  stop();
  std::lock_guard lock(state_->mutex);
  state_->each = nullptr; // the thread ends
}

result<void> tracing::state::start_thread(const std::shared_ptr<state>& self)
{
  // Pre: the lock is held, and there is no thread.
  collecting_at = std::make_shared<parker>();
  recorder->set_details(true);
  auto thread = guest_thread::start(collector_stack_bytes, [self] { self->run(); });
  if (!thread) {
    collecting_at.reset();
    recorder->set_details(false);
    return fail(std::move(thread.error()));
  }
  return {}; // detached: it ends by itself
}

void tracing::state::run()
{
  collector from(recorder);
  while (look(from)) {
    collecting_at->park(parker::clock::now() + pause_between_rounds);
  }
}

bool tracing::state::look(collector& from)
{
  std::shared_ptr<recording> to;
  watcher told;
  bool ends = false;
  std::uint64_t wanted = 0;
  {
    std::lock_guard lock(mutex);
    to = current;
    told = each;
    ends = is_ending;
    wanted = looks_wanted;
  }
  const batch taken = from.collect();
  if (to) {
    to->write(taken);
    if (ends) {
      to->write(trace::end_line(taken.time));
    }
  }
  if (told) {
    for (const trace::recorded_event& event : taken.events) {
      told(event);
    }
  }
  from.forget_ended();
  std::vector<std::shared_ptr<parker>> done;
  bool goes_on = true;
  {
    std::lock_guard lock(mutex);
    looks_done = wanted;
    if (ends) {
      current.reset();
      is_ending = false;
    }
    if (!current && !each) {
      goes_on = false;
      collecting_at.reset();
      recorder->set_details(false);
    }
    done.swap(waiting);
  }
  for (const auto& waiter : done) {
    waiter->unpark();
  }
  return goes_on;
}

bool tracing::state::await_look(std::chrono::milliseconds patience)
{
  const auto deadline = parker::clock::now() + patience;
  const auto at = std::make_shared<parker>();
  std::uint64_t number = 0;
  {
    std::lock_guard lock(mutex);
    if (!collecting_at) {
      return true;
    }
    number = ++looks_wanted;
  }
  while (true) {
    std::shared_ptr<parker> thread;
    {
      std::lock_guard lock(mutex);
      if (looks_done >= number) {
        return true;
      }
      waiting.push_back(at);
      thread = collecting_at;
    }
    if (thread) {
      thread->unpark();
    }
    if (at->park(deadline) == wake_reason::deadline) {
      return false;
    }
  }
}

result<void> tracing::start(trace_sink sink)
{
  if (!state_->recorder->is_on()) {
    return fail(errc::invalid_argument,
                "the process records nothing: give process_options::events_per_actor room for events");
  }
  auto made = std::make_shared<recording>(std::move(sink), trace_report{});
  made->write(to_line(state_->head)); // by the caller: a sink that is no good is known at once
  if (made->report.failure) {
    return fail(*made->report.failure);
  }
  std::lock_guard lock(state_->mutex);
  if (state_->current) {
    return fail(errc::invalid_argument, "a trace is being recorded already; stop that one first");
  }
  state_->current = std::move(made);
  if (!state_->collecting_at) {
    if (auto started = state_->start_thread(state_); !started) {
      state_->current.reset();
      return started;
    }
  }
  return {};
}

std::optional<trace_report> tracing::stop(std::chrono::milliseconds patience)
{
  std::shared_ptr<recording> ended;
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->current || state_->is_ending) {
      return std::nullopt;
    }
    ended = state_->current;
    state_->is_ending = true;
  }
  if (!state_->await_look(patience)) {
    trace_report report;
    report.failure = error(errc::deadline_passed, "the trace's sink did not take what was recorded");
    return report;
  }
  return ended->report;
}

result<void> tracing::watch(watcher each)
{
  if (!state_->recorder->is_on()) {
    return fail(errc::invalid_argument,
                "the process records nothing: give process_options::events_per_actor room for events");
  }
  std::lock_guard lock(state_->mutex);
  state_->each = std::move(each);
  return state_->collecting_at ? result<void>{} : state_->start_thread(state_);
}

void tracing::flush(std::chrono::milliseconds patience)
{
  state_->await_look(patience);
}

result<void> tracing::snapshot(const trace_sink& sink) const
{
  const batch taken = collector(state_->recorder).collect();
  recording once{sink, {}};
  once.write(to_line(state_->head));
  once.write(taken);
  return once.report.failure ? result<void>(fail(*once.report.failure)) : result<void>{};
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns, waits, counts and rings.
#include "tests/memory_model/real_code.hh"
#include "tests/memory_model/scenarios.hh"

namespace interlink::memory_model {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

/// What an operation has a group do.
struct operation {
  plain<int> function;
};

using log = operation_log<operation>;

// ---- Turns ----

struct message : mailbox_node {
  plain<int> body;
  plain<int> reply;
  atomic<bool> is_answered{false};
};

/// Answers as the coordinator does.
class counter final : public serial_actor {
public:
  explicit counter(std::size_t bound = 64) : serial_actor(background.get_executor(), bound) {}

  asio::io_context background;
  plain<int> handled;

private:
  void handle(mailbox_node& node) override
  {
    auto& request = static_cast<message&>(node);
    handled = handled + 1;
    request.reply = request.body + 1;
    answered_.push_back(&request);
  }

  void finish_batch() override
  {
    for (message* const each : answered_) {
      each->is_answered.store(true, release);
    }
    answered_.clear();
  }

  std::vector<message*> answered_;
};

void ask(counter& actor, message& request, int body)
{
  request.body = body;
  request.is_answered.store(false, relaxed);
  actor.tell(request);
  request.is_answered.wait(false, acquire);
  check(request.reply == body + 1, "the reply is that of the request");
}

void two_senders(run& now)
{
  counter& actor = now.make<counter>();
  for (int sender = 0; sender < 2; ++sender) {
    message& request = now.make<message>();
    now.thread([&] {
      ask(actor, request, 1);
      ask(actor, request, 2); // its node is its own again
    });
  }
  now.finally([&] { check(actor.handled == 4, "every message is handled once"); });
}

void three_senders(run& now)
{
  counter& actor = now.make<counter>();
  for (int sender = 0; sender < 3; ++sender) {
    message& request = now.make<message>();
    now.thread([&, sender] { ask(actor, request, sender); });
  }
  now.finally([&] { check(actor.handled == 3, "every message is handled once"); });
}

/// A drainer handles one message and hands the duty over; a third thread is the background.
void hand_over(run& now)
{
  counter& actor = now.make<counter>(1);
  auto& events = now.make<atomic<int>>(0);
  hand_overs = &events;
  constexpr int is_done = 100;
  for (int sender = 0; sender < 2; ++sender) {
    message& request = now.make<message>();
    now.thread([&] {
      ask(actor, request, 1);
      events.fetch_add(is_done, std::memory_order_acq_rel);
    });
  }
  now.thread([&] {
    for (int seen = 0; seen < 2 * is_done;) {
      events.wait(seen, acquire);
      seen = events.load(acquire);
      actor.background.restart();
      actor.background.poll();
    }
  });
  now.finally([&] {
    hand_overs = nullptr;
    check(actor.handled == 2, "every message is handled once");
  });
}

// ---- Waits ----

void permit_before_or_after(run& now)
{
  parker& at = now.make<parker>();
  plain<int>& work = now.make<plain<int>>();
  now.thread([&] {
    work = 1;
    at.unpark();
  });
  now.thread([&] {
    check(at.park() == wake_reason::unparked, "the permit wakes");
    check(work == 1, "what was done before the permit is seen");
  });
}

void stop_of_a_wait(run& now)
{
  parker& at = now.make<parker>();
  now.thread([&] { at.stop(); });
  now.thread([&] { at.unpark(); });
  now.thread([&] {
    int permits = 0;
    for (int i = 0; i < 3; ++i) {
      permits += at.park() == wake_reason::unparked ? 1 : 0;
    }
    check(permits <= 1, "a permit ends one wait, a stop all others");
  });
}

/// `coordinator::await`, and a parker that goes with its thread.
void reply_and_its_parker(run& now)
{
  struct channel {
    atomic<bool> is_answered{false};
    plain<int> reply;
    shared_ptr<parker> at = make_shared<parker>();
  };

  channel& of = now.make<channel>();
  now.thread([&] {
    of.reply = 7;
    const shared_ptr<parker> at = of.at;
    of.is_answered.store(true, release);
    at->unpark();
  });
  now.thread([&] {
    while (!of.is_answered.load(acquire)) {
      of.at->park_regardless_of_stop();
    }
    check(of.reply == 7, "the reply is there");
    of.at.reset();
  });
}

void futex(run& now)
{
  struct waiting {
    futex_table table;
    parker at;
    std::uint32_t word = 0;
  };

  waiting& in = now.make<waiting>();
  now.thread([&] {
    const futex_outcome outcome = in.table.wait32(&in.word, 0, std::nullopt, in.at);
    check(outcome == futex_outcome::woken || outcome == futex_outcome::value_differs, "no store is missed");
  });
  now.thread([&] {
    atomic_ref<std::uint32_t>(in.word).store(1, relaxed);
    in.table.notify(&in.word, 1);
  });
}

// ---- Counts, rings ----

void completion(run& now)
{
  struct shared {
    log operations{operation{}};
    std::array<plain<int>, 3> applied;
    log::cursor node;
  };

  shared& of = now.make<shared>();
  of.node = of.operations.append(topology_version{1}, operation{1});
  of.node->expect(3);
  for (std::size_t group = 0; group < 3; ++group) {
    now.thread([&, group] {
      of.applied[group] = 1;
      if (of.node->complete_one()) {
        check(of.applied[0] + of.applied[1] + of.applied[2] == 3, "the last sees what the others did");
      }
    });
  }
  now.thread([&] {
    if (of.node->pending() == 0) {
      check(of.applied[0] + of.applied[1] + of.applied[2] == 3, "so does whoever finds the operation settled");
    }
  });
}

/// Two cursors part with the log's nodes, one of them behind the other.
void end_of_a_log(run& now)
{
  auto operations = std::make_unique<log>(operation{});
  log::cursor& behind = now.make<log::cursor>(operations->tail());
  operations->append(topology_version{1}, operation{1});
  log::cursor& ahead = now.make<log::cursor>(operations->tail());
  operations->append(topology_version{2}, operation{2});
  operations.reset();
  now.thread([&] { behind.reset(); });
  now.thread([&] {
    ahead = log::cursor(ahead->next());
    check(ahead->body().function == 2, "what a cursor stands on lives");
    ahead.reset();
  });
}

/// A library that one thread has loaded. Turns exclude each other, as the mailbox has them do.
struct library {
  open_count opens;
  mutex turns;
  plain<int> constructed;
  plain<int> used_first, used_second;

  void close()
  {
    if (opens.close_one_of_several()) {
      return;
    }
    turns.lock();
    const bool is_last = opens.close() == open_count::closed::last;
    turns.unlock();
    if (is_last) { // destructors
      check(constructed == 1, "a library is closed once");
      constructed = 2;
      check(used_first + used_second >= 0, "all that its users did lies behind");
    }
  }
};

void use_and_close(library& of, plain<int>& used)
{
  if (of.opens.reopen()) {
    check(of.constructed == 1, "what the constructors wrote is seen");
    used = 1;
    of.close();
  }
}

void open_without_a_turn(run& now)
{
  library& of = now.make<library>();
  now.thread([&] {
    of.turns.lock();
    of.opens.open();
    of.turns.unlock();
    of.constructed = 1;
    of.turns.lock();
    of.opens.set_constructed();
    of.turns.unlock();
    of.close();
  });
  now.thread([&] { use_and_close(of, of.used_first); });
  now.thread([&] { use_and_close(of, of.used_second); });
}

void recorder(run& now)
{
  event_ring& ring = now.make<event_ring>(1);
  now.thread([&] {
    for (std::uint32_t i = 1; i <= 3; ++i) {
      ring.write({.subject = i, .message = i, .peer = group_id{i}});
    }
  });
  now.thread([&] {
    for (const interlink::event& each : ring.last(1)) {
      check(each.subject == each.message && each.message == each.peer.value && each.subject != 0,
            "what a reader gets is whole");
    }
  });
}

} // namespace

std::vector<scenario> actor_scenarios()
{
  return {
      {"hand-over", "turns exclude each other when a drainer hands over after one message", hand_over},
      {"two senders", "turns exclude each other, replies and nodes pass to and fro", two_senders},
      {"three senders", "the same for three drainers", three_senders},
      {"permit", "no permit is lost", permit_before_or_after},
      {"stop", "a stop ends waits for good", stop_of_a_wait},
      {"reply and parker", "a reply is complete; its parker may go at once", reply_and_its_parker},
      {"futex", "no notification is lost", futex},
      {"completion", "the last group, and whoever finds the count at zero, sees what all did", completion},
      {"end of a log", "nodes die once nobody reads them", end_of_a_log, true},
      {"recorder", "events are whole", recorder},
      {"open count", "a library opened without a turn is constructed, and closed when all are through with it",
       open_without_a_turn},
  };
}

} // namespace interlink::memory_model

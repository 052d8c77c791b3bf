// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small recorded run: thread 1 opens libx.so, thread 2 catches up with it.
#pragma once

#include "trace/recorded_trace.hh"

namespace interlink::trace::test {

inline recorded_trace made_trace()
{
  const group_id opener{1};
  const group_id other{2};
  recorded_trace made;
  made.head.process = "main.wasm";
  made.head.began = "2026-01-02T03:04:05Z";
  made.is_whole = true;
  const auto add = [&made](recorded_event event) {
    made.events.push_back(std::move(event));
  };
  add({.actor = no_group, .time = 10, .kind = event_kind::spawn, .peer = opener});
  add({.actor = no_group, .time = 20, .kind = event_kind::spawn, .peer = other});
  add({.actor = opener,
       .time = 1'000,
       .kind = event_kind::open,
       .phase = event_phase::begin,
       .message = 1,
       .name = "libx.so"});
  add({.actor = opener,
       .time = 1'100,
       .kind = event_kind::read,
       .phase = event_phase::begin,
       .message = 2,
       .cause = 1});
  add({.actor = opener,
       .time = 1'200,
       .kind = event_kind::compile,
       .phase = event_phase::begin,
       .message = 3,
       .cause = 2,
       .name = "/libx.so"});
  add({.actor = opener,
       .time = 5'200,
       .kind = event_kind::compile,
       .phase = event_phase::end,
       .note = event_note::cached,
       .message = 3,
       .cause = 2,
       .name = "/libx.so"});
  add({.actor = opener, .time = 5'300, .kind = event_kind::read, .phase = event_phase::end, .message = 2, .cause = 1});
  add({.actor = opener,
       .time = 5'400,
       .kind = event_kind::send,
       .request = request_kind::commit_load,
       .message = 4,
       .cause = 1});
  add({.actor = no_group,
       .time = 5'500,
       .kind = event_kind::receive,
       .phase = event_phase::begin,
       .request = request_kind::commit_load,
       .message = 4,
       .cause = 4,
       .peer = opener});
  add({.actor = no_group,
       .time = 5'600,
       .kind = event_kind::commit,
       .note = event_note::load_modules,
       .subject = 1,
       .cause = 4,
       .peer = group_id{2},
       .name = "/libx.so"});
  add({.actor = no_group,
       .time = 5'650,
       .kind = event_kind::receive,
       .phase = event_phase::end,
       .request = request_kind::commit_load,
       .message = 4,
       .cause = 4,
       .peer = opener});
  add({.actor = no_group, .time = 5'700, .kind = event_kind::publish, .subject = 1, .cause = 4});
  add({.actor = no_group, .time = 5'750, .kind = event_kind::slots, .subject = 40});
  add({.actor = opener,
       .time = 5'800,
       .kind = event_kind::receive,
       .request = request_kind::commit_load,
       .message = 4,
       .cause = 4});
  add({.actor = opener,
       .time = 6'000,
       .kind = event_kind::open,
       .phase = event_phase::end,
       .subject = 2,
       .message = 1,
       .name = "libx.so"});
  add({.actor = other,
       .time = 8'000,
       .kind = event_kind::catch_up,
       .phase = event_phase::begin,
       .subject = 1,
       .message = 5});
  add({.actor = other, .time = 8'700, .kind = event_kind::apply, .subject = 1, .cause = 5});
  add({.actor = other, .time = 8'800, .kind = event_kind::settle, .subject = 1, .cause = 5});
  add({.actor = other,
       .time = 8'900,
       .kind = event_kind::catch_up,
       .phase = event_phase::end,
       .subject = 1,
       .message = 5});
  return made;
}

} // namespace interlink::trace::test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"
#include "wasi/wasix_calls.hh"

#include <fcntl.h>
#include <limits>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace interlink::wasi {

namespace {

outcome duplicate_above(system& s, call_context& c, guest_fd fd, guest_fd lowest, bool closes_on_exec,
                        guest_pointer duplicate)
{
  const auto found = s.descriptors().find(fd);
  if (!found) {
    return found.error();
  }
  if (lowest >= bound::descriptors) {
    return errno_code::inval;
  }
  if (!c.memory.contains(duplicate, 4)) {
    return errno_code::fault;
  }
  descriptor copy = **found;
  copy.closes_on_exec = closes_on_exec;
  const auto number = s.descriptors().insert(std::move(copy), lowest);
  return number ? c.memory.store(duplicate, *number) : number.error();
}

} // namespace

outcome fd_dup(system& s, call_context& c, guest_fd fd, guest_pointer duplicate)
{
  return duplicate_above(s, c, fd, 0, false, duplicate);
}

outcome fd_dup2(system& s, call_context& c, guest_fd fd, guest_fd lowest, std::uint32_t closes_on_exec,
                guest_pointer duplicate)
{
  return duplicate_above(s, c, fd, lowest, closes_on_exec != 0, duplicate);
}

outcome fd_pipe(system& s, call_context& c, guest_pointer read_end, guest_pointer write_end)
{
  if (!c.memory.contains(read_end, 4) || !c.memory.contains(write_end, 4)) {
    return errno_code::fault;
  }
  int ends[2] = {-1, -1};
  if (auto made = from_host_call(::pipe2(ends, O_CLOEXEC | O_NONBLOCK)); !made.is_success()) {
    return made;
  }
  auto reader = own_file(unique_fd(ends[0]), 0);
  auto writer = own_file(unique_fd(ends[1]), 0);
  if (!reader || !writer) {
    return reader ? writer.error() : reader.error();
  }
  (*reader)->polls_before_read = false; // it has had a writer from the beginning
  const auto rights_to_read = (*reader)->possible_rights;
  const auto rights_to_write = (*writer)->possible_rights;
  const auto numbers =
      s.descriptors().insert_pair({std::move(*reader), rights_to_read, rights_to_read, std::nullopt},
                                  {std::move(*writer), rights_to_write, rights_to_write, std::nullopt});
  if (!numbers) {
    return numbers.error();
  }
  (void)c.memory.store(read_end, numbers->first);
  return c.memory.store(write_end, numbers->second);
}

outcome fd_fdflags_get(system& s, call_context& c, guest_fd fd, guest_pointer flags)
{
  const auto found = s.descriptors().find(fd);
  if (!found) {
    return found.error();
  }
  return c.memory.store(flags, (*found)->closes_on_exec ? extended_flag::close_on_exec : std::uint16_t{0});
}

outcome fd_fdflags_set(system& s, call_context&, guest_fd fd, std::uint32_t flags)
{
  if ((flags & ~std::uint32_t{extended_flag::all}) != 0) {
    return errno_code::inval;
  }
  return s.descriptors().set_closes_on_exec(fd, (flags & extended_flag::close_on_exec) != 0);
}

outcome fd_event(system& s, call_context& c, std::uint64_t initial, std::uint32_t flags, guest_pointer made)
{
  if ((flags & ~event_flag::semaphore) != 0 || initial == std::numeric_limits<std::uint64_t>::max()) {
    return errno_code::inval;
  }
  if (!c.memory.contains(made, 4)) {
    return errno_code::fault;
  }
  const int mode = (flags & event_flag::semaphore) != 0 ? EFD_SEMAPHORE : 0;
  unique_fd counter(::eventfd(0, mode | EFD_CLOEXEC | EFD_NONBLOCK));
  if (!counter.is_open()) {
    return from_host_call(-1);
  }
  // The host's call takes 32 bits of the 64.
  if (initial != 0 && ::write(counter.value(), &initial, sizeof initial) != sizeof initial) {
    return from_host_call(-1);
  }
  auto file = own_file(std::move(counter), 0);
  if (!file) {
    return file.error();
  }
  const auto possible = (*file)->possible_rights;
  const auto number = s.descriptors().insert({std::move(*file), possible, possible, std::nullopt});
  return number ? c.memory.store(made, *number) : number.error();
}

} // namespace interlink::wasi

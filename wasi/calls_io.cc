// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"
#include "wasi/stream.hh"

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace interlink::wasi {

namespace {

// Everything that both directions check before a byte moves.
struct prepared_transfer {
  open_file_ptr file;
  std::vector<iovec> buffers;
};

expected<prepared_transfer> prepare(system& s, call_context& c, guest_fd fd, std::uint64_t needed, guest_pointer iovecs,
                                    guest_size count, guest_pointer size)
{
  auto found = s.descriptors().find(fd);
  if (!found) {
    return std::unexpected(found.error());
  }
  // A directory never has the right; isdir says more than notcapable and is what a read of a directory is on Linux.
  if ((*found)->file->type == file_type::directory) {
    return refuse(errno_code::isdir);
  }
  if (((*found)->base_rights & needed) != needed) {
    return refuse(errno_code::notcapable);
  }
  if (!c.memory.contains(size, 4)) {
    return refuse(errno_code::fault);
  }
  auto buffers = load_iovecs(c.memory, iovecs, count);
  if (!buffers) {
    return std::unexpected(buffers.error());
  }
  return prepared_transfer{(*found)->file, std::move(*buffers)};
}

outcome store_count(call_context& c, guest_pointer size, const expected<std::size_t>& moved)
{
  if (!moved) {
    return moved.error();
  }
  return c.memory.store(size, static_cast<std::uint32_t>(*moved));
}

expected<std::size_t> from_transfer(ssize_t moved)
{
  if (moved < 0) {
    return refuse(from_host_errno(errno));
  }
  return static_cast<std::size_t>(moved);
}

// A regular file at its own offset, which the host keeps, so that processes which share the description share it too.
expected<std::size_t> transfer_file(prepared_transfer& transfer, bool is_write)
{
  auto& file = *transfer.file;
  int fd = file.fd.value();
  auto count = static_cast<int>(transfer.buffers.size());
  const bool appends = (file.flags.load(std::memory_order_relaxed) & ~file.host_append & fd_flag::append) != 0;
  const auto write = [&] {
    // Offset -1 moves the file's own offset along, as O_APPEND would. Source: pwritev2(2).
    return appends ? ::pwritev2(fd, transfer.buffers.data(), count, -1, RWF_APPEND)
                   : ::writev(fd, transfer.buffers.data(), count);
  };
  ssize_t moved = -1;
  do {
    moved = is_write ? within_file_limit(write) : ::readv(fd, transfer.buffers.data(), count);
  } while (moved < 0 && errno == EINTR);
  return from_transfer(moved);
}

expected<std::size_t> read_hooked(const stream_hooks& hooks, std::span<const iovec> buffers)
{
  const auto first = std::ranges::find_if(buffers, [](const iovec& each) { return each.iov_len != 0; });
  if (first == buffers.end()) {
    return std::size_t{0};
  }
  const std::span into(static_cast<std::byte*>(first->iov_base), first->iov_len);
  return std::min(hooks.read(into), into.size());
}

expected<std::size_t> write_hooked(const stream_hooks& hooks, std::span<const iovec> buffers)
{
  std::size_t written = 0;
  for (const iovec& each : buffers) {
    if (each.iov_len != 0) {
      // A copy: the guest's other threads may write to their memory while the embedder looks at it.
      const auto* const from = static_cast<const std::byte*>(each.iov_base);
      const std::vector<std::byte> bytes(from, from + each.iov_len);
      hooks.write(bytes);
      written += bytes.size();
    }
  }
  return written;
}

expected<std::size_t> write_whole(prepared_transfer& of, call_context& c)
{
  if (of.file->hooks) {
    return write_hooked(*of.file->hooks, of.buffers);
  }
  const bool waits = of.file->method.load(std::memory_order_relaxed) != wait_method::never_waits;
  return waits ? write_stream(*of.file, of.buffers, c.cancel) : transfer_file(of, true);
}

/// No more than the budget has; what was not written goes back to it. Errors: fbig when it has nothing left, as beyond
/// the host's own limit of a file.
template <class Write>
expected<std::size_t> write_within(output_budget& budget, std::span<iovec> buffers, Write write)
{
  const std::uint64_t wanted = total_bytes(buffers);
  std::uint64_t left = budget.left.load(std::memory_order_relaxed);
  while (!budget.left.compare_exchange_weak(left, left - std::min(left, wanted), std::memory_order_relaxed)) {
  }
  const std::uint64_t granted = std::min(left, wanted);
  if (granted == 0 && wanted != 0) {
    return refuse(errno_code::fbig);
  }
  std::uint64_t room = granted;
  for (iovec& each : buffers) {
    each.iov_len = std::min<std::uint64_t>(each.iov_len, room);
    room -= each.iov_len;
  }
  const expected<std::size_t> written = write();
  budget.left.fetch_add(granted - written.value_or(0), std::memory_order_relaxed);
  return written;
}

outcome transfer_at(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count,
                    std::uint64_t offset, guest_pointer size, bool is_write)
{
  auto found = s.descriptors().find(fd);
  if (found && (*found)->file->is_stream()) {
    return errno_code::spipe;
  }
  auto needed = (is_write ? rights::fd_write : rights::fd_read) | rights::fd_seek;
  auto transfer = prepare(s, c, fd, needed, iovecs, count, size);
  if (!transfer) {
    return transfer.error();
  }
  if (offset > offset_max) {
    return errno_code::inval;
  }
  int host = transfer->file->fd.value();
  auto* buffers = transfer->buffers.data();
  auto buffer_count = static_cast<int>(transfer->buffers.size());
  auto at = static_cast<off_t>(offset);
  const auto move = [&] {
    ssize_t moved = -1;
    do {
      moved = is_write ? within_file_limit([&] { return ::pwritev(host, buffers, buffer_count, at); })
                       : ::preadv(host, buffers, buffer_count, at);
    } while (moved < 0 && errno == EINTR);
    return from_transfer(moved);
  };
  output_budget* const budget = is_write ? transfer->file->budget.get() : nullptr;
  return store_count(c, size, budget != nullptr ? write_within(*budget, transfer->buffers, move) : move());
}

} // namespace

outcome fd_read(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, guest_pointer size)
{
  auto transfer = prepare(s, c, fd, rights::fd_read, iovecs, count, size);
  if (!transfer) {
    return transfer.error();
  }
  if (transfer->file->hooks) {
    return store_count(c, size, read_hooked(*transfer->file->hooks, transfer->buffers));
  }
  bool waits = transfer->file->method.load(std::memory_order_relaxed) != wait_method::never_waits;
  return store_count(
      c, size, waits ? read_stream(*transfer->file, transfer->buffers, c.cancel) : transfer_file(*transfer, false));
}

outcome fd_write(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, guest_pointer size)
{
  auto transfer = prepare(s, c, fd, rights::fd_write, iovecs, count, size);
  if (!transfer) {
    return transfer.error();
  }
  output_budget* const budget = transfer->file->budget.get();
  const auto write = [&] {
    return write_whole(*transfer, c);
  };
  return store_count(c, size, budget != nullptr ? write_within(*budget, transfer->buffers, write) : write());
}

outcome fd_pread(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, std::uint64_t offset,
                 guest_pointer size)
{
  return transfer_at(s, c, fd, iovecs, count, offset, size, false);
}

outcome fd_pwrite(system& s, call_context& c, guest_fd fd, guest_pointer iovecs, guest_size count, std::uint64_t offset,
                  guest_pointer size)
{
  return transfer_at(s, c, fd, iovecs, count, offset, size, true);
}

} // namespace interlink::wasi

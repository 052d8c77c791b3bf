// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/memory_file.hh"

#include <cerrno>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace interlink::v0 {

interlink::result<found_module> make_memory_file(std::span<const std::byte> bytes, const std::string& name)
{
  const wasi::unique_fd memory(::memfd_create("interlink module", MFD_CLOEXEC));
  std::size_t done = 0;
  while (memory.is_open() && done < bytes.size()) {
    const ssize_t written = ::write(memory.value(), bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno != EINTR) {
      break;
    }
    done += written < 0 ? 0 : static_cast<std::size_t>(written);
  }
  if (!memory.is_open() || done < bytes.size()) {
    return interlink::fail(interlink::errc::file_unreadable,
                           name + ": the host has no room for its bytes: " + std::generic_category().message(errno));
  }
  auto found = library_files::open_host_file("/dev/fd/" + std::to_string(memory.value()));
  if (found) {
    found->path = name;
  }
  return found;
}

} // namespace interlink::v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/content_hash.hh"

#include "messages/limits.hh"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <nettle/sha2.h>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>

namespace interlink {

namespace {

class hasher {
public:
  hasher() { ::nettle_sha256_init(&state_); }

  void add(std::span<const std::byte> bytes)
  {
    ::nettle_sha256_update(&state_, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  }

  content_hash take()
  {
    content_hash hash;
    ::nettle_sha256_digest(&state_, hash.bytes.size(), reinterpret_cast<std::uint8_t*>(hash.bytes.data()));
    return hash;
  }

private:
  sha256_ctx state_{};
};

} // namespace

content_hash hash_of(std::span<const std::byte> bytes)
{
  hasher sum;
  sum.add(bytes);
  return sum.take();
}

std::optional<content_hash> hash_of_file(int file)
{
  constexpr std::size_t chunk_bytes = std::size_t{128} << 10; // stays in the second-level cache
  const auto chunk = std::make_unique_for_overwrite<std::byte[]>(chunk_bytes);
  hasher sum;
  std::size_t done = 0;
  while (done <= limit::module_bytes) {
    const ssize_t got = ::pread(file, chunk.get(), chunk_bytes, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return std::nullopt;
    }
    if (got == 0) {
      return sum.take();
    }
    sum.add({chunk.get(), static_cast<std::size_t>(got)});
    done += static_cast<std::size_t>(got);
  }
  return std::nullopt;
}

std::string to_text(const content_hash& hash)
{
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * hash.bytes.size());
  for (const std::byte each : hash.bytes) {
    const auto value = std::to_integer<unsigned>(each);
    text += {digits[value >> 4U], digits[value & 15U]};
  }
  return text;
}

} // namespace interlink

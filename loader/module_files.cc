// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/module_files.hh"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <memory>
#include <sys/mman.h>
#include <sys/stat.h>
#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#else
#include <sys/auxv.h>
#endif

namespace interlink {

namespace {

constexpr std::string_view suffix_of_modules = ".module";
constexpr std::string_view suffix_of_notes = ".note";

// Chosen: coarser than any file system's time stamps.
constexpr std::chrono::seconds quiet_time{2};

// Chosen: rarely enough that a hit is seldom a write, often enough to tell what is used from what is not.
constexpr std::chrono::hours between_uses{1};

struct footer {
  std::array<char, 8> magic{};
  std::uint64_t image_bytes{};
  std::uint64_t facts_bytes{};
  content_hash key; ///< that the file's name is made of
  std::array<std::uint64_t, 2> checksum{};
};

static_assert(std::has_unique_object_representations_v<footer>);

constexpr std::array<char, 8> magic{'i', 'l', 'm', 'o', 'd', 'u', 'l', 'e'};

/// What a file held, and when that was seen. The name of its own file is made of all but the last.
struct content_note {
  std::uint64_t device{};
  std::uint64_t inode{};
  std::uint64_t size{};
  std::array<std::int64_t, 2> modified{};
  std::array<std::int64_t, 2> changed{};
  content_hash content;
  std::array<std::uint64_t, 2> checksum{};
};

static_assert(std::has_unique_object_representations_v<content_note>);

template <class T>
std::span<const std::byte> bytes_of(const T& value)
{
  return std::as_bytes(std::span(&value, 1));
}

class checksum {
public:
  checksum() : state_(::XXH3_createState()) { ::XXH3_128bits_reset(state_.get()); }

  checksum& add(std::span<const std::byte> bytes)
  {
    ::XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
    return *this;
  }

  std::array<std::uint64_t, 2> take() const
  {
    const XXH128_hash_t sum = ::XXH3_128bits_digest(state_.get());
    return {sum.low64, sum.high64};
  }

private:
  struct deleter {
    void operator()(XXH3_state_t* state) const { ::XXH3_freeState(state); }
  };

  std::unique_ptr<XXH3_state_t, deleter> state_;
};

/// All but the checksum, which is last.
template <class T>
std::span<const std::byte> summed_part(const T& value)
{
  return bytes_of(value).first(sizeof(T) - sizeof(value.checksum));
}

/// A file's contents as they are. Own files only: who shortens a mapped file ends the host.
class file_map {
public:
  explicit file_map(int file)
  {
    struct stat status{};
    if (::fstat(file, &status) != 0 || status.st_size <= 0) {
      return;
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (at != MAP_FAILED) {
      bytes_ = {static_cast<const std::byte*>(at), size};
    }
  }

  file_map(const file_map&) = delete;
  file_map& operator=(const file_map&) = delete;

  ~file_map()
  {
    if (!bytes_.empty()) {
      ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    }
  }

  std::span<const std::byte> bytes() const { return bytes_; }

private:
  std::span<const std::byte> bytes_;
};

/// The least recently used files go first.
void note_use(const wasi::unique_fd& file)
{
  struct stat status{};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  if (::fstat(file.value(), &status) == 0 && now - std::chrono::seconds(status.st_mtim.tv_sec) > between_uses) {
    ::futimens(file.value(), nullptr);
  }
}

struct file_parts {
  std::span<const std::byte> image;
  std::span<const std::byte> facts;
  content_hash key;
};

/// Nothing unless the file is whole and unchanged.
std::optional<file_parts> parts_of(std::span<const std::byte> file)
{
  footer last;
  if (file.size() < sizeof last) {
    return std::nullopt;
  }
  const auto body = file.first(file.size() - sizeof last);
  std::memcpy(&last, file.data() + body.size(), sizeof last);
  if (last.magic != magic || last.image_bytes > body.size() || last.facts_bytes != body.size() - last.image_bytes ||
      checksum().add(body).add(summed_part(last)).take() != last.checksum) {
    return std::nullopt;
  }
  const auto image_bytes = static_cast<std::size_t>(last.image_bytes);
  return file_parts{body.first(image_bytes), body.subspan(image_bytes), last.key};
}

std::string name_of_key(const content_hash& key)
{
  return to_text(key).append(suffix_of_modules);
}

/// All but the content; nothing when the file cannot be asked.
std::optional<content_note> note_of(int file)
{
  struct stat status{};
  if (::fstat(file, &status) != 0) {
    return std::nullopt;
  }
  content_note note;
  note.device = status.st_dev;
  note.inode = status.st_ino;
  note.size = static_cast<std::uint64_t>(status.st_size);
  note.modified = {status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  note.changed = {status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
  return note;
}

std::string name_of_note(content_note note)
{
  note.content = {};
  return to_text(hash_of(summed_part(note))).append(suffix_of_notes);
}

std::optional<content_note> read_note(const wasi::unique_fd& file)
{
  const file_map map(file.value());
  content_note note;
  if (map.bytes().size() != sizeof note) {
    return std::nullopt;
  }
  std::memcpy(&note, map.bytes().data(), sizeof note);
  return checksum().add(summed_part(note)).take() == note.checksum ? std::optional(note) : std::nullopt;
}

content_hash hash_of_variant(const module_variant& variant)
{
  std::string text;
  for (const std::string& each : {variant.engine, variant.processor, variant.made_by, variant.instrument}) {
    text += std::to_string(each.size()) + ':' + each;
  }
  return hash_of(std::as_bytes(std::span(text)));
}

} // namespace

std::string processor_features()
{
  std::string text;
#if defined(__x86_64__)
  // The words that have no feature bits but numbers of the processor at hand are left out. Source: Intel's manual,
  // CPUID.
  std::array<unsigned, 4> words{};
  auto& [a, b, c, d] = words;
  if (__get_cpuid(1, &a, &b, &c, &d) != 0) {
    text += fmt::format("{:08x}{:08x}", c, d);
  }
  for (const unsigned leaf : {0U, 1U}) {
    if (__get_cpuid_count(7, leaf, &a, &b, &c, &d) != 0) {
      text += fmt::format("{:08x}{:08x}{:08x}{:08x}", leaf == 0 ? 0 : a, b, c, d);
    }
  }
  if (__get_cpuid(0x80000001, &a, &b, &c, &d) != 0) {
    text += fmt::format("{:08x}{:08x}", c, d);
  }
#else
  text = fmt::format("{:x} {:x}", ::getauxval(AT_HWCAP), ::getauxval(AT_HWCAP2));
#endif
  return text;
}

module_files::module_files(engine::module_images& images, cache_directory directory, const module_variant& variant,
                           std::uint64_t most_bytes)
    : images_(images), directory_(std::move(directory)), variant_(hash_of_variant(variant)), most_bytes_(most_bytes)
{
}

content_hash module_files::key_of(const content_hash& content) const
{
  const std::array<content_hash, 2> both{variant_, content};
  return hash_of(std::as_bytes(std::span(both)));
}

std::optional<kept_module> module_files::find(const content_hash& content) const
{
  const content_hash key = key_of(content);
  const auto file = directory_.find(name_of_key(key));
  if (!file) {
    return std::nullopt;
  }
  const file_map map(file->value());
  const auto parts = parts_of(map.bytes());
  if (!parts || parts->key != key) {
    return std::nullopt;
  }
  kept_module kept;
  if (!parts->facts.empty()) {
    kept.facts = unpack_facts(parts->facts);
    if (!kept.facts) {
      return std::nullopt;
    }
  }
  auto compiled = images_.map_image(file->value());
  if (!compiled) {
    compiled = images_.read_image(parts->image); // code of a file system without `exec` cannot be mapped
  }
  if (!compiled) {
    return std::nullopt;
  }
  kept.compiled = std::move(*compiled);
  note_use(*file);
  return kept;
}

void module_files::keep(const content_hash& content, const engine::compiled_module& compiled,
                        const module_facts* facts) const
{
  const auto image = images_.write_image(compiled);
  if (!image) {
    return;
  }
  const std::vector<std::byte> packed = facts == nullptr ? std::vector<std::byte>{} : pack(*facts);
  footer last;
  last.magic = magic;
  last.image_bytes = image->size();
  last.facts_bytes = packed.size();
  last.key = key_of(content);
  last.checksum = checksum().add(*image).add(packed).add(summed_part(last)).take();
  if (directory_.put(name_of_key(last.key), {*image, packed, bytes_of(last)})) {
    directory_.trim(most_bytes_);
  }
}

std::optional<content_hash> module_files::find_content(int file) const
{
  const auto asked = note_of(file);
  const auto kept = asked ? directory_.find(name_of_note(*asked)) : std::nullopt;
  const auto note = kept ? read_note(*kept) : std::nullopt;
  if (!note || name_of_note(*note) != name_of_note(*asked)) {
    return std::nullopt;
  }
  note_use(*kept);
  return note->content;
}

void module_files::note_content(int file, const content_hash& content, std::chrono::system_clock::time_point now) const
{
  auto note = note_of(file);
  if (!note || now.time_since_epoch() - std::chrono::seconds(note->changed[0]) < quiet_time) {
    return;
  }
  note->content = content;
  note->checksum = checksum().add(summed_part(*note)).take();
  directory_.put(name_of_note(*note), {bytes_of(*note)});
}

std::vector<kept_file> inspect(const cache_directory& directory)
{
  std::vector<kept_file> files;
  for (const cache_directory::entry& each : directory.list()) {
    kept_file told{each.name, each.size_bytes, each.used, {}, each.name.ends_with(suffix_of_notes), false};
    const auto file = directory.find(each.name);
    if (!file) {
      continue; // it has gone meanwhile
    }
    if (told.is_note) {
      const auto note = read_note(*file);
      told.is_sound = note && name_of_note(*note) == each.name;
    } else {
      const file_map map(file->value());
      const auto parts = parts_of(map.bytes());
      const auto facts = parts ? unpack_facts(parts->facts) : std::nullopt;
      told.module_name = facts ? facts->info->name : std::string{};
      told.is_sound = parts && name_of_key(parts->key) == each.name && (facts || parts->facts.empty());
    }
    files.push_back(std::move(told));
  }
  return files;
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/layout_reader.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "wasm/section_readers.hh"

namespace interlink {

namespace {

using section_function = void (*)(binary_reader&, module_layout&);

struct section_kind {
  std::string_view name;
  std::uint8_t rank; ///< order of appearance; the tag section stands between memory and global, data count before code
  section_function read;
};

constexpr std::array<section_kind, 14> kinds{{
    {"custom section", 0, nullptr},
    {"type section", 1, read_type_section},
    {"import section", 2, read_import_section},
    {"function section", 3, read_function_section},
    {"table section", 4, read_table_section},
    {"memory section", 5, read_memory_section},
    {"global section", 7, read_global_section},
    {"export section", 8, read_export_section},
    {"start section", 9, read_start_section},
    {"element section", 10, read_element_section},
    {"code section", 12, read_code_section},
    {"data section", 13, read_data_section},
    {"data count section", 11, read_data_count_section},
    {"tag section", 6, read_tag_section},
}};

struct other_format {
  std::string_view start;
  std::string_view remedy;
};

/// Files that are taken for wasm binaries, by their first bytes.
constexpr std::array<other_format, 8> other_formats{{
    {"(", "it is in the text format: translate it with wat2wasm --enable-all, and give the result"},
    {";;", "it is in the text format: translate it with wat2wasm --enable-all, and give the result"},
    {"\x7f"
     "ELF",
     "it is a native program or library: build it for wasm32, as docs/guests.md says"},
    {"!<arch>", "it is an archive of objects: link it with wasm-ld"},
    {"BC\xc0\xde", "it is LLVM bitcode, as -flto makes of objects: link it with wasm-ld"},
    {"#!", "it is a script: give the wasm file that it runs"},
    {"\x1f\x8b", "it is compressed with gzip: decompress it"},
    {"PK", "it is a zip archive: unpack it"},
}};

std::string_view remedy_for_other_format(std::span<const std::byte> bytes)
{
  if (bytes.empty()) {
    return "the file is empty: build it again";
  }
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  for (const other_format& each : other_formats) {
    if (text.starts_with(each.start)) {
      return each.remedy;
    }
  }
  return "build the program for wasm32, as docs/guests.md says";
}

/// The error for bytes that are no core module at all.
std::optional<error> find_other_format(std::span<const std::byte> bytes)
{
  constexpr std::string_view magic("\0asm", 4);
  constexpr std::size_t layer_at = 6; // 1 in a component
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  error_detail detail;
  if (bytes.empty() || text.substr(0, magic.size()) != magic.substr(0, bytes.size())) {
    detail.message = "not a wasm binary: it does not start with \\0asm";
    detail.remedy = remedy_for_other_format(bytes);
    return error(errc::malformed_module, std::move(detail));
  }
  if (text.size() > layer_at && text[layer_at] == 1) {
    detail.message = "a wasm component, not a core module";
    detail.remedy = "run it with `wasmtime run`, or build a core module, for example for wasm32-wasip1";
    return error(errc::unsupported_module, std::move(detail));
  }
  return std::nullopt;
}

void read_header(binary_reader& in)
{
  constexpr std::uint8_t version = 1;
  in.skip(4);
  const std::uint64_t place = in.offset();
  const std::array<std::uint8_t, 4> bytes{in.u8(), in.u8(), in.u8(), in.u8()};
  if (in.ok() && bytes != std::array<std::uint8_t, 4>{version}) {
    in.fail(errc::malformed_module, "wasm binary version is not 1", place);
  }
}

void read_section(binary_reader& in, module_layout& into, std::uint8_t& last_rank)
{
  section_place place;
  place.begin = in.offset();
  place.id = in.u8();
  const std::uint32_t size = in.u32();
  if (in.ok() && place.id >= kinds.size()) {
    in.fail(errc::malformed_module, "unknown section id " + std::to_string(place.id), place.begin);
  }
  if (!in.ok()) {
    return;
  }
  const section_kind& kind = kinds[place.id];
  const binary_reader::window whole = in.enter(size, kind.name);
  place.content = in.offset();
  place.end = place.content + size;
  if (place.id == section_id::custom) {
    place.name = in.name(limit::name_bytes, "custom section name");
    place.content = in.offset();
    in.skip(in.remaining());
  } else if (kind.rank <= last_rank) {
    in.fail(errc::malformed_module, std::string(kind.name) + " is out of order or there twice", place.begin);
  } else {
    last_rank = kind.rank;
    kind.read(in, into);
  }
  in.leave(whole, kind.name);
  into.sections.push_back(place);
}

void check_counts(binary_reader& in, const module_layout& layout)
{
  const std::size_t declared = layout.functions.size() - layout.imported_functions;
  if (declared != layout.bodies.size()) {
    in.fail(std::to_string(declared) + " functions are declared and " + std::to_string(layout.bodies.size()) +
            " have code");
  }
  const std::uint32_t segments = layout.active_data_segments + layout.passive_data_segments;
  if (layout.data_count && *layout.data_count != segments) {
    in.fail("the data count section says " + std::to_string(*layout.data_count) + " and there are " +
            std::to_string(segments) + " data segments");
  }
}

} // namespace

std::uint8_t section_rank(std::uint8_t id) noexcept
{
  return id < kinds.size() ? kinds[id].rank : std::uint8_t{0};
}

result<module_layout> read_layout(std::span<const std::byte> bytes)
{
  if (bytes.size() > limit::module_bytes) {
    return fail(errc::limit_exceeded, "module of " + std::to_string(bytes.size()) + " bytes, the limit is " +
                                          std::to_string(limit::module_bytes));
  }
  if (auto other = find_other_format(bytes)) {
    return fail(std::move(*other));
  }
  module_layout layout;
  layout.bytes = bytes;
  binary_reader in(bytes);
  read_header(in);
  std::uint8_t last_rank = 0;
  while (in.ok() && !in.at_end()) {
    read_section(in, layout, last_rank);
  }
  if (in.ok()) {
    check_counts(in, layout);
  }
  if (!in.ok()) {
    return fail(in.failure());
  }
  return layout;
}

} // namespace interlink

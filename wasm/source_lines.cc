// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/source_lines.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <libelf.h>
#include <string>
#include <string_view>

#include "wasm/layout_reader.hh"

namespace interlink {

namespace {

struct debug_section {
  std::string_view name;
  std::span<const std::byte> content;
};

std::vector<debug_section> debug_sections(const module_layout& layout)
{
  static constexpr std::array<std::string_view, 9> read{".debug_abbrev",   ".debug_addr",     ".debug_info",
                                                        ".debug_line",     ".debug_line_str", ".debug_ranges",
                                                        ".debug_rnglists", ".debug_str",      ".debug_str_offsets"};
  std::vector<debug_section> found;
  for (const section_place& place : layout.sections) {
    const bool is_read = place.id == section_id::custom && std::ranges::find(read, place.name) != read.end();
    if (is_read && std::ranges::find(found, place.name, &debug_section::name) == found.end()) {
      found.push_back({place.name, layout.bytes.subspan(place.content, place.end - place.content)});
    }
  }
  return found;
}

/// A row of a line table takes a byte of the file and forty in memory. Chosen: ten times what large programs have.
constexpr std::size_t longest_line_tables = std::size_t{64} << 20;

bool has_line_tables(const std::vector<debug_section>& sections)
{
  const auto lines = std::ranges::find(sections, ".debug_line", &debug_section::name);
  return lines != sections.end() && lines->content.size() <= longest_line_tables;
}

template <class T>
void append(std::vector<char>& to, const T& structure)
{
  const auto* bytes = reinterpret_cast<const char*>(&structure);
  to.insert(to.end(), bytes, bytes + sizeof(structure));
}

/// A 32-bit ELF file of nothing but these sections: header, contents, names, section headers.
std::vector<char> make_elf(const std::vector<debug_section>& sections)
{
  constexpr std::size_t alignment = 8;
  std::vector<char> image(sizeof(Elf32_Ehdr));
  std::string names(1, '\0');
  std::vector<Elf32_Shdr> headers(1); // the first one is null
  const auto add = [&](std::string_view name, std::uint32_t type, std::span<const char> content) {
    image.resize((image.size() + alignment - 1) / alignment * alignment);
    Elf32_Shdr header{};
    header.sh_name = static_cast<Elf32_Word>(names.size());
    header.sh_type = type;
    header.sh_offset = static_cast<Elf32_Off>(image.size());
    header.sh_size = static_cast<Elf32_Word>(content.size());
    header.sh_addralign = 1;
    headers.push_back(header);
    names.append(name).push_back('\0');
    image.insert(image.end(), content.begin(), content.end());
  };
  for (const debug_section& section : sections) {
    add(section.name, SHT_PROGBITS, {reinterpret_cast<const char*>(section.content.data()), section.content.size()});
  }
  const std::string with_own_name = names + ".shstrtab" + '\0';
  add(".shstrtab", SHT_STRTAB, with_own_name);
  image.resize((image.size() + alignment - 1) / alignment * alignment);
  Elf32_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_386;
  header.e_version = EV_CURRENT;
  header.e_shoff = static_cast<Elf32_Off>(image.size());
  header.e_ehsize = sizeof(Elf32_Ehdr);
  header.e_shentsize = sizeof(Elf32_Shdr);
  header.e_shnum = static_cast<Elf32_Half>(headers.size());
  header.e_shstrndx = static_cast<Elf32_Half>(headers.size() - 1);
  std::memcpy(image.data(), &header, sizeof(header));
  for (const Elf32_Shdr& each : headers) {
    append(image, each);
  }
  return image;
}

source_place place_of(Dwarf_Line& row)
{
  source_place place;
  if (const char* file = dwarf_linesrc(&row, nullptr, nullptr)) {
    place.file = file;
  }
  int line = 0;
  int column = 0;
  dwarf_lineno(&row, &line);
  dwarf_linecol(&row, &column);
  place.line = static_cast<std::uint32_t>(line);
  place.column = static_cast<std::uint32_t>(column);
  return place;
}

} // namespace

void source_lines::closer::operator()(Elf* file) const
{
  elf_end(file);
}

void source_lines::closer::operator()(Dwarf* information) const
{
  dwarf_end(information);
}

std::optional<source_lines> source_lines::read(std::span<const std::byte> module)
{
  const result<module_layout> layout = read_layout(module);
  const section_place* code = layout ? layout->find_section(section_id::code) : nullptr;
  if (code == nullptr) {
    return std::nullopt;
  }
  const std::vector<debug_section> sections = debug_sections(*layout);
  if (!has_line_tables(sections) || elf_version(EV_CURRENT) == EV_NONE) {
    return std::nullopt;
  }
  source_lines made;
  made.code_begin_ = code->content;
  made.image_ = make_elf(sections);
  made.file_.reset(elf_memory(made.image_.data(), made.image_.size()));
  made.information_.reset(made.file_ ? dwarf_begin_elf(made.file_.get(), DWARF_C_READ, nullptr) : nullptr);
  return made.information_ ? std::optional(std::move(made)) : std::nullopt;
}

std::optional<source_place> source_lines::find(std::uint64_t offset) const
{
  if (offset < code_begin_) {
    return std::nullopt;
  }
  const Dwarf_Addr address = offset - code_begin_;
  Dwarf_CU* unit = nullptr;
  Dwarf_Die entry{};
  while (dwarf_get_units(information_.get(), unit, &unit, nullptr, nullptr, &entry, nullptr) == 0) {
    if (dwarf_haspc(&entry, address) != 1) {
      continue;
    }
    if (Dwarf_Line* row = dwarf_getsrc_die(&entry, address)) {
      const source_place place = place_of(*row);
      return place.line != 0 && !place.file.empty() ? std::optional(place) : std::nullopt;
    }
  }
  return std::nullopt;
}

} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes, alignments, counts and names in dylink.0 that nobody means well: each library is refused with its name and the
// number, and a good one opens afterwards.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;
using support::wasm_builder;

/// A dylink.0 section with one subsection of these bytes.
wasm_builder with_subsection(std::uint8_t id, std::initializer_list<unsigned> bytes)
{
  wasm_builder module;
  module.dylink();
  std::vector<std::byte> content;
  for (const unsigned byte : bytes) {
    content.push_back(static_cast<std::byte>(byte));
  }
  module.dylink_subsection(id, content);
  module.side_module_imports();
  return module;
}

wasm_builder with_memory(std::uint32_t size, std::uint32_t alignment_log2 = 0)
{
  dylink_info info;
  info.memory_size = size;
  info.memory_alignment_log2 = alignment_log2;
  return make_library(info);
}

wasm_builder with_table(std::uint32_t size, std::uint32_t alignment_log2 = 0)
{
  dylink_info info;
  info.table_size = size;
  info.table_alignment_log2 = alignment_log2;
  return make_library(info);
}

wasm_builder with_needed(std::vector<std::string> needed, std::vector<std::string> runtime_path = {})
{
  dylink_info info;
  info.needed = std::move(needed);
  info.runtime_path = std::move(runtime_path);
  return make_library(info);
}

/// A library with a thread-local block of this size and alignment.
wasm_builder with_thread_locals(std::uint32_t size, std::uint32_t alignment)
{
  wasm_builder module = make_library();
  module.function({{wasm::i32}, {}}, {}, "__wasm_init_tls");
  const auto constant = [](std::uint32_t value) {
    return support::wasm_code().i32_const(static_cast<std::int32_t>(value));
  };
  module.global({wasm::i32, true}, constant(0), "__tls_base");
  module.global({wasm::i32, false}, constant(size), "__tls_size");
  module.global({wasm::i32, false}, constant(alignment), "__tls_align");
  return module;
}

constexpr std::uint32_t most = 0xffffffff;

TEST(DylinkSizes, OfMemoryAreRefusedBeyondWhatThereIs)
{
  EXPECT_TRUE(all_are_refused({
      {"all.so", content_of(with_memory(most)), {"4294967296 bytes"}},
      {"all_aligned.so", content_of(with_memory(most, 16)), {"bytes"}},
      {"half.so", content_of(with_memory(most / 2 + 1)), {"2147483648 bytes"}},
      {"wraps_with_alignment.so", content_of(with_memory(0xffff0001, 16)), {"bytes"}},
  }));
}

TEST(DylinkSizes, OfTheTableAreRefusedBeyondItsLimit)
{
  EXPECT_TRUE(all_are_refused({
      {"all.so", content_of(with_table(most)), {"4294967295", "10000000"}},
      {"one_too_many.so", content_of(with_table(10'000'001)), {"10000001", "10000000"}},
      {"limit.so", content_of(with_table(10'000'000)), {"table"}},
      {"limit_aligned.so", content_of(with_table(9'999'000, 16)), {"table"}},
  }));
}

TEST(DylinkAlignments, AreRefusedBeyondTheirLimit)
{
  std::vector<named_content> files;
  for (const std::uint32_t log2 : {17U, 31U, 32U, 63U, 64U, most}) {
    const std::string found = std::to_string(log2);
    files.push_back({"memory_" + found + ".so", content_of(with_memory(16, log2)), {found, "16"}});
    files.push_back({"table_" + found + ".so", content_of(with_table(1, log2)), {found, "16"}});
  }
  EXPECT_TRUE(all_are_refused(files));
}

TEST(DylinkThreadLocals, AreRefusedWithSizesAndAlignmentsThatCannotBe)
{
  EXPECT_TRUE(all_are_refused({
      {"size.so", content_of(with_thread_locals(most, 1)), {}},
      {"half.so", content_of(with_thread_locals(most / 2 + 1, 16)), {}},
      {"three.so", content_of(with_thread_locals(16, 3)), {"3"}},
      {"huge_alignment.so", content_of(with_thread_locals(16, most / 2 + 1)), {}},
      {"both.so", content_of(with_thread_locals(most, most / 2 + 1)), {}},
  }));
}

TEST(DylinkCounts, AreRefusedBeforeAnythingIsMadeOfThem)
{
  // Subsections: 2 needed, 3 exports, 4 imports, 5 runtime path. 0xff 0xff 0xff 0xff 0x0f is the largest count.
  std::vector<named_content> files;
  for (const std::uint8_t id : {2, 3, 4, 5}) {
    const std::string number = std::to_string(id);
    files.push_back({"largest_" + number + ".so", content_of(with_subsection(id, {0xff, 0xff, 0xff, 0xff, 0x0f})), {}});
    files.push_back({"endless_" + number + ".so",
                     content_of(with_subsection(id, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80})),
                     {"offset"}});
    files.push_back({"long_name_" + number + ".so",
                     content_of(with_subsection(id, {0x01, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x41})),
                     {}});
  }
  std::vector<std::string> too_many(10'001, "libplain.so");
  files.push_back({"needs_too_many.so", content_of(with_needed(too_many)), {"10000"}});
  files.push_back({"paths_too_many.so",
                   content_of(with_needed({"absent.so"}, std::vector<std::string>(1'001, "/nowhere"))),
                   {"1000"}});
  EXPECT_TRUE(all_are_refused(files));
}

TEST(DylinkNames, OfNeededLibrariesLeadNowhereElse)
{
  const std::string absurd(90'000, 'x');
  std::vector<named_content> files{
      {"needs_empty.so", content_of(with_needed({""})), {}},
      {"needs_absurd.so", content_of(with_needed({absurd})), {"90000 bytes, the limit is 4096"}},
      {"needs_long_path.so", content_of(with_needed({std::string(4'096, '/')})), {}},
      {"needs_not_utf8.so", content_of(with_needed({"lib\xff\xfe.so"})), {"UTF-8"}},
      {"needs_nul.so", content_of(with_needed({std::string("libplain.so\0.so", 15)})), {"zero byte"}},
      {"needs_password.so", content_of(with_needed({"/etc/passwd"})), {"/etc/passwd"}},
      {"needs_above.so", content_of(with_needed({"../../../../../../etc/passwd"})), {"no such file"}},
      {"searches_above.so", content_of(with_needed({"passwd"}, {"$ORIGIN/../../../../etc", "/etc"})), {"passwd"}},
      {"absurd_path.so", content_of(with_needed({"absent.so"}, {absurd})), {"90000 bytes"}},
  };
  EXPECT_TRUE(all_are_refused(files));
}

} // namespace
} // namespace interlink

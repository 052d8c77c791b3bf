// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/export_index.hh"

#include "tests/support/module_info_builder.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using test::module_info_builder;

TEST(ExportIndex, FindsEachExportByItsName)
{
  const auto info = module_info_builder().function("f").data("d", 1).build();
  EXPECT_EQ(info->find_export_ordinal("d"), 1U);
  EXPECT_EQ(info->find_export_ordinal("nothing"), std::nullopt);
}

TEST(ExportIndex, NamesAFunctionByItsFirstExport)
{
  const auto info = module_info_builder().function("other").aliases({"f", "g"}).build();
  EXPECT_EQ(info->canonical_export, (std::vector<std::uint32_t>{0, 1, 1}));
}

TEST(ExportIndex, DoesNotTakeAGlobalForAFunctionOfTheSameIndex)
{
  module_info info;
  info.exports.push_back({"f", test::void_function, 0, 0, std::nullopt});
  info.exports.push_back({"g", test::constant_int, 0, 0, 4});
  index_exports(info);
  EXPECT_EQ(info.canonical_export, (std::vector<std::uint32_t>{0, 1}));
}

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/error.hh"

#include "messages/limits.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace interlink {
namespace {

constexpr std::array all_codes{
    errc::malformed_module,  errc::unsupported_module, errc::limit_exceeded,     errc::not_a_library,
    errc::library_not_found, errc::file_unreadable,    errc::symbol_not_found,   errc::symbol_type_mismatch,
    errc::unknown_import,    errc::invalid_handle,     errc::memory_exhausted,   errc::table_exhausted,
    errc::needs_memory,      errc::engine_refused,     errc::initialiser_failed, errc::group_lost,
    errc::stopping,          errc::cancelled,          errc::deadline_passed,    errc::mailbox_full,
    errc::spawn_failed,      errc::not_dynamic,        errc::invalid_argument,   errc::guest_trapped,
    errc::guest_exited,      errc::thread_exited,      errc::guest_threw};

constexpr std::string_view unknown_text = "unknown error";
constexpr int code_bound = 1000; ///< above every block of codes

error_detail missing_symbols(std::size_t count)
{
  error_detail detail;
  for (std::size_t i = 0; i < count; ++i) {
    detail.missing.push_back({"liba.so", "env", "symbol_" + std::to_string(i), ""});
  }
  return detail;
}

std::size_t count_of(const std::string& text, std::string_view part)
{
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

TEST(ErrorCategory, HasATextOfItsOwnForEachCode)
{
  std::set<std::string> texts;
  for (const errc code : all_codes) {
    const std::string text = make_error_code(code).message();
    EXPECT_FALSE(text.empty());
    EXPECT_NE(text, unknown_text) << static_cast<int>(code);
    EXPECT_TRUE(texts.insert(text).second) << "used twice: " << text;
  }
}

TEST(ErrorCategory, KnowsNoCodeThatIsNotListedHere)
{
  for (int value = 0; value < code_bound; ++value) {
    const bool is_listed = std::ranges::find(all_codes, static_cast<errc>(value)) != all_codes.end();
    EXPECT_EQ(interlink_category().message(value) != unknown_text, is_listed) << value;
  }
}

TEST(ErrorCategory, MakesStandardErrorCodes)
{
  const std::error_code code = errc::mailbox_full;
  EXPECT_EQ(code.value(), 703);
  EXPECT_STREQ(code.category().name(), "interlink");
  EXPECT_EQ(code, errc::mailbox_full);
  EXPECT_NE(code, errc::stopping);
}

TEST(Error, SaysWhatItsCodeSaysWhenNothingElseIsKnown)
{
  EXPECT_EQ(error(errc::stopping).message(), "the process is stopping");
  EXPECT_TRUE(error(errc::stopping).detail().message.empty());
}

TEST(Error, SaysItsMessageInPlaceOfTheCodesText)
{
  EXPECT_EQ(error(errc::stopping, "the group has ended").message(), "the group has ended");
}

TEST(Error, ListsItsFieldsInOneOrder)
{
  error_detail detail;
  detail.remedy = "build it again";
  detail.offset = 12;
  detail.found = "(func)";
  detail.expected = "(func (param i32))";
  detail.symbol_name = "add";
  detail.module_name = "liba.so";
  detail.message = "cannot link";
  detail.missing = {{"libb.so", "env", "sub", "(func (result i32))"}};
  detail.paths_tried = {"/lib/liba.so: no such file"};
  EXPECT_EQ(
      error(errc::symbol_type_mismatch, detail).message(),
      "cannot link; module liba.so; symbol add; expected (func (param i32)); found (func); at offset 0xc; build it "
      "again\n"
      "  sub (func (result i32)) (env), needed by libb.so\n"
      "  tried /lib/liba.so: no such file");
}

TEST(Error, LeavesOutTheFieldsThatAreNotSet)
{
  error_detail detail;
  detail.symbol_name = "add";
  EXPECT_EQ(error(errc::invalid_argument, detail).message(), "invalid argument; symbol add");
}

TEST(Error, SaysOffsetZero)
{
  error_detail detail;
  detail.offset = 0;
  EXPECT_EQ(error(errc::invalid_argument, detail).message(), "invalid argument; at offset 0x0");
}

TEST(Error, ListsAllMissingSymbolsUpToTheLimit)
{
  const std::string text = error(errc::symbol_not_found, missing_symbols(limit::missing_symbols_listed)).message();
  EXPECT_EQ(count_of(text, "\n  symbol_"), limit::missing_symbols_listed);
  EXPECT_EQ(text.find(" more"), std::string::npos);
}

TEST(Error, CountsTheMissingSymbolsThatItDoesNotList)
{
  const std::string text = error(errc::symbol_not_found, missing_symbols(limit::missing_symbols_listed + 23)).message();
  EXPECT_EQ(count_of(text, "\n  symbol_"), limit::missing_symbols_listed);
  EXPECT_TRUE(text.ends_with("\n  and 23 more")) << text;
}

TEST(Error, KeepsEveryMissingSymbolInItsDetail)
{
  const std::size_t count = limit::missing_symbols_listed + 23;
  EXPECT_EQ(error(errc::symbol_not_found, missing_symbols(count)).detail().missing.size(), count);
}

TEST(Error, ListsThePathsInTheOrderTheyWereTried)
{
  error_detail detail;
  detail.message = "liba.so was not found";
  detail.paths_tried = {"/b/liba.so: no such file", "/a/liba.so: permission denied"};
  EXPECT_EQ(error(errc::invalid_argument, detail).message(),
            "liba.so was not found\n  tried /b/liba.so: no such file\n  tried /a/liba.so: permission denied");
}

TEST(Error, SaysWhatItsCodeAdvisesWhenItHasNoAdviceOfItsOwn)
{
  error_detail detail;
  detail.message = "the name leads to a directory";
  EXPECT_EQ(error(errc::file_unreadable, detail).message(),
            "the name leads to a directory; name a regular file that may be read");
  detail.remedy = "name another";
  EXPECT_EQ(error(errc::file_unreadable, detail).message(), "the name leads to a directory; name another");
  detail.paths_tried = {"/a: is a directory"};
  EXPECT_EQ(error(errc::file_unreadable, detail).message(),
            "the name leads to a directory; name another\n  tried /a: is a directory");
}

TEST(Error, KeepsTheLinesOfItsMessageBehindTheFirst)
{
  error_detail detail;
  detail.message = "2 symbols have other types\n  f\n  g";
  detail.module_name = "liba.so";
  detail.remedy = "build it again";
  detail.missing = {{"liba.so", "env", "h", ""}};
  EXPECT_EQ(error(errc::symbol_type_mismatch, detail).message(),
            "2 symbols have other types; module liba.so; build it again\n  f\n  g\n  h (env), needed by liba.so");
}

TEST(Error, GetsContextInFrontOfItsMessage)
{
  EXPECT_EQ(error(errc::invalid_argument, "permission denied").with_context("liba.so").message(),
            "liba.so: permission denied");
}

TEST(Error, GetsContextInFrontOfItsCodesText)
{
  EXPECT_EQ(error(errc::invalid_argument).with_context("liba.so").message(), "liba.so: invalid argument");
}

TEST(Error, KeepsCodeAndFieldsWhenItGetsContext)
{
  error_detail detail = missing_symbols(2);
  detail.message = "trapped";
  detail.module_name = "liba.so";
  detail.symbol_name = "add";
  detail.expected = "i32";
  detail.found = "i64";

  detail.remedy = "build it again";
  detail.offset = 12;
  detail.paths_tried = {"/lib/liba.so"};
  detail.needed_bytes = 5;
  detail.exit_code = 6;
  detail.trap = trap_record{"unreachable", {{"liba.so", "add", 7, 8}}};
  const error with = error(errc::guest_trapped, detail).with_context("main");
  EXPECT_EQ(with.code(), errc::guest_trapped);
  EXPECT_EQ(with.detail().module_name, "liba.so");
  EXPECT_EQ(with.detail().symbol_name, "add");
  EXPECT_EQ(with.detail().expected, "i32");
  EXPECT_EQ(with.detail().found, "i64");
  EXPECT_EQ(with.detail().remedy, "build it again");
  EXPECT_EQ(with.detail().offset, 12U);
  EXPECT_EQ(with.detail().paths_tried, detail.paths_tried);
  EXPECT_EQ(with.detail().missing.size(), 2U);
  EXPECT_EQ(with.detail().needed_bytes, 5U);
  EXPECT_EQ(with.detail().exit_code, 6U);
  ASSERT_TRUE(with.detail().trap);
  EXPECT_EQ(with.detail().trap->message, "unreachable");
  EXPECT_EQ(with.detail().trap->frames.at(0).function_index, 7U);
}

TEST(GuestFrame, IsOneLine)
{
  guest_frame frame{"liba.so", "add", 7, 0x1c3};
  EXPECT_EQ(to_string(frame), "0x1c3 liba.so!add");
  frame.source = source_place{"a.c", 3, 5};
  EXPECT_EQ(to_string(frame), "0x1c3 liba.so!add at a.c:3:5");
  frame.source->column = 0;
  EXPECT_EQ(to_string(frame), "0x1c3 liba.so!add at a.c:3");
  EXPECT_EQ(to_string(guest_frame{}), "<unknown place> <module>!<function 0>");
  EXPECT_EQ(to_string(trap_record{"", {guest_frame{"a", "f", 0, 16}, guest_frame{"b", "g", 0, 17}}}),
            "\n    0: 0x10 a!f\n    1: 0x11 b!g");
}

TEST(Backtrace, SaysThatItEndsWhereTheEngineStops)
{
  trap_record trap{"unreachable", std::vector<guest_frame>(19)};
  EXPECT_FALSE(to_string(trap).contains("not known"));
  trap.frames.emplace_back();
  EXPECT_TRUE(to_string(trap).ends_with("\n       the frames outside of these are not known"));
}

TEST(Error, StaysAsItWasWhenACopyGetsContext)
{
  const error before(errc::invalid_argument, "permission denied");
  const error after = before.with_context("liba.so");
  EXPECT_EQ(before.message(), "permission denied");
  EXPECT_NE(after.message(), before.message());
}

TEST(Result, CarriesTheErrorThatItFailedWith)
{
  const result<int> failed = fail(errc::cancelled, "nobody waits");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), errc::cancelled);
  EXPECT_EQ(failed.error().message(), "nobody waits");
}

} // namespace
} // namespace interlink

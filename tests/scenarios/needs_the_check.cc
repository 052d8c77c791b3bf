// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Without the check in front of indirect calls a running thread calls through slots that its table does not have. That
// these scenarios end badly then shows that they test the check; with it they end well.
#include "tests/scenarios/support/guest_process.hh"

#include <gtest/gtest.h>

namespace interlink {
namespace {

using namespace test;

class Check : public testing::TestWithParam<const char*> {};

result<process_outcome> run(const std::string& name, bool with_checks)
{
  guest_options options;
  options.instrument_checks = with_checks;
  guest_process guest(name, std::move(options));
  return guest.refusal() ? fail(*guest.refusal()) : guest.run();
}

TEST_P(Check, LetsARunningThreadCallWhatAnotherThreadBrought)
{
  const auto ended = run(GetParam(), true);
  ASSERT_TRUE(ended) << ended.error().message();
  EXPECT_EQ(ended->exit_code, 0U);
}

TEST_P(Check, IsNeededForThat)
{
  const auto ended = run(GetParam(), false);
  ASSERT_TRUE(ended) << ended.error().message();
  EXPECT_EQ(ended->exit_code, exit_code_of_trap);
  ASSERT_TRUE(ended->failure);
  EXPECT_EQ(ended->failure->code(), errc::guest_trapped);
}

INSTANTIATE_TEST_SUITE_P(, Check, testing::Values("opens_while_thread_spins", "calls_what_dlsym_found"),
                         [](const auto& one) { return one.index == 0 ? "SpinningBesideOpen" : "SpinningBesideDlsym"; });

} // namespace
} // namespace interlink

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole programs and sequences of requests, made at random, beside the reference linker. A failure is shrunk; it prints
// the history, and `RC_PARAMS` to replay it.
#include "tests/support/linking_history.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>

namespace rc {

using namespace interlink::support;

/// The whole range whatever the size is: only the number of things grows with it.
template <class T>
Gen<T> choice(T from, T to)
{
  return gen::resize(kNominalSize, gen::inRange<T>(from, to));
}

/// Names 0 to 4 are mostly functions, 5 and 6 data, 7 is the host's: what never fits ends every load.
template <>
struct Arbitrary<export_fact> {
  static Gen<export_fact> arbitrary()
  {
    using form = export_fact::form;
    const auto make = [](Gen<form> what, Gen<std::uint8_t> name) {
      return gen::build<export_fact>(gen::set(&export_fact::what, std::move(what)),
                                     gen::set(&export_fact::name, std::move(name)),
                                     gen::set(&export_fact::value, choice<std::uint32_t>(0, 4096)));
    };
    return gen::weightedOneOf<export_fact>(
        {{20, make(gen::element(form::function, form::hidden_function, form::alias, form::in_table, form::passed_on),
                   choice<std::uint8_t>(0, 5))},
         {10, make(gen::element(form::data, form::absolute, form::tls), choice<std::uint8_t>(5, 7))},
         {1, make(gen::element(form::other_function, form::mutable_global, form::data), choice<std::uint8_t>(0, 8))}});
  }
};

template <>
struct Arbitrary<import_fact> {
  static Gen<import_fact> arbitrary()
  {
    using form = import_fact::form;
    const auto make = [](Gen<form> what, Gen<std::uint8_t> name, int weak_of_ten) {
      return gen::build<import_fact>(
          gen::set(&import_fact::what, std::move(what)), gen::set(&import_fact::name, std::move(name)),
          gen::set(&import_fact::is_weak, gen::map(choice(0, 10), [=](int weak) { return weak < weak_of_ten; })));
    };
    return gen::weightedOneOf<import_fact>(
        {{20, make(gen::just(form::call), choice<std::uint8_t>(0, 5), 2)},
         {10, make(gen::just(form::address), choice<std::uint8_t>(0, 5), 9)},
         {10, make(gen::just(form::data), choice<std::uint8_t>(5, 7), 9)},
         {5, make(gen::element(form::call, form::address), gen::just<std::uint8_t>(7), 5)},
         {5, make(gen::just(form::data), choice<std::uint8_t>(250, 255), 5)},
         {1, make(gen::just(form::other_call), choice<std::uint8_t>(0, 8), 5)}});
  }
};

template <>
struct Arbitrary<library_fact> {
  static Gen<library_fact> arbitrary()
  {
    return gen::build<library_fact>(
        gen::set(&library_fact::exports, gen::resize(8, gen::arbitrary<std::vector<export_fact>>())),
        gen::set(&library_fact::imports, gen::resize(5, gen::arbitrary<std::vector<import_fact>>())),
        gen::set(&library_fact::needed,
                 gen::resize(3, gen::container<std::vector<std::uint8_t>>(choice<std::uint8_t>(0, 6)))),
        gen::set(&library_fact::data_bytes, choice<std::uint32_t>(0, 5000)),
        gen::set(&library_fact::data_alignment_log2, choice<std::uint8_t>(0, 13)),
        gen::set(&library_fact::table_slots, choice<std::uint32_t>(0, 5)),
        gen::set(&library_fact::table_alignment_log2, choice<std::uint8_t>(0, 5)),
        gen::set(&library_fact::tls_bytes, gen::element<std::uint32_t>(0, 0, 8, 100)),
        gen::set(&library_fact::has_open_start, gen::map(choice(0, 5), [](int start) { return start == 4; })));
  }
};

template <>
struct Arbitrary<request_fact> {
  static Gen<request_fact> arbitrary()
  {
    return gen::build<request_fact>(
        gen::set(&request_fact::what,
                 gen::weightedOneOf<request_fact::form>(
                     {{2, gen::just(request_fact::form::open)},
                      {1, gen::just(request_fact::form::call)},
                      {6, gen::map(choice(0, static_cast<int>(request_fact::form::end)),
                                   [](int what) { return static_cast<request_fact::form>(what); })}})),
        gen::set(&request_fact::first, choice<std::uint8_t>(0, 16)),
        gen::set(&request_fact::second, choice<std::uint8_t>(0, 255)));
  }
};

template <>
struct Arbitrary<linking_history> {
  static Gen<linking_history> arbitrary()
  {
    return gen::build<linking_history>(
        gen::set(&linking_history::libraries,
                 gen::container<std::vector<library_fact>>(6, gen::resize(8, gen::arbitrary<library_fact>()))),
        gen::set(&linking_history::requests,
                 gen::resize(30, gen::container<std::vector<request_fact>>(gen::arbitrary<request_fact>()))),
        gen::set(&linking_history::arena_kibibytes, gen::element<std::uint32_t>(0, 64, 1024)),
        gen::set(&linking_history::table_maximum, gen::just<std::uint32_t>(10'000)));
  }
};

} // namespace rc

namespace interlink::support {
namespace {

RC_GTEST_PROP(Linking, IsAsTheReferenceLinkerSays, (linking_history history))
{
  const history_report report = judge(history);
  RC_CLASSIFY(report.loads > 1, "loads a library");
  RC_CLASSIFY(report.refused > 0, "refuses");
  RC_CLASSIFY(report.abandoned > 0, "abandons");
  RC_CLASSIFY(report.found > 0, "finds");
  RC_CLASSIFY(report.bound_late > 0, "binds late");
  RC_CLASSIFY(report.unloaded > 0, "unloads");
  if (!report.failure.empty()) {
    RC_FAIL(report.failure);
  }
}

} // namespace
} // namespace interlink::support

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One engine and one store, and short ways to the things tests need of them.
#pragma once

#include "engine/engine.hh"
#include "engine/wasmtime_engine.hh"
#include "tests/engine/wat.hh"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace interlink::engine {

/// The value of a result that the test needs in order to go on.
template <class T>
T need(result<T> got)
{
  if (!got) {
    ADD_FAILURE() << got.error().message();
    std::abort();
  }
  return std::move(*got);
}

inline void need(const result<void>& got)
{
  if (!got) {
    ADD_FAILURE() << got.error().message();
    std::abort();
  }
}

inline const function_type nullary_type{};
inline const function_type i32_to_i32_type{{wasm::i32}, {wasm::i32}};

class EngineTest : public testing::Test {
protected:
  engine_ptr engine_ = need(make_wasmtime_engine({}));
  std::unique_ptr<store> store_ = need(engine_->make_store({}));

  compiled_module_ptr compile(std::string_view text) { return need(engine_->compile(wat(text))); }

  result<instance> instantiate(std::string_view text, std::vector<extern_value> imports = {})
  {
    return store_->instantiate(*compile(text), imports);
  }

  template <class Handle>
  Handle exported(const instance& from, std::string_view name)
  {
    auto found = store_->find_export(from, name);
    if (!found || !std::holds_alternative<Handle>(*found)) {
      ADD_FAILURE() << "no such export: " << name;
      std::abort();
    }
    return std::get<Handle>(*found);
  }

  /// The export `name` of a new instance of the module.
  function guest(std::string_view text, std::string_view name, std::vector<extern_value> imports = {})
  {
    return exported<function>(need(instantiate(text, std::move(imports))), name);
  }

  result<std::uint32_t> call_i32(const function& callee, std::vector<value_slot> values = {})
  {
    if (values.empty()) {
      values.resize(1);
    }
    auto done = store_->call(callee, values);
    if (!done) {
      return fail(done.error());
    }
    return values[0].i32();
  }

  function host(host_function body, const function_type& type = nullary_type)
  {
    return store_->make_function(type, std::move(body));
  }
};

} // namespace interlink::engine

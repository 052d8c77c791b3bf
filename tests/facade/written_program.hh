// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program and its libraries that a test writes as text, run by the facade: the test shows what it runs.
#pragma once

#include "engine/wasmtime_engine.hh"
#include "tests/engine/wat.hh"
#include "tests/facade/embedding.hh"
#include "tests/support/temporary_directory.hh"

#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interlink::test {

/// A dylink.0 section that asks for this much of the function table and this alignment of memory, for the beginning of
/// a module. Source: tool-conventions, DynamicLinking.md.
inline std::string dylink_text(std::string_view table_size = "\\00", std::string_view memory_alignment = "\\00")
{
  const int size = 3 + static_cast<int>(table_size.size() / 3); // each byte is written as three characters
  return "(@custom \"dylink.0\" (before first) \"\\01\\0" + std::to_string(size) + "\\00" +
         std::string(memory_alignment) + std::string(table_size) + "\\00\")";
}

/// Context: the test's thread. The files lie in the guest's current directory.
class written_program {
public:
  written_program() : handlers_(std::make_unique<asio::thread_pool>(1))
  {
    auto engine = engine::make_wasmtime_engine({});
    if (engine) {
      shared_ = std::make_unique<runtime>(std::move(*engine));
    } else {
      ADD_FAILURE() << engine.error().message();
    }
  }

  ~written_program()
  {
    program.reset(); // stops the process
    shared_.reset();
    handlers_->join();
  }

  written_program(const written_program&) = delete;
  written_program& operator=(const written_program&) = delete;

  std::string path(const std::string& name) const { return files_.path() + "/" + name; }

  void write_bytes(const std::string& name, std::string_view bytes)
  {
    std::ofstream(path(name), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  void write(const std::string& name, std::string_view text)
  {
    const std::vector<std::byte> bytes = engine::wat(text);
    write_bytes(name, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }

  /// Makes the process of `program.wasm`.
  result<void> make(process_options options = {}, host_registry functions = {})
  {
    options.wasi.preopens = {{files_.path(), "/"}};
    options.wasi.stdin_fd = -1;
    auto made = process::make(handlers_->get_executor(), *shared_, path("program.wasm"), std::move(options),
                              std::move(functions));
    if (!made) {
      return fail(made.error());
    }
    program = std::move(*made);
    return {};
  }

  /// The first group of `program.wasm`, ready for calls.
  result<group> start(process_options options = {}, host_registry functions = {})
  {
    if (auto made = make(std::move(options), std::move(functions)); !made) {
      return fail(std::move(made.error()));
    }
    return await(program->async_start(asio::use_future));
  }

  const engine::engine_ptr& engine() const { return shared_->engine(); }

  std::optional<process> program;

private:
  support::temporary_directory files_;
  std::unique_ptr<asio::thread_pool> handlers_;
  std::unique_ptr<runtime> shared_;
};

} // namespace interlink::test

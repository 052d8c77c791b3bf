// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What cannot run is refused with all that is wrong, before anything is compiled, and with what to do.
#include "tests/cli/made_module.hh"

#include <chrono>

namespace interlink {
namespace {

using namespace test;

class Refusal : public testing::Test {
protected:
  /// `run` and `run --check` end with 127 and say exactly this.
  void expect(const std::string& file, const std::string& text)
  {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{file}, {"--check", file}}) {
      const command_result run = run_made(scratch_, arguments);
      EXPECT_TRUE(ends_with(run, 127)) << arguments.front();
      EXPECT_EQ(run.err, text) << arguments.front();
      EXPECT_EQ(run.out, "");
    }
  }

  /// A program with these imports, which `_start` need not call.
  void write_static(const std::string& imports)
  {
    write_module(scratch_, "program.wasm", "(module " + imports + R"((func (export "_start"))))");
  }

  void write_dynamic(const std::string& imports, const std::vector<std::string>& needed = {},
                     const std::vector<std::string>& runtime_path = {})
  {
    write_module(scratch_, "program.wasm",
                 "(module " + dylink_section(needed, runtime_path) + R"((import "env" "memory" (memory 0)))" + imports +
                     R"((func (export "_start"))))");
  }

  scratch_directory scratch_;
};

TEST_F(Refusal, NamesOneMissingImportInTheSingular)
{
  write_static(R"((import "host" "look" (func (param i32))))");
  expect("program.wasm", "interlink: program.wasm: 1 import that the host does not provide; a program without a "
                         "dylink.0 section gets host functions only: those of WASI preview 1, wasi-threads and WASIX, "
                         "and the embedder's\n"
                         "  look (func (param i32)) (host), needed by program.wasm\n");
}

TEST_F(Refusal, NamesAllImportsThatAreMissingOrOfAnotherTypeAtOnce)
{
  write_static(R"((import "host" "look" (func)) (import "host" "depth" (global i32))
                  (import "wasi_snapshot_preview1" "proc_exit" (func (param i64))))");
  expect("program.wasm",
         "interlink: program.wasm: 2 imports that the host does not provide; 1 symbol found with another type; a "
         "program without a dylink.0 section gets host functions only: those of WASI preview 1, wasi-threads and "
         "WASIX, and the embedder's\n"
         "  proc_exit (wasi_snapshot_preview1), needed by program.wasm as (func (param i64)), found (func (param i32)) "
         "of the host\n"
         "  look (func) (host), needed by program.wasm\n"
         "  depth (global i32) (host), needed by program.wasm\n");
}

TEST_F(Refusal, NamesWhatADynamicProgramAndItsLibrariesLack)
{
  write_dynamic(R"((import "host" "look" (func)) (import "GOT.mem" "datum" (global (mut i32))))", {"liba.so"},
                {"$ORIGIN"});
  write_module(scratch_, "liba.so", "(module " + dylink_section() + R"((import "other" "listen" (func))))");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--dir", ".", "program.wasm"}, {"--dir", ".", "--check", "program.wasm"}}) {
    const command_result run = run_made(scratch_, arguments);
    EXPECT_TRUE(ends_with(run, 127));
    EXPECT_EQ(run.err, "interlink: program.wasm: 1 symbol that no module defines; 2 imports that the host does not "
                       "provide; interlink nm shows what a module defines\n"
                       "  datum (global (mut i32)) (GOT.mem), needed by /program.wasm\n"
                       "  look (func) (host), needed by /program.wasm\n"
                       "  listen (func) (other), needed by /liba.so\n");
  }
}

TEST_F(Refusal, NamesAllLibrariesThatAreMissing)
{
  write_dynamic("", {"liba.so", "libb.so"}, {"/opt"});
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--dir", ".::/", "program.wasm"}, {"--dir", ".::/", "--check", "program.wasm"}}) {
    const command_result run = run_made(scratch_, arguments);
    EXPECT_TRUE(ends_with(run, 127));
    EXPECT_TRUE(run.err.starts_with(
        "interlink: program.wasm: 2 libraries cannot be loaded; each of these lines says what to do\n"
        "needed by /program.wasm: library liba.so not found; give its directory with "
        "--lib-path, LD_LIBRARY_PATH or a runtime path, and its place with --dir\n"
        "  tried /opt/liba.so: no such file\n"))
        << run.err;
    EXPECT_TRUE(run.err.contains("\nneeded by /program.wasm: library libb.so not found; give ")) << run.err;
  }
}

TEST_F(Refusal, KnowsModulesThatWereMadeForAnotherHost)
{
  struct foreign {
    std::string imports;
    std::string says;
  };

  for (const foreign& each : {
           foreign{R"((import "wbg" "__wbg_log_1d3ae0273d8f4f8a" (func (param i32))))",
                   "wasm-bindgen made this module"},
           foreign{R"((import "./app_bg.js" "__wbindgen_throw" (func (param i32 i32))))",
                   "wasm-bindgen made this module"},
           foreign{R"((import "env" "napi_create_function" (func (param i32) (result i32))))", "a Node-API addon"},
           foreign{R"((import "gojs" "runtime.wasmExit" (func (param i32))))", "build it with GOOS=wasip1"},
           foreign{R"((import "wasi:cli/stdout@0.2.0" "get-stdout" (func (result i32))))",
                   "the inside of a WASI 0.2 component"},
           foreign{R"((import "env" "abort" (func (param i32 i32 i32 i32))))", "AssemblyScript made this module"},
           foreign{R"((import "wasm:js-string" "length" (func (param externref) (result i32))))",
                   "JavaScript code is to provide these imports"},
           foreign{R"((import "env" "invoke_vii" (func (param i32 i32 i32))))", "-sSTANDALONE_WASM"},
           foreign{R"((import "env" "_emscripten_get_now_is_monotonic" (func (result i32))))", "-sSTANDALONE_WASM"},
           foreign{R"((import "a" "b" (func (param i32))))", "-sSTANDALONE_WASM"},
       }) {
    write_static(each.imports);
    const command_result run = run_made(scratch_, {"program.wasm"});
    EXPECT_TRUE(ends_with(run, 127)) << each.imports;
    EXPECT_TRUE(run.err.contains(each.says)) << run.err;
  }
}

TEST_F(Refusal, DoesNotGuessFromOtherNames)
{
  write_static(R"((import "env" "open_database" (func (param i32))))");
  const command_result run = run_made(scratch_, {"program.wasm"});
  EXPECT_FALSE(run.err.contains("made this module")) << run.err;
}

TEST_F(Refusal, TellsWhatToDoWithAComponent)
{
  scratch_.write("component.wasm", std::string("\0asm\x0d\0\1\0", 8));
  expect("component.wasm",
         "interlink: component.wasm: a wasm component, not a core module; run it with `wasmtime run`, or build a core "
         "module, for example for wasm32-wasip1\n");
}

TEST_F(Refusal, TellsWhatAFileIsInPlaceOfAModule)
{
  for (const auto& [bytes, says] : std::vector<std::pair<std::string, std::string>>{
           {"", "the file is empty: build it again"},
           {"\n (module)", "it is in the text format: translate it with wat2wasm --enable-all, and give the result"},
           {";; text", "it is in the text format: translate it with wat2wasm --enable-all, and give the result"},
           {"\x7f"
            "ELF\2",
            "it is a native program or library: build it for wasm32, as docs/guests.md says"},
           {"!<arch>\n", "it is an archive of objects: link it with wasm-ld"},
           {"BC\xc0\xde", "it is LLVM bitcode, as -flto makes of objects: link it with wasm-ld"},
           {"#!/bin/sh\n", "it is a script: give the wasm file that it runs"},
           {"\x1f\x8b\x08", "it is compressed with gzip: decompress it"},
           {"PK\3\4", "it is a zip archive: unpack it"},
           {"var Module;", "build the program for wasm32, as docs/guests.md says"},
       }) {
    scratch_.write("file", bytes);
    expect("file", "interlink: file: not a wasm binary: it does not start with \\0asm; " + says + "\n");
  }
  write_module(scratch_, "a.o", R"((module (import "env" "__linear_memory" (memory 0))))");
  expect("a.o", "interlink: a.o: there is nothing to run: it is an object file, which is not linked yet; link it with "
                "wasm-ld, or with the compiler\n");
}

TEST_F(Refusal, NamesTheOffsetOnceAndTheEnginesWordsLast)
{
  // (func (export "_start") (drop (i64.const 0)) (i32.add)): too few operands.
  scratch_.write("program.wasm",
                 std::string("\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\7\n\1\6_start\0\0\n\5\1\3\0\x6a\x0b", 37));
  const command_result run = run_made(scratch_, {"program.wasm"});
  EXPECT_TRUE(ends_with(run, 127));
  EXPECT_TRUE(
      run.err.starts_with("interlink: program.wasm: the module is not valid; at offset 0x23; build it again, or see "
                          "what wasm-validate says of it; the engine says: "))
      << run.err;
  EXPECT_EQ(run.err.find("0x"), run.err.rfind("0x")) << run.err;
}

TEST_F(Refusal, ComesBeforeAnythingIsCompiled)
{
  // Each function takes the engine some 10 us to compile, the reader well below 1 us.
  std::string functions;
  for (int i = 0; i < 20'000; ++i) {
    functions += "(func (param i32 i32) (result i32) (i32.mul (i32.add (local.get 0) (i32.const " + std::to_string(i) +
                 ")) (i32.xor (local.get 1) (local.get 0))))";
  }
  write_static(R"((import "host" "look" (func)))" + functions);
  const command_result run = run_made(scratch_, {"program.wasm"}, {"INTERLINK_DEBUG=statistics"});
  EXPECT_TRUE(ends_with(run, 127));
  EXPECT_TRUE(run.err.contains("look (func) (host)")) << run.err;
  write_dynamic(R"((import "host" "look" (func)))" + functions);
  const command_result dynamic = run_made(scratch_, {"program.wasm"}, {"INTERLINK_DEBUG=statistics"});
  EXPECT_TRUE(ends_with(dynamic, 127));
  EXPECT_TRUE(dynamic.err.contains("bytes compiled: 0\n")) << dynamic.err;
}

} // namespace
} // namespace interlink

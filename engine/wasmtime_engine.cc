// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/wasmtime_engine.hh"

#include "engine/module_images.hh"
#include "engine/wasmtime_faults.hh"
#include "engine/wasmtime_objects.hh"
#include "messages/assert.hh"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <link.h>
#include <span>
#include <string>
#include <sys/stat.h>

namespace interlink::engine {

namespace {

using namespace wasmtime;

using config_ptr = std::unique_ptr<wasm_config_t, deleter<wasm_config_delete>>;

// Least and most host stack for guest code on one thread. Chosen: below the least, ordinary functions of C do not run;
// above the most, the threads' stacks would not fit beside 4,096 memories in 47 bits of address space.
constexpr std::size_t guest_stack_bytes_least = std::size_t{16} << 10;
constexpr std::size_t guest_stack_bytes_most = std::size_t{1} << 32;

// What the engine keeps for host functions on stacks that it makes itself. It makes none for us, but checks the sum.
constexpr std::size_t host_stack_bytes = std::size_t{1} << 20;

void set_features(wasm_config_t* config)
{
  wasmtime_config_wasm_threads_set(config, true);
  wasmtime_config_shared_memory_set(config, true);
  wasmtime_config_wasm_tail_call_set(config, true);
  wasmtime_config_wasm_reference_types_set(config, true);
  wasmtime_config_wasm_function_references_set(config, true);
  wasmtime_config_wasm_gc_set(config, true);
  wasmtime_config_wasm_simd_set(config, true);
  wasmtime_config_wasm_relaxed_simd_set(config, true);
  wasmtime_config_wasm_bulk_memory_set(config, true);
  wasmtime_config_wasm_multi_value_set(config, true);
  wasmtime_config_wasm_multi_memory_set(config, true);
  wasmtime_config_wasm_memory64_set(config, true);
  wasmtime_config_wasm_exceptions_set(config, true);
  wasmtime_config_wasm_custom_page_sizes_set(config, false);
  wasmtime_config_wasm_stack_switching_set(config, false);
}

/// Makes the directory if need be, for its owner alone; returns its absolute path.
result<std::string> prepare_cache_directory(const std::string& given)
{
  auto failed = [&](const std::string& what, const std::string& reason) {
    error_detail detail;
    detail.message = "cache directory " + given + ": " + what + ": " + reason;
    detail.remedy = "name a directory that can be written, or none";
    return fail(error(errc::file_unreadable, std::move(detail)));
  };
  std::error_code problem;
  const bool is_new = std::filesystem::create_directories(given, problem);
  if (problem) {
    return failed("cannot be made", problem.message());
  }
  if (is_new) {
    std::filesystem::permissions(given, std::filesystem::perms::owner_all, problem);
  }
  auto absolute = std::filesystem::canonical(given, problem);
  if (problem) {
    return failed("cannot be found", problem.message());
  }
  if (!std::filesystem::is_directory(absolute, problem)) {
    return failed("cannot be used", "it is not a directory");
  }
  return absolute.string();
}

/// The library's build, as its linker has noted it; where that is not there, the file.
std::string library_build()
{
  std::string found = WASMTIME_VERSION;
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* into) {
        const auto address = reinterpret_cast<std::uintptr_t>(&wasm_engine_new);
        const std::span segments(object->dlpi_phdr, object->dlpi_phnum);
        const auto holds_engine = [&](const ElfW(Phdr) & each) {
          return each.p_type == PT_LOAD && address - object->dlpi_addr - each.p_vaddr < each.p_memsz;
        };
        if (std::ranges::none_of(segments, holds_engine)) {
          return 0;
        }
        auto& text = *static_cast<std::string*>(into);
        for (const ElfW(Phdr) & each : segments) {
          if (each.p_type == PT_NOTE) {
            text.append(reinterpret_cast<const char*>(object->dlpi_addr + each.p_vaddr), each.p_memsz);
          }
        }
        struct stat file{};
        if (*object->dlpi_name != '\0' && ::stat(object->dlpi_name, &file) == 0) {
          text += std::to_string(file.st_size);
        }
        return 1;
      },
      &found);
  return found;
}

result<config_ptr> make_config(const engine_options& options, parallel_compilation compilation)
{
  if (options.guest_stack_bytes < guest_stack_bytes_least || options.guest_stack_bytes > guest_stack_bytes_most) {
    return fail(errc::invalid_argument, "guest stack of " + std::to_string(options.guest_stack_bytes) +
                                            " bytes: from " + std::to_string(guest_stack_bytes_least) + " to " +
                                            std::to_string(guest_stack_bytes_most) + " can be had");
  }
  config_ptr config(wasm_config_new());
  set_features(config.get());
  wasmtime_config_strategy_set(config.get(), WASMTIME_STRATEGY_CRANELIFT);
  wasmtime_config_cranelift_opt_level_set(config.get(), WASMTIME_OPT_LEVEL_SPEED);
  wasmtime_config_parallel_compilation_set(config.get(), compilation == parallel_compilation::always);
  wasmtime_config_max_wasm_stack_set(config.get(), options.guest_stack_bytes);
  wasmtime_config_memory_reservation_set(config.get(), memory_reservation_bytes);
  wasmtime_config_memory_guard_size_set(config.get(), memory_guard_bytes);
  wasmtime_config_async_stack_size_set(config.get(), options.guest_stack_bytes + host_stack_bytes);
  wasmtime_config_epoch_interruption_set(config.get(), options.interruptible);
  return config;
}

void make_number_globals(engine_state& state)
{
  constexpr std::array<value_type, 5> numbers{wasm::i32, wasm::i64, wasm::f32, wasm::f64, wasm::v128};
  for (std::size_t kind = 0; kind < numbers.size(); ++kind) {
    for (wasm_mutability_t mutability : {WASM_CONST, WASM_VAR}) {
      auto content = to_wasm(state.handle.get(), numbers[kind]);
      state.number_globals[kind][mutability].reset(wasm_globaltype_new(content.release(), mutability));
    }
  }
}

/// The engine makes its threads when it first looks at a module's functions, and ends the host when it gets none. So it
/// looks at a module without functions now, before a guest has used up what threads there are.
void start_compiler_threads(wasm_engine_t* engine)
{
  constexpr std::array<std::uint8_t, 8> empty_module{0, 'a', 's', 'm', 1, 0, 0, 0};
  const error_ptr failure(wasmtime_module_validate(engine, empty_module.data(), empty_module.size()));
  INTERLINK_ASSERT(!failure);
}

const std::uint8_t* data_of(std::span<const std::byte> bytes)
{
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

class wasmtime_engine final : public engine, public module_images {
public:
  wasmtime_engine(engine_state_ptr state, const engine_options& options, std::string cache_directory)
      : state_(std::move(state)),
        cache_directory_(std::move(cache_directory)),
        settings_("stack " + std::to_string(options.guest_stack_bytes) + (options.interruptible ? ", epochs" : ""))
  {
  }

  result<void> validate(std::span<const std::byte> bytes) override
  {
    error_ptr failure(wasmtime_module_validate(state_->handle.get(), data_of(bytes), bytes.size()));
    if (failure) {
      return fail(validation_error(*failure));
    }
    return {};
  }

  result<compiled_module_ptr> compile(std::span<const std::byte> bytes) override
  {
    wasmtime_module_t* handle = nullptr;
    error_ptr failure(wasmtime_module_new(state_->handle.get(), data_of(bytes), bytes.size(), &handle));
    if (!failure) {
      return std::make_shared<wasmtime_module>(state_, handle);
    }
    // The engine compiles while it validates and reports what it meets first: only a second look tells bytes that are
    // wrong from bytes that it cannot compile.
    auto validated = validate(bytes);
    if (!validated) {
      return fail(validated.error());
    }
    return fail(refusal(errc::engine_refused, "module cannot be compiled", *failure));
  }

  result<shared_memory_ptr> make_shared_memory(const memory_type& type) override
  {
    return wasmtime::make_shared_memory(state_, type);
  }

  result<std::unique_ptr<store>> make_store(const store_limits& limits) override
  {
    return wasmtime::make_store(state_, limits);
  }

  bool is_interruptible() const override { return state_->interruptible; }

  void increment_epoch() override { wasmtime_engine_increment_epoch(state_->handle.get()); }

  const std::string& cache_directory() const override { return cache_directory_; }

  std::string identity() const override { return library_build() + settings_; }

  result<std::vector<std::byte>> write_image(const compiled_module& module) override
  {
    wasm_byte_vec_t image{};
    error_ptr failure(wasmtime_module_serialize(static_cast<const wasmtime_module&>(module).handle(), &image));
    if (failure) {
      return fail(refusal(errc::engine_refused, "compiled code cannot be written down", *failure));
    }
    const auto* first = reinterpret_cast<const std::byte*>(image.data);
    std::vector<std::byte> copy(first, first + image.size);
    wasm_byte_vec_delete(&image);
    return copy;
  }

  result<compiled_module_ptr> map_image(int file) override
  {
    // The C API takes a name only.
    const std::string name = "/proc/self/fd/" + std::to_string(file);
    wasmtime_module_t* handle = nullptr;
    error_ptr failure(wasmtime_module_deserialize_file(state_->handle.get(), name.c_str(), &handle));
    return loaded(failure, handle);
  }

  result<compiled_module_ptr> read_image(std::span<const std::byte> image) override
  {
    wasmtime_module_t* handle = nullptr;
    error_ptr failure(wasmtime_module_deserialize(state_->handle.get(), data_of(image), image.size(), &handle));
    return loaded(failure, handle);
  }

private:
  result<compiled_module_ptr> loaded(const error_ptr& failure, wasmtime_module_t* handle) const
  {
    if (failure) {
      return fail(refusal(errc::engine_refused, "compiled code cannot be used", *failure));
    }
    return std::make_shared<wasmtime_module>(state_, handle);
  }

  engine_state_ptr state_;
  std::string cache_directory_;
  std::string settings_;
};

} // namespace

result<engine_ptr> make_wasmtime_engine(const engine_options& options, parallel_compilation compilation)
{
  auto config = make_config(options, compilation);
  if (!config) {
    return fail(config.error());
  }
  std::string cache_directory;
  if (!options.cache_directory.empty()) {
    auto directory = prepare_cache_directory(options.cache_directory);
    if (!directory) {
      return fail(std::move(directory.error()));
    }
    cache_directory = std::move(*directory);
  }
  auto state = std::make_shared<engine_state>();
  state->handle.reset(wasm_engine_new_with_config(config->release()));
  hide_faults_in_shared_memories();
  if (compilation == parallel_compilation::always) {
    start_compiler_threads(state->handle.get());
  }
  state->interruptible = options.interruptible;
  make_number_globals(*state);
  return std::make_shared<wasmtime_engine>(std::move(state), options, std::move(cache_directory));
}

std::string_view wasmtime_version()
{
  return WASMTIME_VERSION;
}

} // namespace interlink::engine

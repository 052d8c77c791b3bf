// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ways in and out of guest code: calls, host functions, and what crosses them when something fails.
#include "engine/wasmtime_store.hh"

#include <algorithm>
#include <utility>

namespace interlink::engine::wasmtime {

namespace {

// Slots are handed to the engine as they are.
static_assert(sizeof(value_slot) == sizeof(wasmtime_val_raw_t) && alignof(value_slot) == alignof(wasmtime_val_raw_t));

/// Environment of one host function; the engine frees it with the store.
struct host_binding {
  wasmtime_store* owner;
  host_function body;
};

wasm_trap_t* run_host_function(void* environment, wasmtime_caller_t* /*caller*/, wasmtime_val_raw_t* values,
                               std::size_t count) noexcept
{
  auto* binding = static_cast<host_binding*>(environment);
  auto done = binding->body(*binding->owner, {reinterpret_cast<value_slot*>(values), count});
  if (done) [[likely]] {
    return nullptr;
  }
  return binding->owner->raise(std::move(done.error()));
}

void delete_host_binding(void* environment)
{
  delete static_cast<host_binding*>(environment);
}

wasm_trap_t* make_trap(std::string_view text)
{
  return wasmtime_trap_new(text.data(), text.size());
}

/// Ends of a guest that are no failures, and pass many frames often: nobody reads where they came from.
bool needs_no_backtrace(errc code)
{
  return code == errc::guest_exited || code == errc::thread_exited || code == errc::stopping || code == errc::cancelled;
}

} // namespace

function wasmtime_store::make_function(const function_type& type, host_function body)
{
  const auto wasm_type = engine_->host_function_types.find(engine_->handle.get(), type);
  if (!wasm_type) {
    return {};
  }
  auto binding = std::make_unique<host_binding>(host_binding{this, std::move(body)});
  wasmtime_func_t made{};
  wasmtime_func_new_unchecked(context_, wasm_type.get(), run_host_function, binding.release(), delete_host_binding,
                              &made);
  return to_handle(made);
}

result<void> wasmtime_store::call(const function& callee, std::span<value_slot> values)
{
  if (is_null(callee)) [[unlikely]] {
    return fail(errc::invalid_argument, "call of the null function");
  }
  auto item = from_handle(callee);
  wasm_trap_t* trap = nullptr;
  auto* failure = wasmtime_func_call_unchecked(context_, &item, reinterpret_cast<wasmtime_val_raw_t*>(values.data()),
                                               values.size(), &trap);
  if (failure == nullptr && trap == nullptr) [[likely]] {
    return {};
  }
  return fail(entry_error(failure, trap));
}

wasm_trap_t* wasmtime_store::raise(error failure)
{
  // Equal details are the same object: this is the error that stands for the kept exception.
  if (thrown_ && failure == errc::guest_threw && &failure.detail() == &thrown_->report.detail()) {
    return wasmtime_context_set_exception(context_, &thrown_->exception);
  }
  raised_ = std::move(failure);
  return make_trap("host function failed");
}

wasmtime_error_t* wasmtime_store::answer_epoch()
{
  if (!is_interrupt_due_ || !is_interrupt_due_()) {
    return nullptr;
  }
  error_detail detail;
  detail.message = "the guest was interrupted";
  detail.trap = trap_record{detail.message, {}};
  raised_ = error(errc::stopping, std::move(detail));
  return wasmtime_error_new("interrupted");
}

std::vector<guest_frame> wasmtime_store::read(std::vector<guest_frame> frames) const
{
  if (frame_reader_) {
    std::ranges::for_each(frames, frame_reader_);
    // Code that was generated has no name, and no place in anybody's file.
    std::erase_if(frames, [](const guest_frame& each) { return each.module_name.empty(); });
  }
  return frames;
}

error wasmtime_store::with_frames(const error& failure, const wasmtime_error_t& unwinding) const
{
  // A record without frames asks for them, whatever the code.
  const auto& known = failure.detail().trap;
  if (known ? !known->frames.empty() : needs_no_backtrace(failure.code())) {
    return failure;
  }
  auto detail = failure.detail();
  detail.trap = trap_record{known ? known->message : detail.message, read(frames_of(unwinding))};
  return {failure.code(), std::move(detail)};
}

/// What one entry answers. Takes the engine's objects and whatever a host function or the guest left for the entry.
error wasmtime_store::entry_error(wasmtime_error_t* failure, wasm_trap_t* trap)
{
  error_ptr owned_failure(failure);
  trap_ptr owned_trap(trap);
  if (raised_) {
    auto raised = std::move(*raised_);
    raised_.reset();
    return failure == nullptr ? raised : with_frames(raised, *failure);
  }
  if (wasmtime_context_has_exception(context_)) {
    return thrown_error(trap == nullptr ? std::vector<guest_frame>() : read(frames_of(*trap)));
  }
  if (trap != nullptr) {
    return trap_error(*trap, read(frames_of(*trap)));
  }
  return refusal(errc::engine_refused, "", *failure);
}

/// `frames` are those of the last throw: of a function's clean-up, if one threw the exception on. One that a host
/// function threw again keeps those of its first entry.
error wasmtime_store::thrown_error(std::vector<guest_frame> frames)
{
  auto exception = take_exception();
  const bool is_known =
      thrown_ && !wasmtime_exnref_is_null(&exception) &&
      wasmtime_exnref_to_raw(context_, &exception) == wasmtime_exnref_to_raw(context_, &thrown_->exception);
  error_detail detail;
  detail.message = "a wasm exception left the guest uncaught";
  detail.trap = trap_record{detail.message, is_known ? thrown_->report.detail().trap->frames : std::move(frames)};
  detail.trap->exception = payload_of(exception);
  error report(errc::guest_threw, std::move(detail));
  forget_thrown();
  if (!wasmtime_exnref_is_null(&exception)) {
    thrown_ = thrown_exception{report, exception};
  }
  return report;
}

std::optional<std::uint32_t> wasmtime_store::payload_of(const wasmtime_exnref_t& exception)
{
  wasmtime_val_t value{};
  if (wasmtime_exnref_is_null(&exception) || wasmtime_exnref_field_count(context_, &exception) != 1) {
    return std::nullopt;
  }
  const error_ptr refused(wasmtime_exnref_field(context_, &exception, 0, &value));
  if (refused) {
    return std::nullopt;
  }
  const bool is_i32 = value.kind == WASMTIME_I32;
  const auto payload = static_cast<std::uint32_t>(value.of.i32);
  wasmtime_val_unroot(&value);
  return is_i32 ? std::optional(payload) : std::nullopt;
}

/// Taking the exception also leaves a root in the innermost scope of roots, and outside of any scope that root would
/// keep the exception until the store ends. A checked call opens a scope and closes it: so it is taken inside of one.
wasmtime_exnref_t wasmtime_store::take_exception()
{
  wasmtime_exnref_t exception{};
  auto take = [](void* into, wasmtime_caller_t* caller, const wasmtime_val_t*, std::size_t, wasmtime_val_t*,
                 std::size_t) -> wasm_trap_t* {
    auto** place = static_cast<wasmtime_exnref_t**>(into);
    wasmtime_context_take_exception(wasmtime_caller_context(caller), *place);
    return nullptr;
  };
  if (!exception_taker_) {
    wasm_valtype_vec_t parameters{};
    wasm_valtype_vec_t results{};
    function_type_ptr nullary(wasm_functype_new(&parameters, &results));
    exception_taker_.emplace();
    wasmtime_func_new(context_, nullary.get(), take, static_cast<void*>(&taken_), nullptr, &*exception_taker_);
  }
  taken_ = &exception;
  wasm_trap_t* trap = nullptr;
  error_ptr failure(wasmtime_func_call(context_, &*exception_taker_, nullptr, 0, nullptr, 0, &trap));
  trap_ptr owned_trap(trap);
  return exception;
}

void wasmtime_store::forget_thrown()
{
  if (thrown_) {
    wasmtime_exnref_unroot(&thrown_->exception);
    thrown_.reset();
  }
}

std::vector<guest_frame> wasmtime_store::backtrace()
{
  if (!probe_) {
    probe_ = make_probe();
  }
  if (wasmtime_funcref_is_null(&*probe_)) {
    return {};
  }
  wasm_trap_t* trap = nullptr;
  error_ptr failure(wasmtime_func_call_unchecked(context_, &*probe_, nullptr, 0, &trap));
  trap_ptr owned_trap(trap);
  auto frames = trap == nullptr ? std::vector<guest_frame>() : frames_of(*trap);
  if (!frames.empty()) {
    frames.erase(frames.begin());
  }
  return read(std::move(frames));
}

/// A guest function that traps at once. The C API tells frames only of failures: those of this trap are the probe's
/// own and all that were on the stack already.
wasmtime_func_t wasmtime_store::make_probe()
{
  // (module (func (export "") unreachable))
  constexpr std::array<std::uint8_t, 31> bytes{0x00, 0x61, 0x73, 0x6d, 1, 0,    0,   0, // header
                                               1,    4,    1,    0x60, 0, 0,            // types: () -> ()
                                               3,    2,    1,    0,                     // functions: one
                                               7,    4,    1,    0,    0, 0,            // exports: function 0 as ""
                                               10,   5,    1,    3,    0, 0x00, 0x0b};  // code: unreachable
  wasmtime_module_t* module = nullptr;
  error_ptr refused(wasmtime_module_new(engine_->handle.get(), bytes.data(), bytes.size(), &module));
  wasmtime_func_t probe{};
  if (refused) {
    return probe;
  }
  wasmtime_instance_t made{};
  wasm_trap_t* trap = nullptr;
  refused.reset(wasmtime_instance_new(context_, module, nullptr, 0, &made, &trap));
  wasmtime_module_delete(module);
  wasmtime_extern_t item{};
  if (!refused && wasmtime_instance_export_get(context_, &made, "", 0, &item)) {
    probe = item.of.func;
  }
  return probe;
}

} // namespace interlink::engine::wasmtime

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Faults of guest code in shared memories. When an access beyond a memory's length has faulted, Wasmtime 50 looks for
// the memory by the address, in all instances of the store, and asserts that it finds one: but each import of a shared
// memory is an instance with that memory, so that a guest of two modules would abort the host by any bad pointer
// (store.rs, wasm_fault). It does not look for the address 0. So a signal handler in front of Wasmtime's takes the
// address out of such a fault; the trap, which is found by the program counter, stays as it is. Private to the adapter.
#pragma once

#include <cstddef>
#include <cstdint>

namespace interlink::engine::wasmtime {

/// Puts the handler in front of the engine's, once in a process. Context: any thread, after an engine was made.
void hide_faults_in_shared_memories();

struct fault_range;

/// While it lives, a fault within `size` bytes from `begin` has no address for the engine. Context: any thread.
class hidden_faults {
public:
  hidden_faults(const std::byte* begin, std::uint64_t size);
  ~hidden_faults();
  hidden_faults(const hidden_faults&) = delete;
  hidden_faults& operator=(const hidden_faults&) = delete;

private:
  fault_range* range_;
};

} // namespace interlink::engine::wasmtime

#pragma once
// Who holds the interpreter lock? Any thread may ask at any moment, while thread states come and
// go: so none is read, only what stays where it is while the interpreter is loaded. Up to 3.11 that
// is the variable that names the holder; later the lock of the main interpreter. A lock elsewhere
// (of a subinterpreter that has its own) is not known. Hot path: no allocation, no throw.
#include <atomic>
#include <cstdint>

#include "memory_reading.hpp"
#include "runtime.hpp"

namespace fil::python {

class interpreter_lock {
  public:
    constexpr interpreter_lock() = default;

    // Of the calling thread's state. From 3.12 on it is believed where it was once seen to say the
    // truth: `is_held`, this thread holds it.
    static interpreter_lock find(const python_runtime& runtime, address state, bool is_held) {
        if (runtime.layout.version < 0x030c) {
            const accessed_variable& variable = runtime.state_variable;
            const bool is_found = variable.is == accessed_variable::kind::global;
            return interpreter_lock(is_found ? reinterpret_cast<address>(variable.where) : 0);
        }
        const address interpreter = load<address>(state, interpreter_of_state);
        if (interpreter == 0) return {};
        const std::uint32_t place = runtime.layout.version == 0x030c ? 384 : 16;
        const address lock = load<address>(interpreter, place);
        if (lock % alignof(address) != 0 || !runtime.module.holds(lock)) return {};
        const interpreter_lock found(lock | is_struct);
        if (is_held && found.is_held_by(state)) proved.store(lock, std::memory_order_relaxed);
        return proved.load(std::memory_order_relaxed) == lock ? found : interpreter_lock();
    }

    bool is_known() const { return where_ != 0; }
    bool is_held_by(address state) const {
        if ((where_ & is_struct) == 0) return is_known() && read<address>(where_) == state;
        const address lock = where_ - is_struct;
        return read<address>(lock + last_holder) == state && read<std::int32_t>(lock + locked) > 0;
    }

  private:
    // PyThreadState::interp; _gil_runtime_state::last_holder, locked.
    static constexpr std::uint32_t interpreter_of_state = 16, last_holder = 8, locked = 16;
    static constexpr address is_struct = 1;
    static inline constinit std::atomic<address> proved{0};

    explicit interpreter_lock(address where) : where_(where) {}

    template <typename Value>
    static Value read(address where) {
        return __atomic_load_n(reinterpret_cast<const Value*>(where), __ATOMIC_RELAXED);
    }

    address where_ = 0;  // of the variable, or of the struct with is_struct
};

}  // namespace fil::python

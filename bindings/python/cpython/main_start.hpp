#pragma once
// How far the interpreter is on its way to the main program: once it is initialised, and before the
// first function of the main program, what it does for long without any frame is to read and
// compile the main script.
//
// Told by the outermost functions, each when it is met for the first time: importlib's are the
// interpreter's own imports, a module's or runpy's first is the main program. (Others, such as a
// codec's, are called by the interpreter itself.) Only for the `python` program: one
// that embeds an interpreter does as it likes without frames. Hot path (uncommon part).
#include <atomic>
#include <string_view>

#include "fil.h"
#include "runtime.hpp"
#include "text.hpp"

namespace fil::python {

class main_start {
  public:
    void expect() { stage_.store(starting, std::memory_order_relaxed); }

    // A function that nothing called, not met before.
    void meet_outermost(const python_runtime& runtime, address code) {
        if (stage_.load(std::memory_order_relaxed) == over) return;
        const std::string_view file = text(runtime, load(code, runtime.layout.code_filename));
        const std::string_view name = text(runtime, load(code, runtime.layout.code_name));
        if (name == "_run_module_as_main" ||
            (name == "<module>" && !file.starts_with("<frozen "))) {
            stage_.store(over, std::memory_order_relaxed);
        } else if (file.starts_with("<frozen importlib")) {
            stage_.store(imported, std::memory_order_relaxed);
        }
    }

    // Nothing is on the stack of an initialised interpreter: the callstack that stands for the
    // compiler; or none.
    fil_callstack without_frames() {
        if (stage_.load(std::memory_order_relaxed) != imported) return FIL_CALLSTACK_NONE;
        const std::uint64_t generation = fil_generation();
        if (known_ == FIL_CALLSTACK_NONE || generation != generation_) {
            constexpr fil_text name = {"[compiling]", 11}, no_file = {"", 0};
            const fil_function compiler =
                fil_function_intern(FIL_FUNCTION_PYTHON, name, no_file, 0);
            known_ = fil_callstack_child(FIL_CALLSTACK_UNKNOWN, compiler, 0);
            generation_ = generation;
        }
        return known_ > FIL_CALLSTACK_UNKNOWN ? known_ : FIL_CALLSTACK_NONE;
    }

  private:
    // Of the names asked for all are ASCII, which is borrowed where it lies.
    static std::string_view text(const python_runtime& runtime, address string) {
        char buffer[8];
        const fil_text found = read_text(runtime.layout, string, buffer, sizeof buffer);
        return {found.data, found.data == buffer ? 0 : found.length};
    }

    enum stage : unsigned char { over, starting, imported };
    std::atomic<stage> stage_{over};

    // Before the main program there is one thread.
    fil_callstack known_ = FIL_CALLSTACK_NONE;
    std::uint64_t generation_ = 0;
};

extern constinit main_start the_main_start __attribute__((visibility("hidden")));

}  // namespace fil::python

#include "process/new_thread.hpp"

#include <boost/stacktrace/safe_dump_to.hpp>
#include <string_view>

#include "os/system_modules.hpp"
#include "process/process_life.hpp"

namespace fil {
namespace {

std::string_view file_name(std::string_view path) {
    path.remove_prefix(path.rfind('/') + 1);
    return path;
}

// Libraries that make threads for their callers: std::thread, and calls through ctypes.
bool works_for_callers(std::string_view module) {
    const std::string_view name = file_name(module);
    return name.starts_with("libstdc++") || name.starts_with("libc++") ||
           name.starts_with("libffi");
}

// Whose threads they are; empty: the program's, or a runtime's.
std::string_view library_that_calls(std::uintptr_t code) {
    std::string_view module = module_name(code);
    if (works_for_callers(module)) {
        std::uintptr_t callers[64];  // innermost first, and a final zero
        const std::size_t count = boost::stacktrace::safe_dump_to(callers, sizeof callers);
        std::size_t i = 0;
        while (i < count && callers[i] != code) ++i;
        while (works_for_callers(module) && ++i < count && callers[i] != 0) {
            module = module_name(callers[i]);
        }
    }
    return this_process.sources().has_runner_in(module) ? std::string_view() : module;
}

}  // namespace

callstack_id callstack_of_new_thread(process_recorder& recorder, callstack_id creator,
                                     std::uintptr_t code) {
    const bool is_known = creator > callstack_id::unknown && creator != recorder.root();
    if (!is_known || this_process.sources().has_native_frames()) return creator;
    const function_id innermost = recorder.tree().function_of(creator);
    if (innermost == function_id::none ||
        recorder.functions().kind_of(innermost) == function_kind::threads) {
        return creator;
    }
    const std::string_view library = library_that_calls(code);
    if (library.empty()) return creator;
    const function_id threads =
        recorder.functions().intern({function_kind::threads, {}, library, {}, 0});
    if (threads == function_id::none) return creator;
    const callstack_id marked = recorder.tree().child(creator, threads, 0);
    return marked == callstack_id::unknown ? creator : marked;
}

}  // namespace fil

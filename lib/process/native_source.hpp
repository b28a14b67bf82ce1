#pragma once
// The process's source of native frames: the fast one where it knows the machine, the portable one
// elsewhere; in a build that verifies, both.

#include "fil/base/inlining.hpp"
#include "fil/capture/boost_source.hpp"
#include "fil/capture/unwind_source.hpp"
#include "os/linux_system.hpp"
#include "os/system_modules.hpp"
#include "os/system_signal_stacks.hpp"
#include "os/system_stack_ends.hpp"
#if defined(FIL_VERIFY_FRAMES)
#include "fil/capture/verified_source.hpp"
#include "process/verified_stacks.hpp"
#endif

namespace fil {

using native_modules = modules<system_modules, linux_system>;

#if defined(FIL_VERIFY_FRAMES)
using native_source = verified_source<system_modules, linux_system, system_stack_ends,
                                      system_signal_stacks, verified_stacks>;
#elif defined(__x86_64__)
using native_source = unwind_source<system_modules, linux_system, system_stack_ends>;
#else
using native_source = boost_source<system_modules, linux_system, system_signal_stacks>;
#endif

// The place that this is inlined into, for a source that knows places.
FIL_HOT frame_place native_place() {
#if defined(__x86_64__)
    return x86_64::here();
#else
    return {};
#endif
}

}  // namespace fil

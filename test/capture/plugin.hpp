#pragma once
#include "fil/capture/boost_source.hpp"
#include "os/linux_system.hpp"
#include "os/system_modules.hpp"
#include "os/system_signal_stacks.hpp"

using source_type =
    fil::boost_source<fil::system_modules, fil::linux_system, fil::system_signal_stacks>;

extern "C" {
void plugin_call(void (*callback)(void*), void* context);
fil::callstack_id plugin_capture(source_type& source, void* thread_memory);
}

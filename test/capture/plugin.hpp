#pragma once
#include "fil/capture/boost_source.hpp"

extern "C" {
void plugin_call(void (*callback)(void*), void* context);
fil::callstack_id plugin_capture(fil::boost_source<>& source, void* thread_memory);
}

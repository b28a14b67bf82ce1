#pragma once
// The type of the process's one recorder: of the registered sources, on Linux, with live and peak
// where the session has them, and whom the build chose to hear of events. When there is one:
// process_life.hpp; how an event reaches it: process_entry.hpp.

#include "fil/track/recorder.hpp"
#include "os/linux_system.hpp"
#include "process/process_observer.hpp"
#include "process/process_sources.hpp"
#include "process/session_words.hpp"

namespace fil {

using process_recorder =
    recorder<process_sources, session_words, linux_system, process_registry, process_observer>;

extern template class recorder<process_sources, session_words, linux_system, process_registry,
                               process_observer>;

}  // namespace fil

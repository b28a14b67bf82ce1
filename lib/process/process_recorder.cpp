#include "process/process_recorder.hpp"

namespace fil {

template class recorder<process_sources, session_words, linux_system, process_registry,
                        process_observer>;

}  // namespace fil

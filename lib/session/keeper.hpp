#pragma once
// The keeper's part: holds what it is told of, until the supervisor ends. If that was killed, what
// each process held at the peak becomes a folder of recordings, as processes without a supervisor
// leave them (process/recording_names.hpp).
//
// Cold. A process of its own, which does nothing else.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "session/keeper_line.hpp"

namespace fil {

struct kept_files {
    std::string folder;
    std::uint64_t missing = 0;  // recordings that could not be written
    std::uint64_t running = 0;  // processes that did not die
};

// Until the supervisor ends, whose line that is and whose page. The new folder is in `directory`,
// or where none can be made, in one for temporary files. None if the supervisor ended as it should,
// or nothing was recorded. Throws std::system_error.
std::optional<kept_files> keep_until_end(int socket, const keeper_state& state, session_page& page,
                                         std::string_view directory);

}  // namespace fil

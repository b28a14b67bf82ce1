// libfil_snapshot reads snapshot files alone: it is loaded into the user's program, where what
// reads debug information has no place. Cold.

#include "snapshot_handle.hpp"

namespace fil::capi {

report::session_snapshot read_recordings(const std::vector<recording_file>&,
                                         std::optional<session_words_found>) {
    throw unreadable_snapshot(snapshot_problem::not_one,
                              "it is a recording, which fil-profile report reads");
}

}  // namespace fil::capi

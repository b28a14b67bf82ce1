// libfil_snapshot reads snapshot files alone: it is loaded into the user's program, where what
// reads debug information has no place. Cold.

#include "report/reading_path.hpp"
#include "snapshot_handle.hpp"

namespace fil::capi {

report::session_snapshot read_recordings(const std::vector<std::string>& paths,
                                         std::optional<session_words_found>) {
    refuse_path(paths.front(), snapshot_problem::not_one,
                "it is a recording, which fil-profile report reads");
}

}  // namespace fil::capi

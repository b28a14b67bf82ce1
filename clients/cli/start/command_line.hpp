// What the user asked for: our options, then a verb, then words that are the verb's own. CLI11
// reads our part and writes the help; it never sees what follows the verb, so every word there,
// even -o, -m, --help or ++, arrives at the program as typed. Pure but for the help on stdout.
#pragma once

#include <fil.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fil::cli {

struct invocation {
    std::string output = "fil-result";               // -o
    bool has_output = false;                         // it was given
    std::string python;                              // --python; empty: not given
    bool browser = true;                             // not --no-browser
    bool thread_pools = false;                       // --keep-thread-pools
    bool detect_out_of_memory = true;                // not --disable-oom-detection
    bool quiet = false;                              // --quiet
    bool show_arguments = false;                     // --show-arguments
    bool hide_arguments = false;                     // --hide-arguments
    bool children = true;                            // not --no-children
    fil_snapshot_kept snapshot = FIL_SNAPSHOT_KEPT;  // --no-recording, --embed-sources
    bool live = false;                               // --live, also right after `run`
    bool native = false;                             // --native, likewise
    std::uint32_t names = 0;                         // fil_names: --debuginfod, --full-names
    std::string verb;                                // "run"; empty: print `shown` and end
    std::vector<std::string> words;                  // all that follows the verb
    std::string shown;                               // help or version
};

// Throws refusal.
invocation parse_command_line(const std::vector<std::string>& words);

}  // namespace fil::cli

#pragma once
// Processes of the program that no report can speak of, and why: sentences for the page and for the
// terminal. Pure functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fil::report {

struct unrecorded_processes {
    std::uint64_t unprofiled = 0;  // children into which our library cannot be loaded
    std::uint64_t refused = 0;     // processes that could not join the session,
    std::string why_refused = {};  // and why the first of them could not
    std::uint64_t sandboxed = 0;   // processes that could not, because of their own sandbox
    std::uint64_t left_out = 0;    // children that the user did not want
    std::uint64_t missed = 0;      // programs that never connected
};

inline std::string number_of(std::uint64_t number, std::string_view one, std::string_view many) {
    return std::to_string(number) + " " + std::string(number == 1 ? one : many);
}

inline std::vector<std::string> unrecorded_texts(const unrecorded_processes& are) {
    std::vector<std::string> texts;
    if (are.unprofiled > 0)
        texts.push_back(number_of(are.unprofiled, "child process", "child processes") +
                        " ran unrecorded (static, 32-bit, set-user-id or with capabilities, or "
                        "unable to open our library).");
    if (are.refused > 0)
        texts.push_back(number_of(are.refused, "process was", "processes were") +
                        " not recorded, since " + are.why_refused + ".");
    if (are.sandboxed > 0)
        texts.push_back(number_of(are.sandboxed, "process was", "processes were") +
                        " not recorded: " + (are.sandboxed == 1 ? "it runs" : "they run") +
                        " in a sandbox (seccomp) that " +
                        (are.sandboxed == 1 ? "it put up itself." : "they put up themselves."));
    if (are.missed > 0)
        texts.push_back(
            number_of(are.missed, "program that was started", "programs that were started") +
            " never connected: ended at once, or something removed LD_PRELOAD or keeps "
            "our library from being loaded.");
    if (are.left_out > 0)
        texts.push_back(number_of(are.left_out, "child process was", "child processes were") +
                        " left out (--no-children).");
    return texts;
}

}  // namespace fil::report

#include "lab/verb_beginning.hpp"

#include <cstdio>

#include "os/refusal.hpp"

namespace fil::cli {

std::optional<lab_options> options_of_verb(const std::string& verb, const invocation& asked,
                                           const char* help, traces_taken traces) {
    lab_options found = parse_lab_options(verb, asked.words);
    if (found.wants_help) {
        std::fputs(help, stdout);
        return {};
    }
    const std::string see = " (see fil-profile " + verb + " --help)";
    if (traces == traces_taken::one && found.traces.size() != 1)
        throw refusal(verb + " takes one trace" + see);
    if (found.traces.empty()) throw refusal(verb + " takes one trace or more" + see);
    if (found.output.empty() && asked.has_output) found.output = asked.output;
    return found;
}

int status_of_stdout() {
    return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace fil::cli

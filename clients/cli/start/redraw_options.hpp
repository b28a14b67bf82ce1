// What `fil-profile report` was asked for: which reports, in which formats, to which places. Pure
// but for what is there under the name that -o gives.
#pragma once

#include <fil_snapshot.h>

#include <string>
#include <vector>

namespace fil::cli {

// A format, and where it goes.
struct drawn_output {
    enum class place {
        standard_output,
        file,    // `path`
        report,  // a report's folder, in `folder`
    };
    fil_format format;
    place where;
    std::string path;
    std::string folder = {};  // made if it is not there; "": `path` stands in one
};

struct redraw_options {
    std::vector<std::string> paths;
    std::vector<drawn_output> outputs;
    double at = -1;  // seconds; below 0: not asked for
    bool opens_browser = true;
    bool is_quiet = false;
    std::string shown;  // help; all else is empty
};

// `words` follow the verb. Throws refusal.
redraw_options parse_redraw(const std::vector<std::string>& words,
                            const std::string& output_before_the_verb);

}  // namespace fil::cli

// make_report FIXTURE DIRECTORY [exact]: writes the report of a made-up recording and prints where.
// The tests that look at reports in a browser begin here.

#include <cstdio>
#include <string_view>

#include "report/report_files.hpp"
#include "report_fixtures.hpp"

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: make_report FIXTURE DIRECTORY [exact]\n");
        return 2;
    }
    const auto recording = fil::report::fixtures::by_name(argv[1]);
    if (!recording) {
        std::fprintf(stderr, "make_report: no fixture is called %s\n", argv[1]);
        return 2;
    }
    const bool exact = argc > 3 && std::string_view(argv[3]) == "exact";
    try {
        const auto made = fil::report::write_report(
            argv[2], fil::report::fixtures::session_of(*recording),
            {exact ? fil::report::report_naming::exact : fil::report::report_naming::by_time});
        std::printf("%s\n", made.directory.c_str());
    } catch (const fil::report::report_error& error) {
        std::fprintf(stderr, "make_report: %s\n", error.what());
        return 1;
    }
    return 0;
}

// A source file of any bytes, read as for a report: what is shown is UTF-8 on one line, and not
// longer than asked for.

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "driver.hpp"
#include "fil/report/source_lines.hpp"

namespace fil {
namespace {

using namespace report;

void check(const std::string& line, std::size_t most) {
    fuzz::hold(valid_utf8(line) == line, "it is UTF-8");
    fuzz::hold(line.find_first_of("\r\n") == line.npos, "it is one line");
    // Each broken byte becomes a sign of three; and "…".
    fuzz::hold(line.size() <= 3 * most + 3, "it is not too long");
}

}  // namespace

void fuzz::run(std::span<const std::uint8_t> input) {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    std::size_t bytes = 0;
    for (const std::string_view line : source_lines(text)) {
        hold(line.data() >= text.data() && line.data() + line.size() <= text.data() + text.size(),
             "a line is part of the text");
        bytes += line.size();
        check(presentable_line(line, 40), 40);
    }
    hold(bytes <= text.size(), "no line is there twice");

    const int file = memfd_create("source", MFD_CLOEXEC);
    hold(write(file, text.data(), text.size()) == ssize_t(text.size()), "there is room");
    snapshot from;
    source_limits limits;
    limits.line_bytes = 60;
    limits.around_bytes = 20;
    for (const std::uint32_t line : {0u, 1u, 2u, 7u, ~0u}) {
        frame f;
        f.file = "/proc/self/fd/" + std::to_string(file);
        f.line = line;
        from.add_frame(std::move(f));
        frame pushed;
        pushed.file = "<cell>";
        pushed.line = line;
        from.add_frame(std::move(pushed));
    }
    from.add_text("<cell>", std::string(text));
    for (const source_excerpt& excerpt : read_sources(from, find_source_files(from, {}), limits)) {
        check(excerpt.line, limits.line_bytes);
        for (const std::string& line : excerpt.before) check(line, limits.around_bytes);
        for (const std::string& line : excerpt.after) check(line, limits.around_bytes);
    }
    close(file);
}

}  // namespace fil

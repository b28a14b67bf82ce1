// Names of any bytes, as folded stacks: one line each, of UTF-8, whose frames and bytes can be had
// back. A line of the input is a frame, "file\0function"; an empty line ends a callstack.

#include <algorithm>
#include <set>
#include <sstream>

#include "driver.hpp"
#include "fil/report/folded.hpp"
#include "fil/report/snapshot.hpp"
#include "fil/report/utf8.hpp"

namespace fil {
namespace {

using namespace report;

// Frames that stand for threads are not written, so not counted here.
constexpr frame_kind written_kinds[] = {frame_kind::python, frame_kind::native,
                                        frame_kind::announced, frame_kind::placeholder};

snapshot made_of(std::string_view input, std::int64_t& bytes, std::size_t& stacks) {
    snapshot made;
    callstack_index at = callstack_index::empty;
    const auto end_callstack = [&] {
        made.add_usage(mapping_kind::anonymous, at, {std::int64_t(++stacks), 1});
        bytes += std::int64_t(stacks);
        at = callstack_index::empty;
    };
    while (!input.empty()) {
        const std::string_view line = input.substr(0, input.find('\n'));
        input.remove_prefix(std::min(line.size() + 1, input.size()));
        if (line.empty()) {
            end_callstack();
            continue;
        }
        frame f;
        f.file = line.substr(0, line.find('\0'));
        if (f.file.size() < line.size()) f.function = line.substr(f.file.size() + 1);
        f.line = std::uint32_t(line.size());
        f.kind = written_kinds[line.size() % 4];
        at = made.add_callstack(at, made.add_frame(std::move(f)));
    }
    end_callstack();
    return made;
}

std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view code = text.substr(i, 3);
        plain += code == "%3B" ? ';' : code == "%25" ? '%' : text[i];
        if (code == "%3B" || code == "%25") i += 2;
    }
    return plain;
}

}  // namespace

void fuzz::run(std::span<const std::uint8_t> input) {
    std::int64_t bytes = 0;
    std::size_t stacks = 0;
    const snapshot made =
        made_of({reinterpret_cast<const char*>(input.data()), input.size()}, bytes, stacks);
    std::set<callstack_index> callstacks;  // each is a chain of its own but for the empty one
    for (const callstack_usage& used : made.used(mapping_kind::anonymous))
        callstacks.insert(used.callstack);
    std::ostringstream out;
    write_folded(out, made, 2'000'000);
    const std::string folded = out.str();
    hold(valid_utf8(folded) == folded, "it is UTF-8");
    std::int64_t sum = 0;
    std::size_t lines = 0, separators = 0;
    for (std::string_view rest = folded; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const std::size_t blank = line.rfind(' ');
        hold(blank != line.npos, "a line ends in its bytes");
        sum += std::stoll(std::string(line.substr(blank + 1)));
        separators += std::size_t(std::ranges::count(line, ';'));
        ++lines;
    }
    hold(lines == callstacks.size(), "each callstack is one line");
    hold(sum == bytes, "the bytes are all there");
    std::size_t expected = 0;
    for (const callstack_index callstack : callstacks) {
        std::size_t frames = 0;
        for (auto at = callstack; at != callstack_index::empty;
             at = made.callstacks()[to_index(at)].caller)
            ++frames;
        expected += std::max<std::size_t>(frames, 1) - 1;
    }
    hold(separators == expected, "a line has its frames");
    for (const frame& f : made.frames())
        hold(unescaped(folded_text(f)) == frame_text(f), "a frame's text can be had back");
}

}  // namespace fil

// Says what the processes of a session without a supervisor held at its peak, a line each
// callstack:
//
//     read_session_folder FOLDER    ->    PID file:line (function);... BYTES
//
// For tests of how such folders are written.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "fil/report/frame_text.hpp"
#include "fil/report/snapshot_reader.hpp"

namespace {

using namespace fil;

std::vector<std::byte> content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> text(std::istreambuf_iterator<char>(file), {});
    std::vector<std::byte> bytes(text.size());
    std::ranges::transform(text, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    return bytes;
}

std::string stack_of(const report::snapshot& from, report::callstack_index at) {
    std::string stack;
    for (; at != report::callstack_index::empty; at = from.callstacks()[to_index(at)].caller) {
        const report::frame& f = from.frames()[to_index(from.callstacks()[to_index(at)].frame)];
        stack = report::frame_text(f) + (stack.empty() ? "" : ";") + stack;
    }
    return stack;
}

void say(const recording_view& recording, const session_page& page) {
    const recording_header& header = recording.header();
    if (recording.check() != recording_check::good) {
        std::cout << "unreadable\n";
        return;
    }
    const usage_at_peak usage = read_usage(recording, page);
    const report::snapshot held = read_snapshot(recording, usage).snapshot;
    for (const auto& [callstack, used] : held.used(mapping_kind::anonymous))
        std::cout << header.pid << ' ' << stack_of(held, callstack) << ' ' << used.bytes << '\n';
    for (const fact_record& fact : recording.facts())
        std::cout << header.pid << " fact " << recording.text(fact.key) << '\n';
    std::cout << header.pid << " dropped " << header.dropped_events << '\n';
}

}  // namespace

int main(int, char** arguments) {
    const std::filesystem::path folder = arguments[1];
    const std::vector<std::byte> page = content_of(folder / "session");
    std::cout << "0 live " << reinterpret_cast<const session_page*>(page.data())->live << '\n';
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".recording") continue;
        const std::vector<std::byte> content = content_of(entry.path());
        say({content.data(), content.size()}, *reinterpret_cast<const session_page*>(page.data()));
    }
}

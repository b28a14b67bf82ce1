#pragma once
// Snapshots written by hand, and read back as texts: what the tests of the report's stages share.

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fil/report/frame_text.hpp"
#include "fil/report/snapshot.hpp"

namespace fil::report {

using frame_list = std::vector<frame>;
using bytes_by_text = std::map<std::string, std::int64_t>;

inline frame python(std::string file, std::uint32_t line, std::string function) {
    return {.function = std::move(function), .file = std::move(file), .line = line};
}

// The threads that a library started.
inline frame threads_of(std::string file) {
    return {.kind = frame_kind::threads, .module = std::move(file)};
}

struct made_snapshot : snapshot {
    callstack_index callstack(const frame_list& stack) {
        callstack_index at = callstack_index::empty;
        for (const frame& f : stack) {
            auto [known, is_new] = known_.try_emplace({at, add_frame(f)});
            if (is_new) known->second = add_callstack(at, add_frame(f));
            at = known->second;
        }
        return at;
    }

    made_snapshot& holds(std::int64_t bytes, const frame_list& stack,
                         mapping_kind kind = mapping_kind::anonymous) {
        add_usage(kind, callstack(stack), {bytes, 1});
        return *this;
    }

    made_snapshot& asks_for(std::int64_t bytes, const frame_list& stack) {
        return holds(bytes, stack, mapping_kind::requested);
    }

  private:
    std::map<std::pair<callstack_index, frame_index>, callstack_index> known_;
};

inline frame_list frames_of(const snapshot& from, callstack_index at) {
    frame_list reversed;
    for (; at != callstack_index::empty; at = from.callstacks()[to_index(at)].caller) {
        reversed.push_back(from.frames()[to_index(from.callstacks()[to_index(at)].frame)]);
    }
    return {reversed.rbegin(), reversed.rend()};
}

inline std::string stack_text(const frame_list& stack) {
    std::string text;
    for (const frame& f : stack) text += (text.empty() ? "" : ";") + frame_text(f);
    return text;
}

// The bytes of each callstack, as text; those of equal texts added up.
inline bytes_by_text bytes_of(const snapshot& from, mapping_kind kind = mapping_kind::anonymous) {
    bytes_by_text sums;
    for (const auto& [at, used] : from.used(kind)) {
        sums[stack_text(frames_of(from, at))] += used.bytes;
    }
    return sums;
}

// Callstacks of a few functions, so that they share, repeat and collide.
inline made_snapshot random_snapshot(unsigned seed, int callstacks, int deepest, int functions) {
    std::mt19937 random(seed);
    auto below = [&](int end) { return static_cast<int>(random() % static_cast<unsigned>(end)); };
    made_snapshot made;
    for (int i = 0; i < callstacks; ++i) {
        frame_list stack;
        for (int depth = below(deepest + 1); depth > 0; --depth) {
            const int f = below(functions);
            stack.push_back(python(f % 2 ? "a.py" : "b.py", static_cast<std::uint32_t>(1 + f / 4),
                                   "f" + std::to_string(f / 2)));
        }
        made.holds(below(10) == 0 ? -below(50) : below(1000), stack);
    }
    return made;
}

}  // namespace fil::report

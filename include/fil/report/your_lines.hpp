#pragma once
// Which of the user's own lines held the memory: the first thing that a reader wants to know.
//
// Each callstack's bytes go to its innermost frame of the user's own code, however deep in
// libraries they were allocated. What stands below no such frame goes to nobody. All callstacks
// count, also those that no graph shows. Heaviest first.
//
// What a library's own threads took below a line is not the line's: it started them, and they have
// worked for any line since. It stands in a list of its own.
//
// Code that was made while the program ran (exec, eval) and whose text nobody kept is no line that
// a reader could look at: there the line counts that called it. If none did, it is the program
// itself (python -c, or what came through stdin), and counts; but for code that nobody gave a name:
// that is whose who executes it. (`<string>` below site.py is a line of somebody's .pth file.)

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fil/report/conventions/all.hpp"
#include "fil/report/frame_owner.hpp"
#include "fil/report/snapshot_like.hpp"

namespace fil::report {

struct your_line {
    frame_index frame;
    std::int64_t bytes = 0;    // of callstacks whose innermost line of the user's it is
    std::int64_t below = 0;    // of all callstacks that pass through it, for the heaviest lines
    bool imports = false;      // took nine tenths of its bytes, or more, by importing
    std::int64_t guessed = 0;  // of its bytes, what threads took for it by a guess
};

// What threads took for the user's lines, by how it is known for which.
struct errand_bytes {
    std::int64_t by_task = 0;
    std::int64_t by_start = 0;
    std::int64_t alone = 0;
    std::int64_t by_job = 0;
    std::int64_t guessed = 0;
};

// What the threads of a library took.
struct threads_usage {
    frame_index started_at;  // the innermost line of the user's that called the library
    frame_index threads;     // a frame of that kind
    std::int64_t bytes = 0;
};

struct held_by_lines {
    std::vector<your_line> lines;        // heaviest first, but for those that make one row:
    std::vector<your_line> imports;      // lines that import, if there are several, heaviest first;
    std::uint64_t importing_lines = 0;   // how many those are, also if not all are listed,
    std::int64_t importing_bytes = 0;    // and what they hold
    std::vector<threads_usage> threads;  // heaviest first
    std::int64_t small_threads = 0;      // of those that are not listed
    std::uint64_t small_lines = 0;       // that are not listed, and what they hold
    std::int64_t small_bytes = 0;
    errand_bytes errands;
    std::int64_t others = 0;     // not below any line of the user's; of which,
    std::int64_t compiling = 0;  // while the program was compiled, before a line of it ran
    frame_index compiler = {};   // the frame that says so, if there is any
};

// What a reader could look up of a frame's code.
enum class code_text : std::uint8_t { kept, lost, lost_and_nameless };

// `owners`, `texts` and `rows` have one entry for each frame; a row is a frame that stands for
// those that make one line.
template <snapshot_like Snapshot>
class line_summing {
  public:
    static constexpr std::size_t heaviest = 64;  // of which `below` is known: a bit each

    line_summing(const Snapshot& whole, const std::vector<ownership>& owners,
                 const std::vector<code_text>& texts, const std::vector<frame_index>& rows,
                 mapping_kind kind)
        : whole_(whole),
          owners_(owners),
          texts_(texts),
          rows_(rows),
          own_(whole.callstacks().size()) {
        for (const auto& [callstack, used] : whole.used(kind))
            own_[to_index(callstack)] += used.bytes;
    }

    held_by_lines summed() {
        held_by_lines result;
        std::map<frame_index, std::int64_t> held, imported, guessed;
        std::map<std::pair<frame_index, frame_index>, std::int64_t> of_threads;
        const auto& callstacks = whole_.callstacks();
        // By callstack: the innermost of its lines that counts; `empty`: there is none.
        std::vector<callstack_index> innermost(callstacks.size(), callstack_index::empty);
        std::vector<bool> importing(callstacks.size());       // an importer stands below that line
        std::vector<errand_kind> errands(callstacks.size());  // a thread works for it, there
        for (std::size_t i = 0; i < callstacks.size(); ++i) {
            const callstack_index above = innermost[to_index(callstacks[i].caller)];
            innermost[i] = i > 0 && counts(i, above) ? callstack_index(i) : above;
            importing[i] = i > 0 && innermost[i] == above &&
                           (importing[to_index(callstacks[i].caller)] || is_importer(i));
            if (i > 0 && innermost[i] == above) {
                const errand_kind here = errand_of(whole_.frames()[to_index(callstacks[i].frame)]);
                errands[i] =
                    here != errand_kind::none ? here : errands[to_index(callstacks[i].caller)];
            }
            if (own_[i] == 0) continue;
            if (innermost[i] == callstack_index::empty) {
                result.others += own_[i];
                if (is_compiler(i)) {
                    result.compiling += own_[i];
                    result.compiler = callstacks[i].frame;
                }
            } else if (is_of_threads(i)) {
                of_threads[{row_at(innermost[i]), callstacks[i].frame}] +=
                    std::exchange(own_[i], 0);
            } else {
                held[row_at(innermost[i])] += own_[i];
                count(result.errands, errands[i], own_[i]);
                if (is_guess(errands[i])) guessed[row_at(innermost[i])] += own_[i];
                if (importing[i]) imported[row_at(innermost[i])] += own_[i];
            }
        }
        for (const auto& [key, bytes] : of_threads)
            result.threads.push_back({key.first, key.second, bytes});
        std::ranges::stable_sort(result.threads, std::greater(), &threads_usage::bytes);
        for (const auto& [frame, bytes] : held) {
            const bool imports = imported[frame] > 0 && imported[frame] >= bytes - bytes / 10;
            result.lines.push_back({frame, bytes, 0, imports, guessed[frame]});
        }
        std::ranges::sort(result.lines, [](const your_line& a, const your_line& b) {
            return a.bytes != b.bytes ? a.bytes > b.bytes : a.frame < b.frame;
        });
        sum_below(result.lines);
        return result;
    }

  private:
    // What lay on a pool's thread's stack is wrong too often to be more
    // (docs/design/whose-work.md).
    static bool is_guess(errand_kind how) {
        return how == errand_kind::guessed || how == errand_kind::job;
    }

    static void count(errand_bytes& took, errand_kind how, std::int64_t bytes) {
        if (how == errand_kind::task) took.by_task += bytes;
        if (how == errand_kind::started) took.by_start += bytes;
        if (how == errand_kind::alone) took.alone += bytes;
        if (how == errand_kind::job) took.by_job += bytes;
        if (how == errand_kind::guessed) took.guessed += bytes;
    }

    frame_index row_at(callstack_index i) const {
        return rows_[to_index(whole_.callstacks()[to_index(i)].frame)];
    }

    bool is_importer(std::size_t i) const {
        const frame& innermost = whole_.frames()[to_index(whole_.callstacks()[i].frame)];
        return conventions::of(innermost).is_importer(innermost);
    }

    bool is_compiler(std::size_t i) const {
        const frame_index innermost = whole_.callstacks()[i].frame;
        return whole_.frames()[to_index(innermost)].kind == frame_kind::compiling;
    }

    bool is_of_threads(std::size_t i) const {
        const frame_index innermost = whole_.callstacks()[i].frame;
        return whole_.frames()[to_index(innermost)].kind == frame_kind::threads;
    }

    bool is_process(callstack_index i) const {
        if (i == callstack_index::empty) return false;
        const frame_index called = whole_.callstacks()[to_index(i)].frame;
        return whole_.frames()[to_index(called)].kind == frame_kind::process;
    }

    // Is callstack `i` a line of the user's, where `above` is the innermost of them that called it?
    bool counts(std::size_t i, callstack_index above) const {
        const auto [caller, frame] = whole_.callstacks()[i];
        if (owners_[to_index(frame)].owner != frame_owner::user) return false;
        const code_text text = texts_[to_index(frame)];
        if (text == code_text::kept) return true;
        const bool called = above != callstack_index::empty;
        if (called &&
            texts_[to_index(whole_.callstacks()[to_index(above)].frame)] == code_text::kept)
            return false;
        return text == code_text::lost || caller == above || is_process(caller);  // the program's
    }

    // One pass for all of them: which of the heaviest lines stand in a callstack?
    void sum_below(std::vector<your_line>& lines) const {
        const std::size_t count = std::min(lines.size(), heaviest);
        std::vector<std::uint64_t> bit(owners_.size());
        for (std::size_t k = 0; k < count; ++k) bit[to_index(lines[k].frame)] = 1ull << k;
        const auto& callstacks = whole_.callstacks();
        std::vector<std::uint64_t> passed(callstacks.size());
        for (std::size_t i = 1; i < callstacks.size(); ++i) {
            passed[i] =
                passed[to_index(callstacks[i].caller)] | bit[to_index(row_at(callstack_index(i)))];
            if (own_[i] == 0) continue;
            for (std::size_t k = 0; k < count; ++k)
                if ((passed[i] >> k & 1) != 0) lines[k].below += own_[i];
        }
    }

    const Snapshot& whole_;
    const std::vector<ownership>& owners_;
    const std::vector<code_text>& texts_;
    const std::vector<frame_index>& rows_;
    std::vector<std::int64_t> own_;  // bytes, by callstack
};

// Lines that import make one row, if there are several: a reader changes none of them.
inline void gather_imports(held_by_lines& held) {
    const std::int64_t imports = std::ranges::count_if(held.lines, &your_line::imports);
    if (imports < 2) return;
    held.importing_lines = static_cast<std::uint64_t>(imports);
    std::vector<your_line> others;
    for (const your_line& line : held.lines) {
        (line.imports ? held.imports : others).push_back(line);
        if (line.imports) held.importing_bytes += line.bytes;
    }
    held.lines = std::move(others);
}

// The lines that are listed hold 99 % of what lines hold; below that, 0.1 % each.
inline void leave_out_small_lines(held_by_lines& held, std::size_t most = 200) {
    std::int64_t all = held.importing_bytes;
    for (const your_line& line : held.lines) all += line.bytes;
    const double enough = 0.99 * static_cast<double>(all);
    const double least = 0.001 * static_cast<double>(all);
    std::int64_t listed = held.importing_bytes;
    std::size_t count = 0;
    while (count < std::min(held.lines.size(), most)) {
        const auto bytes = static_cast<double>(held.lines[count].bytes);
        if (static_cast<double>(listed) > enough && bytes < least) break;
        listed += held.lines[count++].bytes;
    }
    held.small_lines = held.lines.size() - count;
    held.small_bytes = all - listed;
    held.lines.resize(count);
    constexpr std::size_t some = 20;  // however small
    while (held.imports.size() > most ||
           (held.imports.size() > some && static_cast<double>(held.imports.back().bytes) < least))
        held.imports.pop_back();
}

// What a reader sees of the lines, heaviest first: a line, or those that import.
struct line_row {
    const your_line* line;  // null: the imports
    std::int64_t bytes;
};

inline std::vector<line_row> rows_of_lines(const held_by_lines& held) {
    std::vector<line_row> rows;
    for (const your_line& line : held.lines) rows.push_back({&line, line.bytes});
    if (held.importing_lines > 0) {
        const auto place =
            std::ranges::upper_bound(rows, held.importing_bytes, std::greater(), &line_row::bytes);
        rows.insert(place, {nullptr, held.importing_bytes});
    }
    return rows;
}

// Threads that are listed took a hundredth of all.
inline void leave_out_small_threads(held_by_lines& held, std::size_t most = 20) {
    std::int64_t all = held.others + held.small_bytes + held.importing_bytes;
    for (const your_line& line : held.lines) all += line.bytes;
    for (const threads_usage& some : held.threads) all += some.bytes;
    while (!held.threads.empty() &&
           (held.threads.size() > most || held.threads.back().bytes < all / 100)) {
        held.small_threads += held.threads.back().bytes;
        held.threads.pop_back();
    }
}

// What bars are measured by.
inline std::int64_t heaviest_row(const held_by_lines& held) {
    std::int64_t most = std::max<std::int64_t>(held.importing_bytes, 1);
    if (!held.lines.empty()) most = std::max(most, held.lines.front().bytes);
    for (const threads_usage& some : held.threads) most = std::max(most, some.bytes);
    return most;
}

// "polars'", "duckdb's".
inline std::string possessive(const std::string& name) {
    return name + (name.ends_with('s') ? "'" : "'s");
}

// `whole` is tidy.
template <snapshot_like Snapshot>
held_by_lines your_lines(const Snapshot& whole, const std::vector<ownership>& owners,
                         const std::vector<code_text>& texts, const std::vector<frame_index>& rows,
                         mapping_kind kind = mapping_kind::anonymous) {
    return line_summing<Snapshot>(whole, owners, texts, rows, kind).summed();
}

}  // namespace fil::report

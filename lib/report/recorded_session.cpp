#include "report/recorded_session.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include "fil/report/conventions/all.hpp"
#include "fil/report/masked_arguments.hpp"
#include "fil/report/process_name.hpp"
#include "report/reading_path.hpp"
#include "report/report_source.hpp"
#include "session/compact_recording.hpp"
#include "session/parts_in_memory.hpp"
#include "symbols/symbols.hpp"

namespace fil {
namespace {

// The newest peak that a counter, or its process's end, remembers: who recorded last saw it.
std::int64_t peak_told_by(const recording_view& recording) {
    const recording_header& header = recording.header();
    std::int64_t peak = header.closed != 0 ? header.closed_at.load() : 0;
    recording.for_each_usage(recording.callstacks_there(),
                             [&](const usage_set_record&, callstack_id, const usage_record& usage) {
                                 peak = std::max(peak, usage.settled_at.load());
                             });
    return plausible(peak);
}

void add_words_of(session_words_found& words, const recording_view& recording) {
    words.peak = std::max(words.peak, peak_told_by(recording));
    if (recording.header().closed == 0) words.live += plausible(recording.header().live);
}

session_words_found words_told_by(const std::vector<recording_file>& recordings) {
    session_words_found words;
    for (const recording_file& one : recordings) add_words_of(words, one.view());
    return words;
}

// Without what no byte of the peak needs, where there is such: a program's recording may be a
// hundred times as large.
recording_file compacted(recording_file whole, std::int64_t peak) {
    compact_memory made;
    if (!is_plausible(whole.view()) ||
        compact_recording(whole.view(), peak, made) != compacting::done)
        return whole;
    return recording_file(shared_mapping::of_memory(made.address, made.bytes));
}

report::started_process started_of(const recording_view& recording) {
    const recording_header& header = recording.header();
    return {header.pid, header.parent_pid,
            report::masked(report::arguments_of(first_fact(recording, "command"))),
            first_fact(recording, "executable")};
}

// As the user started the program: by its own command line.
report::facts facts_of(const report::started_process& program, const recording_view& recording) {
    report::facts about;
    about.arguments = program.arguments;
    about.program.main_script = report::conventions::script_of(program.arguments);
    about.program.launch_directory = first_fact(recording, "directory");
    about.host = first_fact(recording, "host");
    const std::string started = first_fact(recording, "started");
    std::int64_t seconds = 0;
    if (std::from_chars(started.data(), started.data() + started.size(), seconds).ec == std::errc())
        about.started = seconds;
    if (!about.program.main_script.empty())
        about.program.main_script_path =
            report::absolute_path(about.program.main_script, about.program.launch_directory);
    return about;
}

// The program is the founder; where that is not there, whom none of the others started. Of several
// images the one that held most.
void put_program_first(std::vector<drawn_process>& all, std::vector<report::started_process>& who,
                       std::int32_t founder) {
    const bool is_there =
        std::ranges::find(who, founder, &report::started_process::pid) != who.end();
    const auto is_child = [&](const report::started_process& one) {
        if (is_there) return one.pid != founder;
        return std::ranges::any_of(who, [&](const report::started_process& other) {
            return other.pid == one.parent && other.pid != one.pid;
        });
    };
    std::size_t first = 0;
    for (std::size_t i = 1; i < all.size(); ++i) {
        const bool i_child = is_child(who[i]), first_child = is_child(who[first]);
        const bool holds_more = all[i].usage.used_bytes() > all[first].usage.used_bytes();
        if (i_child != first_child ? first_child : holds_more) first = i;
    }
    std::swap(all[0], all[first]);
    std::swap(who[0], who[first]);
}

}  // namespace

report::session_snapshot snapshot_of_recordings(const std::vector<recording_file>& recordings,
                                                std::optional<session_words_found> page) {
    const session_words_found words = page ? *page : words_told_by(recordings);
    session_page session{};
    session.live = words.live;
    session.peak = words.peak;
    std::vector<report::started_process> who;
    for (const recording_file& one : recordings) who.push_back(started_of(one.view()));
    const report::process_names names(who);
    std::vector<drawn_process> all;
    std::vector<report::started_process> read;
    std::vector<std::string> notes;
    for (std::size_t i = 0; i < recordings.size(); ++i) {
        const recording_view recording = recordings[i].view();
        drawn_recording drawn{recording, &session};
        auto usage = is_plausible(recording) ? unless_damaged([&] { return usage_of(drawn); })
                                             : std::nullopt;
        if (!usage) {
            notes.push_back(note_of_damage(who[i].pid));
            continue;
        }
        all.push_back({drawn,
                       std::move(*usage),
                       who[i].executable,
                       who[i].arguments,
                       {.pid = who[i].pid,
                        .name = names.name_of(i),
                        .peak = plausible(recording.header().peak),
                        .parent = who[i].parent},
                       {}});
        read.push_back(who[i]);
    }
    if (all.empty()) throw damaged_recording();
    put_program_first(all, read, words.founder);
    report::facts about = facts_of(read.front(), all.front().drawn.recording);
    about.notes = std::move(notes);
    about.others = {words.gone, words.gone_peak};
    about.exact.unrecorded.sandboxed = words.sandboxed;
    for (drawn_process& one : all) add_arenas(one.usage, one.drawn, {});
    symbols of_code{kept_names(kept_names::users_folder())};
    report::snapshot tidy = read_processes(all, about, of_code);
    std::vector<drawn_process> shown;
    for (drawn_process& one : all) {
        if (shown.empty() || one.usage.used_bytes() > 0) {
            shown.push_back(std::move(one));
        } else {
            ++about.others.count;
            about.others.most = std::max(about.others.most, one.who.peak);
        }
    }
    add_recorded_facts(about, shown);
    return made_here(std::move(tidy), std::move(about), false);
}

report::session_snapshot snapshot_of_recording_files(const std::vector<std::string>& paths,
                                                     std::optional<session_words_found> page) {
    std::vector<std::string> notes;
    const auto each = [&](const auto& take) {
        notes.clear();
        for (const std::string& path : paths) {
            try {
                reading(path, [&] { take(recording_file(path)); });
            } catch (const unreadable_snapshot& problem) {
                notes.emplace_back(problem.what());
                if (notes.size() == paths.size()) throw;
            }
        }
    };
    session_words_found words;
    if (page)
        words = *page;
    else
        each([&](const recording_file& one) { add_words_of(words, one.view()); });
    std::vector<recording_file> recordings;
    each([&](recording_file one) {
        recordings.push_back(paths.size() == 1 ? std::move(one)
                                               : compacted(std::move(one), words.peak));
    });
    return reading(paths.front(), [&] {
        report::session_snapshot made = snapshot_of_recordings(recordings, words);
        made.about.notes.insert(made.about.notes.end(), notes.begin(), notes.end());
        return made;
    });
}

}  // namespace fil

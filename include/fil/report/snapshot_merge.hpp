#pragma once
// Several snapshots as one: of programs that were run apart, on one machine or on many. Bytes are
// added up, each process stays itself.
//
// Their peaks were at moments of their own, so the sum is of none: a note says so, and what belongs
// to one run alone (its course over time, how it ended) is left out. Of two processes that are
// called the same, the machine's name tells which is which, or a number. Pure functions.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fil/report/facts_text.hpp"
#include "fil/report/process_merge.hpp"
#include "fil/report/process_name.hpp"
#include "fil/report/session_snapshot.hpp"

namespace fil::report {

class snapshot_merging {
  public:
    explicit snapshot_merging(const std::vector<const session_snapshot*>& parts) : parts_(parts) {
        std::set<std::string> hosts;
        for (const session_snapshot* part : parts) hosts.insert(part->about.host);
        are_hosts_told_ = hosts.size() > 1;
    }

    session_snapshot run() {
        session_snapshot made;
        process_merge merge;
        for (const session_snapshot* part : parts_) {
            const std::vector<process_facts> processes = named_apart(*part);
            if (is_told_apart(part->tidy))
                merge.add(part->tidy, part->about.processes, processes);
            else
                merge.add(part->tidy, processes.front());
            std::ranges::copy(processes, std::back_inserter(made.about.processes));
            add_facts(made.about, part->about);
            add_sources(made.sources, part->sources);
        }
        made.tidy = merge.take();
        std::ranges::stable_sort(made.about.processes, std::greater(), &process_facts::bytes);
        find_equals(made.about.processes);
        made.about.title = title();
        made.about.notes.insert(
            made.about.notes.begin(),
            "This is the sum of " + std::to_string(parts_.size()) +
                " snapshots, each at its own peak: they need not have been at the same time.");
        return made;
    }

  private:
    static bool is_told_apart(const snapshot& tidy) {
        return std::ranges::any_of(tidy.frames(),
                                   [](const frame& f) { return f.kind == frame_kind::process; });
    }

    // Its processes; of a part that names none (it held nothing), the program.
    std::vector<process_facts> named_apart(const session_snapshot& part) {
        std::vector<process_facts> processes = part.about.processes;
        if (processes.empty())
            processes.push_back({.name = program_text(part.about), .bytes = part.about.peak});
        for (process_facts& process : processes) {
            if (are_hosts_told_ && !part.about.host.empty())
                process.name += " on " + part.about.host;
            const std::string name = process.name;
            for (int number = 2; !taken_.insert(process_frame(process).function).second; ++number)
                process.name = name + " #" + std::to_string(number);
        }
        return processes;
    }

    // The same program, run several times.
    static void find_equals(std::vector<process_facts>& processes) {
        std::map<std::string, int> count;
        for (const process_facts& process : processes) ++count[without_numbers(process.name)];
        for (process_facts& process : processes) {
            const std::string name = without_numbers(process.name);
            if (process.equals.empty() && count[name] > 1) process.equals = "× " + name;
        }
    }

    // "train.py, 2 × load.py".
    std::string title() const {
        std::vector<std::pair<std::string, int>> programs;
        for (const session_snapshot* part : parts_) {
            const std::string program = program_text(part->about);
            const auto known =
                std::ranges::find(programs, program, &std::pair<std::string, int>::first);
            if (known == programs.end())
                programs.emplace_back(program, 1);
            else
                ++known->second;
        }
        constexpr std::size_t most = 3;
        std::string text;
        for (std::size_t i = 0; i < std::min(programs.size(), most); ++i) {
            const auto& [program, times] = programs[i];
            text +=
                (i == 0 ? "" : ", ") + (times > 1 ? std::to_string(times) + " × " : "") + program;
        }
        if (programs.size() > most)
            text += " and " + std::to_string(programs.size() - most) + " others";
        return text;
    }

    static void add_once(std::vector<std::string>& to, const std::vector<std::string>& texts) {
        for (const std::string& text : texts)
            if (std::ranges::find(to, text) == to.end()) to.push_back(text);
    }

    void add_facts(facts& to, const facts& part) const {
        const bool is_first = &part == &parts_.front()->about;
        if (is_first) {
            to.program = part.program;
            to.version = part.version;
            to.runtime = part.runtime;
        }
        if (to.runtime != part.runtime) to.runtime.clear();
        to.made = std::max(to.made, part.made);
        if (part.made == to.made) to.utc_offset = part.utc_offset;
        to.peak += part.peak;
        to.peak_shared += part.peak_shared;
        to.others.count += part.others.count;
        to.others.most = std::max(to.others.most, part.others.most);
        exactness_facts& exact = to.exact;
        exact.threads = is_first ? part.exact.threads : exact.threads + part.exact.threads;
        exact.bound += part.exact.bound;
        exact.missed += part.exact.missed;
        exact.dropped += part.exact.dropped;
        unrecorded_processes& unrecorded = exact.unrecorded;
        unrecorded.unprofiled += part.exact.unrecorded.unprofiled;
        unrecorded.refused += part.exact.unrecorded.refused;
        unrecorded.sandboxed += part.exact.unrecorded.sandboxed;
        unrecorded.left_out += part.exact.unrecorded.left_out;
        unrecorded.missed += part.exact.unrecorded.missed;
        if (unrecorded.why_refused.empty())
            unrecorded.why_refused = part.exact.unrecorded.why_refused;
        add_once(to.program.main_executables, part.program.main_executables);
        add_once(to.program.own_directories, part.program.own_directories);
        add_once(to.program.other_scripts, part.program.other_scripts);
        if (!part.program.main_script.empty())
            add_once(to.program.other_scripts, {part.program.main_script});
        add_once(to.variables, part.variables);
        add_once(to.notes, part.notes);
    }

    // Of a file that was another for each, none is shown.
    static void add_sources(source_files& to, const source_files& part) {
        for (const auto& [path, file] : part) {
            const auto [known, is_new] = to.try_emplace(path, file);
            if (is_new) continue;
            source_file& both = known->second;
            if (both.hash != file.hash) {
                both = {.hash = both.hash ^ ~file.hash};  // of no text that is likely
                continue;
            }
            both.newer = both.newer || file.newer;
            if (both.text && file.text)
                both.text = lines_of_both(*both.text, *file.text);
            else if (file.text)
                both.text = file.text;
        }
    }

    const std::vector<const session_snapshot*>& parts_;
    bool are_hosts_told_ = false;
    std::set<std::string> taken_;  // names of processes
};

// One is what it was.
inline session_snapshot merged(const std::vector<const session_snapshot*>& parts) {
    return parts.size() == 1 ? *parts.front() : snapshot_merging(parts).run();
}

}  // namespace fil::report

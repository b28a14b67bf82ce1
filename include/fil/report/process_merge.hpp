#pragma once
// Several processes as one snapshot: what each of them held stands below a frame that names it.
//
//     [python train.py (pid 12)]  train.py:9 (main) ...
//     [worker.py --fast (pid 14)] worker.py:3 (load) ...
//
// Each part is tidy already, by the facts of its own process. One that is alone gets no such frame.
// The source of code that is in no file is known by the file's name alone: where two processes mean
// different texts by one name, none of them is shown. Cold code; one part in memory at a time.

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fil/report/facts.hpp"
#include "fil/report/snapshot.hpp"

namespace fil::report {

inline frame process_frame(const process_facts& process) {
    return {.function = process.name + " (pid " + std::to_string(process.pid) + ")",
            .kind = frame_kind::process};
}

class process_merge {
  public:
    void add(const snapshot& tidy, const process_facts& process) {
        add_below(merged_.add_callstack(callstack_index::empty,
                                        merged_.add_frame(process_frame(process))),
                  tidy);
    }

    // Of the only process.
    void add(const snapshot& tidy) { add_below(callstack_index::empty, tidy); }

    // Of several, merged already; each gets a new name.
    void add(const snapshot& tidy, const std::vector<process_facts>& old,
             const std::vector<process_facts>& named) {
        std::map<std::string, frame> new_of;
        for (std::size_t i = 0; i < std::min(old.size(), named.size()); ++i)
            new_of.emplace(process_frame(old[i]).function, process_frame(named[i]));
        add_below(callstack_index::empty, tidy, new_of);
    }

    snapshot take() {
        for (const auto& [file, text] : texts_) {
            if (!ambiguous_.contains(file)) merged_.add_text(file, text);
        }
        return std::move(merged_);
    }

  private:
    // `renamed`: by the function of a process's frame.
    void add_below(callstack_index root, const snapshot& tidy,
                   const std::map<std::string, frame>& renamed = {}) {
        std::vector<frame_index> frame_of;
        frame_of.reserve(tidy.frames().size());
        for (const frame& f : tidy.frames()) {
            const auto known =
                f.kind == frame_kind::process ? renamed.find(f.function) : renamed.end();
            frame_of.push_back(merged_.add_frame(known == renamed.end() ? f : known->second));
        }
        std::vector<callstack_index> new_of(tidy.callstacks().size(), root);
        for (std::size_t i = 1; i < new_of.size(); ++i) {
            const auto [caller, called] = tidy.callstacks()[i];
            new_of[i] = merged_.add_callstack(new_of[to_index(caller)], frame_of[to_index(called)]);
        }
        for (int k = 0; k < usage_kinds; ++k) {
            const auto kind = static_cast<mapping_kind>(k);
            for (const auto& [callstack, used] : tidy.used(kind))
                merged_.add_usage(kind, new_of[to_index(callstack)], used);
        }
        for (untouched_mapping mapping : tidy.untouched_mappings()) {
            mapping.callstack = new_of[to_index(mapping.callstack)];
            merged_.add_untouched_mapping(mapping);
        }
        for (const auto& [file, text] : tidy.texts()) {
            const auto [known, is_new] = texts_.try_emplace(file, text);
            if (!is_new && known->second != text) ambiguous_.insert(file);
        }
    }

    snapshot merged_;
    std::map<std::string, std::string> texts_;
    std::set<std::string> ambiguous_;
};

}  // namespace fil::report

#pragma once
// The one snapshot: an immutable copy of what each callstack held, at the peak or now, with all
// names in it, so that nothing else is needed to draw a report, later and anywhere.
//
// Filled once by whoever reads recordings (add_ functions), read by everybody after. Frames are
// interned; callstacks are not (tidying merges them anyway), so a node of a recording's call tree
// becomes a node here, one for one. Cold code; no locks: fill, then read.

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fil/base/hash.hpp"
#include "fil/report/snapshot_like.hpp"

namespace fil::report {

// A mapping so large, and so little touched, that it explains a difference to resident memory.
struct untouched_mapping {
    callstack_index callstack;
    std::int64_t bytes;
    std::int64_t resident;
};

struct frame_hash {
    std::size_t operator()(const frame& f) const {
        std::uint64_t h = f.line | std::uint64_t{f.first_line} << 32;
        h = mix(h ^ static_cast<std::uint64_t>(f.kind));
        for (const std::string* text : {&f.function, &f.file, &f.directory, &f.module}) {
            h = hash_bytes(text->data(), text->size(), h);
        }
        return h;
    }
};

class snapshot {
  public:
    frame_index add_frame(frame f) {
        auto [known, is_new] = frame_numbers_.try_emplace(f, frame_index(frames_.size()));
        if (is_new) frames_.push_back(std::move(f));
        return known->second;
    }

    callstack_index add_callstack(callstack_index caller, frame_index called) {
        assert(to_index(caller) < callstacks_.size() && to_index(called) < frames_.size());
        callstacks_.push_back({caller, called});
        return callstack_index(callstacks_.size() - 1);
    }

    // Several entries for one callstack are added up by readers.
    void add_usage(mapping_kind kind, callstack_index callstack, usage used) {
        assert(to_index(callstack) < callstacks_.size());
        used_[static_cast<std::size_t>(kind)].push_back({callstack, used});
    }

    // Room for so many: a vector that grows needs half as much again for a moment.
    void reserve_callstacks(std::size_t count) { callstacks_.reserve(count + 1); }
    void reserve_usage(mapping_kind kind, std::size_t count) {
        used_[static_cast<std::size_t>(kind)].reserve(count);
    }

    // What was asked for counts as used. Of a tidy snapshot: each callstack has one entry.
    void count_requests() {
        auto& counted = used_[static_cast<std::size_t>(mapping_kind::anonymous)];
        for (const callstack_usage& asked : used(mapping_kind::requested)) {
            const auto known =
                std::ranges::find(counted, asked.callstack, &callstack_usage::callstack);
            if (known == counted.end())
                counted.push_back(asked);
            else
                known->used += asked.used;
        }
        used_[static_cast<std::size_t>(mapping_kind::requested)].clear();
    }

    void add_untouched_mapping(untouched_mapping mapping) { untouched_.push_back(mapping); }

    // The source of a file that no disk has (a notebook's cell), by its frame::file.
    void add_text(std::string file, std::string text) {
        texts_.insert_or_assign(std::move(file), std::move(text));
    }

    // What the reader calls such a file: "In [3]". Tidying names its frames so.
    void add_name(std::string file, std::string name) {
        names_.insert_or_assign(std::move(file), std::move(name));
    }

    const std::vector<frame>& frames() const { return frames_; }
    const std::vector<callstack>& callstacks() const { return callstacks_; }
    const std::vector<callstack_usage>& used(mapping_kind kind) const {
        return used_[static_cast<std::size_t>(kind)];
    }
    const std::vector<untouched_mapping>& untouched_mappings() const { return untouched_; }
    const std::map<std::string, std::string>& texts() const { return texts_; }
    const std::map<std::string, std::string>& names() const { return names_; }

    std::int64_t total(mapping_kind kind) const {
        std::int64_t sum = 0;
        for (const callstack_usage& entry : used(kind)) sum += entry.used.bytes;
        return sum;
    }

  private:
    std::vector<frame> frames_;
    std::unordered_map<frame, frame_index, frame_hash> frame_numbers_;
    std::vector<callstack> callstacks_{{callstack_index::empty, frame_index{0}}};
    std::array<std::vector<callstack_usage>, usage_kinds> used_;
    std::vector<untouched_mapping> untouched_;
    std::map<std::string, std::string> texts_;
    std::map<std::string, std::string> names_;
};
static_assert(snapshot_like<snapshot>);

}  // namespace fil::report

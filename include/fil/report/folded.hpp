#pragma once
// The folded exporter: peak-memory.prof, one callstack a line, for tools and scripts.
//
//     flights.py:14 (main);flights.py:11 (wide);/site/numpy/_core/numeric.py:226 (ones) 52428928
//
// What a library's threads took stands at the callstack that started them, as ever: tools know no
// frame that is none. Frames outermost first, joined by ';', then a space and the bytes; UTF-8;
// heaviest first. Names are as the program had them, but for a ';' of their own (folded_text).
// Written out, ten thousand stacks of ten thousand frames would be gigabytes: beyond `most_frames`
// in all, the deepest stacks lose frames in their middle and say how many. What is held without any
// frame is one line, whatever the page knows of it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/frame_text.hpp"
#include "fil/report/selection.hpp"
#include "fil/report/snapshot_like.hpp"

namespace fil::report {

// A ';' in a frame is "%3B", and a '%' that would be taken for the beginning of such a code "%25",
// so that the text can be had back.
inline std::string folded_text(const frame& f) {
    std::string escaped;
    const std::string text = f.kind == frame_kind::compiling
                                 ? std::string(conventions::of(compiler_of(f)).no_callstack)
                                 : frame_text(f);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view next = std::string_view(text).substr(i + 1, 2);
        if (text[i] == ';') {
            escaped += "%3B";
        } else if (text[i] == '%' && (next == "3B" || next == "25")) {
            escaped += "%25";
        } else {
            escaped += text[i];
        }
    }
    return escaped;
}

// Heaviest first, each callstack once: without frames that stand for threads, and one of each
// process without any.
template <snapshot_like Snapshot>
std::vector<callstack_usage> folded_usage(const Snapshot& snapshot) {
    std::map<callstack_index, usage> sums;
    std::map<callstack_index, callstack_index> unknown;  // by what is above: one without frames
    for (const auto& [innermost, used] : snapshot.used(mapping_kind::anonymous)) {
        if (innermost == callstack_index::empty) {  // of a snapshot that is not tidy
            sums[innermost] += used;
            continue;
        }
        const auto& [caller, of] = snapshot.callstacks()[to_index(innermost)];
        const frame& f = snapshot.frames()[to_index(of)];
        callstack_index at = f.kind == frame_kind::threads ? caller : innermost;
        if (stands_for_no_frame(f) && conventions::is_no_callstack(folded_text(f)))
            at = unknown.try_emplace(caller, at).first->second;
        sums[at] += used;
    }
    std::vector<callstack_usage> all;
    for (const auto& [callstack, used] : sums) all.push_back({callstack, used});
    return heaviest_first(all);
}

template <snapshot_like Snapshot>
class folded_writer {
  public:
    // `usage` is what folded_usage() made of the snapshot.
    folded_writer(std::ostream& out, const Snapshot& snapshot,
                  const std::vector<callstack_usage>& usage, std::uint64_t most_frames)
        : out_(out), snapshot_(snapshot), usage_(usage), depth_(snapshot.callstacks().size()) {
        texts_.reserve(snapshot.frames().size());
        for (const frame& f : snapshot.frames()) texts_.push_back(folded_text(f));
        for (std::size_t i = 1; i < depth_.size(); ++i) {
            depth_[i] = depth_[to_index(snapshot.callstacks()[i].caller)] + 1;
        }
        choose_deepest(most_frames);
    }

    void write() {
        for (const auto& [callstack, used] : usage_) {
            write_frames(callstack);
            out_ << ' ' << used.bytes << '\n';
        }
    }

  private:
    // Halves the deepest stack that is written whole until all fit.
    void choose_deepest(std::uint64_t most_frames) {
        deepest_ = *std::ranges::max_element(depth_);
        while (deepest_ > 200 && frames_written() > most_frames) deepest_ /= 2;
    }

    std::uint64_t frames_written() const {
        std::uint64_t written = 0;
        for (const callstack_usage& entry : usage_)
            written += std::min(depth_[to_index(entry.callstack)], deepest_);
        return written;
    }

    void write_frames(callstack_index innermost) {
        const std::uint32_t depth = depth_[to_index(innermost)];
        const std::uint32_t kept = depth > deepest_ ? deepest_ / 2 : depth;  // at either end
        way_.clear();
        for (auto at = innermost; at != callstack_index::empty;) {
            const callstack& node = snapshot_.callstacks()[to_index(at)];
            way_.push_back(node.frame);
            at = node.caller;
        }
        const char* separator = "";
        for (std::uint32_t i = 0; i < depth; ++i) {
            out_ << separator;
            separator = ";";
            if (i == kept && depth > deepest_) {
                out_ << '[' << depth - 2 * kept << " frames]";
                i = depth - kept - 1;
            } else {
                out_ << texts_[to_index(way_[depth - 1 - i])];
            }
        }
    }

    std::ostream& out_;
    const Snapshot& snapshot_;
    const std::vector<callstack_usage>& usage_;
    std::vector<std::uint32_t> depth_;  // by callstack
    std::uint32_t deepest_ = 0;         // deeper stacks are cut
    std::vector<std::string> texts_;    // by frame
    std::vector<frame_index> way_;
};

constexpr std::uint64_t most_frames_folded = 2'000'000;

// `snapshot` is tidy and selected, `usage` what folded_usage() made of it.
template <snapshot_like Snapshot>
void write_folded(std::ostream& out, const Snapshot& snapshot,
                  const std::vector<callstack_usage>& usage,
                  std::uint64_t most_frames = most_frames_folded) {
    folded_writer<Snapshot>(out, snapshot, usage, most_frames).write();
}

template <snapshot_like Snapshot>
void write_folded(std::ostream& out, const Snapshot& snapshot,
                  std::uint64_t most_frames = most_frames_folded) {
    write_folded(out, snapshot, folded_usage(snapshot), most_frames);
}

}  // namespace fil::report

#pragma once
// Reads a trace file that lies in memory (mapped, say): its processes, and the events of one.
//
// What is not whole at the end (the writer was killed, the file was cut) is left out, and
// `is_whole()` says so; damage before that throws `unreadable`, in words. No content makes a reader
// leave the memory, or take more of it than a block may become. Cold; one thread; borrows the
// bytes.

#include <zstd.h>

#include <cstring>
#include <optional>

#include "fil/trace/trace_writer.hpp"

namespace fil::trace {

class reader {
  public:
    struct place {
        block_header header;
        std::span<const std::uint8_t> stored;
    };
    struct process {
        process_about about;
        process_end end;
        bool has_ended = false;
        std::uint64_t events = 0;
        std::uint64_t milliseconds = 0;  // of its last block's beginning
        std::vector<place> blocks;       // of events
        place recording{};
    };

    explicit reader(std::span<const std::uint8_t> file) : file_(file) {
        if (file.size() >= sizeof header_) std::memcpy(&header_, file.data(), sizeof header_);
        if (file.size() < sizeof header_ || header_.magic != file_magic)
            throw unreadable("it is no trace");
        if (header_.version != file_version)
            throw unreadable("it is of version " + std::to_string(header_.version) +
                             ", and only version " + std::to_string(file_version) + " can be read");
        std::uint64_t at = sizeof header_;
        while (const auto next = block_at(at)) {
            if (next->header.kind == block_kind::index) {
                is_whole_ = true;
                break;
            }
            take(*next);
            at += sizeof(block_header) + next->header.stored;
        }
        if (processes_.empty()) throw unreadable("it is cut short: nothing of it is whole");
    }

    const file_header& header() const { return header_; }
    bool is_whole() const { return is_whole_; }
    const std::vector<process>& processes() const { return processes_; }

    // The one with most events.
    std::size_t busiest() const {
        std::size_t most = 0;
        for (std::size_t i = 1; i < processes_.size(); ++i)
            if (processes_[i].events > processes_[most].events) most = i;
        return most;
    }

    // visit(event), in order; where it returns false, that was enough.
    template <typename Visit>
    void for_each_event(std::size_t process, Visit&& visit) const {
        for (const place& one : processes_.at(process).blocks) {
            const bytes content = unpacked(one);
            event_decoder decoder(one.header, content);
            for (event next; decoder.next(next);)
                if (!visit(next)) return;
        }
    }

    // A block's content; checks it.
    static bytes unpacked(const place& one) {
        if (checksum_of(one.header, one.stored.data()) != one.header.checksum ||
            one.header.raw > most_raw)
            throw unreadable("it is damaged");
        bytes content(one.header.raw);
        const std::size_t got =
            ZSTD_decompress(content.data(), content.size(), one.stored.data(), one.stored.size());
        if (ZSTD_isError(got) != 0 || got != content.size()) throw unreadable("it is damaged");
        return content;
    }

  private:
    static constexpr std::uint64_t most_raw = std::uint64_t{1} << 31;

    std::optional<place> block_at(std::uint64_t at) const {
        place found;
        if (file_.size() - at < sizeof found.header) return {};
        std::memcpy(&found.header, file_.data() + at, sizeof found.header);
        if (found.header.magic != block_magic) throw unreadable("it is damaged");
        at += sizeof found.header;
        if (found.header.stored > file_.size() - at) return {};
        found.stored = file_.subspan(at, found.header.stored);
        return found;
    }

    void take(const place& one) {
        const block_header& header = one.header;
        if (header.kind == block_kind::process) {
            if (header.process != processes_.size()) throw unreadable("it is damaged");
            const bytes content = unpacked(one);
            number_reader from(content);
            process& fresh = processes_.emplace_back();
            fresh.about.pid = static_cast<std::int32_t>(from.number());
            fresh.about.parent = static_cast<std::int32_t>(from.number());
            fresh.about.command = from.text();
            fresh.about.executable = from.text();
            return;
        }
        if (header.process >= processes_.size()) throw unreadable("it is damaged");
        process& of = processes_[header.process];
        if (header.kind == block_kind::events) {
            of.events += header.events;
            of.milliseconds = header.milliseconds;
            of.blocks.push_back(one);
        } else if (header.kind == block_kind::recording) {
            of.recording = one;
        } else if (header.kind == block_kind::end) {
            const bytes content = unpacked(one);
            number_reader from(content);
            of.end.events = from.number();
            of.end.lost = from.number();
            of.end.missed = from.number();
            of.has_ended = true;
        }
    }

    std::span<const std::uint8_t> file_;
    file_header header_;
    bool is_whole_ = false;
    std::vector<process> processes_;
};

}  // namespace fil::trace

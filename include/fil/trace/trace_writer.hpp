#pragma once
// Writes a trace file: processes begin, have events, and end; blocks go out as they are full.
//
// Where the bytes go the caller says; a file that is cut anywhere is readable up to the last whole
// block. Cold; one thread. Throws what the caller's function throws.

#include <zstd.h>

#include <cstring>
#include <functional>
#include <memory>
#include <new>

#include "fil/trace/event_coder.hpp"

namespace fil::trace {

struct process_about {
    std::int32_t pid = 0;
    std::int32_t parent = 0;
    std::string command;  // arguments, each ended by a zero byte
    std::string executable;
};

// What a trace says of a process when it has ended.
struct process_end {
    std::uint64_t events = 0;
    std::uint64_t lost = 0;    // that were not written
    std::uint64_t missed = 0;  // that the recorder did not count either
};

class writer {
  public:
    using sink = std::function<void(const void* data, std::size_t bytes)>;
    static constexpr std::uint32_t events_of_block = 1u << 16;

    explicit writer(sink write, file_header header = {}) : write_(std::move(write)) {
        put(&header, sizeof header);
    }

    std::uint32_t add_process(const process_about& who) {
        const auto number = static_cast<std::uint32_t>(processes_.size());
        processes_.push_back(std::make_unique<event_encoder>());
        bytes content;
        put_number(content, static_cast<std::uint32_t>(who.pid));
        put_number(content, static_cast<std::uint32_t>(who.parent));
        put_text(content, who.command);
        put_text(content, who.executable);
        put_block({.kind = block_kind::process, .process = number}, content);
        return number;
    }

    // The number that a block of memory gets that comes now.
    block_number next_block(std::uint32_t process) const {
        return block_number{processes_[process]->next_block()};
    }

    void add(std::uint32_t process, const event& one) {
        event_encoder& encoder = *processes_[process];
        encoder.add(one);
        if (encoder.count() == events_of_block) flush(process);
    }

    // What there is goes out as a block.
    void flush(std::uint32_t process) {
        event_encoder& encoder = *processes_[process];
        if (encoder.count() == 0) return;
        const block_header header{.kind = block_kind::events,
                                  .process = process,
                                  .events = encoder.count(),
                                  .first_block = encoder.first_block(),
                                  .milliseconds = encoder.first_milliseconds()};
        put_block(header, encoder.finish());
    }

    void add_recording(std::uint32_t process, std::span<const std::uint8_t> recording) {
        put_block({.kind = block_kind::recording, .process = process}, recording);
    }

    void end_process(std::uint32_t process, const process_end& end) {
        flush(process);
        bytes content;
        for (const std::uint64_t number : {end.events, end.lost, end.missed})
            put_number(content, number);
        put_block({.kind = block_kind::end, .process = process}, content);
    }

    void finish() {
        bytes content;
        for (const auto& [at, header] : index_) {
            put_number(content, at);
            for (const std::uint64_t field :
                 {std::uint64_t(header.kind), std::uint64_t(header.process),
                  std::uint64_t(header.events), header.milliseconds})
                put_number(content, field);
        }
        const trailer last{.index_at = written_};
        put_block({.kind = block_kind::index}, content);
        put(&last, sizeof last);
    }

    std::uint64_t written() const { return written_; }

  private:
    struct free_context {
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    };

    void put(const void* data, std::size_t length) {
        write_(data, length);
        written_ += length;
    }

    void put_block(block_header header, std::span<const std::uint8_t> content) {
        // A block goes out in one piece: who is killed leaves a whole one, or none.
        piece_.resize(sizeof header + ZSTD_compressBound(content.size()));
        const std::size_t stored =
            ZSTD_compressCCtx(context_.get(), piece_.data() + sizeof header,
                              piece_.size() - sizeof header, content.data(), content.size(), level);
        if (ZSTD_isError(stored) != 0) throw std::bad_alloc();
        header.stored = stored;
        header.raw = content.size();
        header.checksum = checksum_of(header, piece_.data() + sizeof header);
        std::memcpy(piece_.data(), &header, sizeof header);
        index_.push_back({written_, header});
        put(piece_.data(), sizeof header + stored);
    }

    static constexpr int level = 3;

    sink write_;
    std::uint64_t written_ = 0;
    std::vector<std::unique_ptr<event_encoder>> processes_;
    std::vector<std::pair<std::uint64_t, block_header>> index_;
    std::unique_ptr<ZSTD_CCtx, free_context> context_{ZSTD_createCCtx()};
    bytes piece_;
};

}  // namespace fil::trace

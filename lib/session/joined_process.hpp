#pragma once
// A process of a session, as the supervisor knows it: who it is, and its recording, or what is left
// of that. Values of the session, which decides how long a recording is kept. One thread.

#include <cstdint>
#include <string>

#include "fil/recording/view.hpp"
#include "os/file_descriptor.hpp"

namespace fil {

// Mapped memory that unmaps itself.
class shared_mapping {
  public:
    shared_mapping() = default;
    // Both throw std::system_error. Of a long file, only what cover() asks for is mapped.
    shared_mapping(int descriptor, std::uint64_t bytes);
    static shared_mapping of_segment(int segment);
    static shared_mapping of_memory(void* address, std::uint64_t bytes);
    shared_mapping(shared_mapping&& other) noexcept;
    shared_mapping& operator=(shared_mapping&& other) noexcept;
    ~shared_mapping();
    void* base() const { return base_; }
    std::uint64_t bytes() const { return bytes_; }

    // So many bytes are wanted, and soon some more; the base stays where it is. As far as the file
    // is long, and the system lets us.
    void cover(std::uint64_t bytes) const {
        if (bytes + soon > bytes_ && bytes_ < whole_) [[unlikely]]
            grow(bytes + soon);
    }

  private:
    static constexpr std::uint64_t soon = 1 << 20;  // a process goes on while its recording is read

    void grow(std::uint64_t bytes) const;

    void* base_ = nullptr;
    mutable std::uint64_t bytes_ = 0;
    std::uint64_t whole_ = 0;
};

// What is known of a process whether or not its recording is still there.
struct process_numbers {
    std::int64_t live = 0;
    std::int64_t peak = 0;  // the highest that it was; a thread tells when it publishes
    bool closed = false;
    std::uint64_t missed_events = 0;
    std::uint64_t dropped_events = 0;
    std::uint64_t unprofiled_children = 0;
    std::uint32_t threads_ever = 0;
    std::uint32_t callstacks = 0;
    std::uint64_t recording_bytes = 0;  // that are in use
};

struct joined_process {
    std::uint32_t number = 0;  // in the order of joining
    std::int32_t pid = 0;
    std::int32_t parent_pid = 0;
    std::int64_t joined_ns = 0;
    std::string command;            // arguments, each ended by a zero byte, without secrets
    std::string executable;         // its file
    std::string runtime;            // filled when asked for
    std::string note;               //   likewise
    std::string cause;              // of its end, where somebody knows
    std::int64_t copied_bytes = 0;  // of what it inherited, by writing; likewise
    shared_mapping memory;          // none once it was let go; then
    process_numbers last;           // what it said in the end
    file_descriptor end;            // readable when it has ended, of some
    bool ended = false;
    bool was_killed = false;  // it ended without a word
    bool is_damaged = false;  // so it was let go

    bool has_recording() const { return memory.base() != nullptr; }
    process_numbers numbers() const;
    // Of a process that has a recording.
    recording_header& header() const { return *static_cast<recording_header*>(memory.base()); }
    recording_view view() const {
        memory.cover(recording_view(memory.base(), memory.bytes()).used_bytes());
        return {memory.base(), memory.bytes()};
    }
    const run_record* run() const { return has_recording() ? view().run() : nullptr; }
    bool closed() const {
        return !has_recording() || header().closed.load(std::memory_order_acquire) != 0;
    }
};

}  // namespace fil

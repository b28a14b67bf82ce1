// fil.hpp - fil.h for C++20: scopes and objects instead of pairs of calls.
//
// Header-only over fil.h, which says what each call does and when it may be made. Nothing here
// throws, and nothing allocates but what says so; failures are values.
//
//     libfil::recording recording;
//     if (!recording) std::fputs(recording.message(), stderr);
//     libfil::reporting_resource memory(&pool);      // a std::pmr::memory_resource
//     ...
//     std::puts(recording.write_report("fil-result").path);

#ifndef FIL_HPP
#define FIL_HPP

#include <fil.h>

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>

namespace libfil {

// Borrowed for a call.
inline fil_text text(std::string_view string) noexcept {
    return {string.data(), string.size()};
}

// How a call ended; true: well.
struct outcome {
    fil_status status = FIL_OK;
    fil_error error = FIL_ERROR_INIT;
    explicit operator bool() const noexcept { return status == FIL_OK; }
    const char* message() const noexcept { return error.message; }
};

struct report_outcome : outcome {
    char path[4096] = {};  // of the report's folder
};

// Records while it lives, or has fil-profile do so where that runs the program. One at a time.
// Where no source of the program's answers, callstacks are native ones.
class recording {
  public:
    explicit recording(std::uint32_t flags = FIL_NATIVE_STACKS) noexcept {
        const fil_recorder_options options{sizeof options, FIL_MEMORY_PRIVATE, flags};
        start_.status = fil_recorder_start(&options, &start_.error);
        is_own_ = start_.status == FIL_OK;
        if (start_.status == FIL_ERROR_WHOLE_PROGRAM) start_ = {};
    }
    recording(const recording&) = delete;
    recording& operator=(const recording&) = delete;
    ~recording() { stop(); }

    explicit operator bool() const noexcept { return static_cast<bool>(start_); }
    const char* message() const noexcept { return start_.message(); }
    // False: fil-profile records, and writes the report when the program ends.
    bool is_own() const noexcept { return is_own_; }

    // What is recorded so far stays for the report.
    void stop() noexcept {
        if (is_own_ && fil_recorder_running() != 0) fil_recorder_stop(nullptr);
    }

    // Into a new folder of `directory`. Also after stop().
    report_outcome write_report(std::string_view directory,
                                fil_report_options options = FIL_REPORT_OPTIONS_INIT) noexcept {
        report_outcome made;
        options.directory = text(directory);
        made.status = fil_recording_report(&options, made.path, sizeof made.path, &made.error);
        return made;
    }

  private:
    outcome start_;
    bool is_own_ = false;
};

// While it lives, what this thread takes from the system is the memory of a pool: it is not counted
// itself, its blocks are (fil_pool_begin). A local variable.
class pool_memory {
  public:
    [[gnu::always_inline]] pool_memory() noexcept { fil_pool_begin(); }
    [[gnu::always_inline]] ~pool_memory() { fil_pool_end(); }
    pool_memory(const pool_memory&) = delete;
    pool_memory& operator=(const pool_memory&) = delete;
};

// While it lives, what this thread allocates is not recorded (fil_guard_raise). A local variable.
class unrecorded {
  public:
    [[gnu::always_inline]] unrecorded() noexcept { fil_guard_raise(); }
    [[gnu::always_inline]] ~unrecorded() { fil_guard_lower(); }
    unrecorded(const unrecorded&) = delete;
    unrecorded& operator=(const unrecorded&) = delete;
};

// A range whose blocks go all together: a bump arena, a slab. It does not own the bytes.
class arena {
  public:
    arena(const void* begin, std::size_t bytes) noexcept : begin_(begin), bytes_(bytes) {}
    arena(const arena&) = delete;
    arena& operator=(const arena&) = delete;
    ~arena() { reset(); }

    // One of its blocks came.
    void came(const void* block, std::size_t bytes) noexcept { fil_pool_alloc(block, bytes); }
    void reset() noexcept { fil_record_free_range(begin_, bytes_); }

  private:
    const void* begin_;
    std::size_t bytes_;
};

// Tells of each block that the resource behind it hands out: what comes after it came, what goes
// before it goes.
class reporting_resource : public std::pmr::memory_resource {
  public:
    explicit reporting_resource(std::pmr::memory_resource* behind) noexcept : behind_(behind) {}

  private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        void* block = nullptr;
        {
            const pool_memory taken;
            block = behind_->allocate(bytes, alignment);
        }
        fil_pool_alloc(block, bytes);
        return block;
    }
    void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
        fil_record_free(block);
        behind_->deallocate(block, bytes, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }

    std::pmr::memory_resource* behind_;
};

}  // namespace libfil

#endif

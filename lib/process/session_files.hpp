#pragma once
// A session without a supervisor: its page and its recordings are files of one folder, which
// survive whatever ends their process (recording_names.hpp).
//
// What a supervisor does for its session, the processes do for theirs: who joins, or has reaped a
// killed child, takes what dead processes held out of the session's live, and removes recordings
// that a higher peak has made irrelevant. Runs inside malloc hooks: no malloc, no throw.

#include <cstdint>
#include <string_view>

#include <atomic>

#include "fil/recording/memory.hpp"
#include "os/os.hpp"
#include "process/recording_names.hpp"

namespace fil {

// Makes the folder of a new session in `output`, which is made as well, and its page. `founder` is
// its first process; `text`, FIL_SESSION for the processes of it. False (and errno) if it cannot
// be; `failed` says at what.
bool begin_session_in_files(const char* output, std::int32_t founder, file_name& text,
                            file_name& failed);

// Whether a session that was inherited is of this machine, and still there.
bool is_session_here(std::string_view text);

class recording_in_file {
  public:
    // A file for this process's recording, the beginning of it mapped; no address if there can be
    // none.
    os::growing_memory make(std::string_view folder, std::uint64_t reserved);
    // Room for what is about to be written; false: there is none.
    bool make_room(void* address, std::uint64_t bytes);
    // As much as the file is long, before a sandbox that allows no more (os/sandbox.hpp).
    void make_all_room();
    // What is not used is given back to the disk: nobody writes any more.
    void cut(std::uint64_t bytes);
    void remove();

    bool is_there() const { return base_ != nullptr; }

  private:
    file_name name() const { return recording_name(folder_, pid_, number_); }

    std::string_view folder_;
    std::int32_t pid_ = 0;
    std::uint32_t number_ = 0;
    char* base_ = nullptr;
    std::atomic<std::uint64_t> length_{0};
    std::uint64_t with_room_ = 0;  // the beginning of it, where all is made
};

// The page of the session in that folder; nullptr if it is gone, or another version's.
session_page* map_session_page(std::string_view folder);

// What is known of this process from the start: its arguments, its file, where and when.
void describe_process(recording_memory& memory);

// Of processes that have ended: their bytes leave the session, and their files where no report
// needs them. A few of them at a time.
void clear_up(std::string_view folder, session_page& page);
// The newest recording of a process that is known to be dead.
void close_dead(std::string_view folder, session_page& page, std::int32_t pid);

}  // namespace fil

#pragma once
// The memory that this process counts in: its recording, and the page of its session.
//
// Each process makes both, once it is to record (process_life.hpp): shared with the supervisor, or
// private. A forked child lets go of its parent's: of the recording at once, of the session's page
// when it has one of its own. No allocation, no throw; system calls.

#include "fil/recording/memory.hpp"
#include "process/session_files.hpp"
#include "process/session_words.hpp"

namespace fil {

class process_recording {
  public:
    // $FIL_SESSION as it is now; false if there is none.
    bool note_session();
    const char* session_text() const { return session_text_; }

    // A new recording, and the page of its session: the supervisor's, or a private one. False where
    // they cannot be had; nothing of them is mapped then. What was there before is not touched.
    bool make(bool in_session, bool is_program);

    // As it is mapped at first, and how far it may grow.
    recording_memory memory() const { return {recording_, mapped_}; }
    std::uint64_t most_bytes() const { return most_; }
    session_page* session() const { return session_; }

    // The parent's recording, `bytes` of it, is not ours; it stays mapped where an event in it is
    // still under way.
    void let_go_of_parents(std::uint64_t bytes, bool is_in_use);

    // None could be made: says so, in the page of the parent's session as well, if there is one. It
    // stays: the children of this process will fare alike.
    void tell_refused(session_page* parents);

    // Processes that their sandbox keeps from recording.
    void count_sandboxed(int change);
    // Programs that this one starts, and that will join.
    void count_started(int change);

    // Where nobody supervises: what this process says of itself, and room that it asks for.
    bool is_in_files() const { return !folder().empty(); }
    bool may_begin() const;  // by the sandbox, if there is one
    void begin_in_file(recording_memory& memory);
    void make_room_in_file();  // for a time when no more can be had
    void end_in_file(const recording_header& header);
    // A child of ours is dead; false: the supervisor is to be told.
    bool has_closed_dead(std::int32_t pid);

  private:
    bool make_privately();
    bool join(bool is_program);
    bool join_in_files(std::string_view folder);
    std::string_view folder() const;
    bool format() const;

    void* recording_ = nullptr;
    std::uint64_t mapped_ = 0, most_ = 0;
    session_page* session_ = nullptr;
    std::int32_t forked_from_ = 0;  // who recorded then: its parent may be gone meanwhile
    char session_text_[1024] = {};  // $FIL_SESSION as it was at the start
    recording_in_file file_;
};

}  // namespace fil

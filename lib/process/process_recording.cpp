#include "process/process_recording.hpp"

#include <stdlib.h>
#include <string.h>

#include <cerrno>

#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "os/refused_call.hpp"
#include "process/session_client.hpp"
#include "process/tell_refusal.hpp"

namespace fil {
bool process_recording::note_session() {
    const char* value = getenv(session_variable);
    if (value != nullptr && strlen(value) < sizeof session_text_) strcpy(session_text_, value);
    return session_text_[0] != 0;
}

bool process_recording::make(bool in_session) {
    recording_ = nullptr;
    session_ = nullptr;
    // Where a recording is too short, it is because files may not be longer.
    note_refusal(refused_call::growing_a_file, EFBIG);
    most_ = os::recording_bytes();
    if (in_session ? join() : make_privately()) return true;
    if (recording_ != nullptr) os::unmap(recording_, mapped_);
    if (session_ != nullptr) os::unmap(session_, recording_page);
    recording_ = nullptr;
    session_ = nullptr;
    return false;
}

bool process_recording::make_privately() {
    const os::growing_memory memory = os::map_to_grow(-1, os::first_bytes, most_);
    recording_ = memory.address;
    mapped_ = memory.bytes;
    session_ = static_cast<session_page*>(os::map_private(recording_page));
    if (recording_ == nullptr || session_ == nullptr) return false;
    session_->magic = session_magic;
    session_->version = recording_version;
    return format();
}

bool process_recording::join() {
    session_address address;
    if (!parse_session_address(session_text_, address)) return false;
    const os::shared_memory memory =
        os::make_shared_memory("fil-recording", most_, smallest_recording);
    recording_ = memory.address;
    mapped_ = memory.mapped;
    most_ = memory.bytes;
    // Formatted before it is sent: the supervisor may look at once.
    if (recording_ != nullptr && format()) {
        session_ = join_session(address, memory);
    }
    // The program may use any number for its own.
    if (memory.descriptor >= 0) os::close_descriptor(memory.descriptor);
    return session_ != nullptr;
}

bool process_recording::format() const {
    const std::int32_t parent = forked_from_ != 0 ? forked_from_ : os::parent_process_id();
    recording_memory fresh = memory();
    fresh.let_grow<linux_system>(most_);
    return fresh.format(os::process_id(), parent);
}

// Not once more in a child that records nothing either: the program's may be there by then.
void process_recording::let_go_of_parents(std::uint64_t bytes, bool is_in_use) {
    if (recording_ != nullptr) forked_from_ = memory().header().pid;
    if (recording_ != nullptr && !is_in_use) os::unmap(recording_, bytes);
    recording_ = nullptr;
}

void process_recording::tell_refused(session_page* parents) {
    session_address address;
    if (parse_session_address(session_text_, address)) tell_refusal(parents, address);
    session_ = parents;
}

// The memory that is shared with the parent is still mapped: to write there is no system call.
void process_recording::count_sandboxed(int change) {
    if (session_ != nullptr) session_->sandboxed.fetch_add(static_cast<std::uint32_t>(change));
}

}  // namespace fil

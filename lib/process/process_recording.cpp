#include "process/process_recording.hpp"

#include <stdlib.h>
#include <string.h>

#include <cerrno>

#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "os/refused_call.hpp"
#include "os/sandbox.hpp"
#include "process/process_life.hpp"
#include "process/session_client.hpp"
#include "process/tell_refusal.hpp"

namespace fil {
bool process_recording::note_session() {
    const char* value = getenv(session_variable);
    if (value != nullptr && strlen(value) < sizeof session_text_) strcpy(session_text_, value);
    return session_text_[0] != 0;
}

bool process_recording::make(bool in_session, bool is_program) {
    recording_ = nullptr;
    session_ = nullptr;
    // Where a recording is too short, it is because files may not be longer.
    note_refusal(refused_call::growing_a_file, EFBIG);
    most_ = os::recording_bytes();
    if (in_session ? join(is_program) : make_privately()) return true;
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

bool process_recording::join(bool is_program) {
    if (is_in_files()) return join_in_files(folder());
    session_address address;
    if (!parse_session_address(session_text_, address)) return false;
    const os::shared_memory memory =
        os::make_shared_memory("fil-recording", most_, smallest_recording);
    recording_ = memory.address;
    mapped_ = memory.mapped;
    most_ = memory.bytes;
    // Formatted before it is sent: the supervisor may look at once.
    if (recording_ != nullptr && format()) {
        session_ = join_session(address, memory, is_program);
    }
    // The program may use any number for its own.
    if (memory.descriptor >= 0) os::close_descriptor(memory.descriptor);
    return session_ != nullptr;
}

// Empty: there is a supervisor, or no session.
std::string_view process_recording::folder() const {
    files_address address;
    return parse_files_address(session_text_, address) ? address.folder : std::string_view();
}

bool process_recording::join_in_files(std::string_view folder) {
    session_ = map_session_page(folder);
    if (session_ == nullptr) return false;
    clear_up(folder, *session_);
    const os::growing_memory memory = file_.make(folder, most_);
    recording_ = memory.address;
    mapped_ = memory.bytes;
    if (recording_ == nullptr || !format()) return false;
    this->memory().header().joined_at = session_->peak.load();
    return true;
}

bool process_recording::may_begin() const {
    return sandbox::allows(sandbox::of_starting) &&
           (!is_in_files() || sandbox::allows(sandbox::of_files));
}

void process_recording::begin_in_file(recording_memory& memory) {
    if (!is_in_files()) return;
    memory.ask_before_use([](void* address, std::uint64_t bytes) {
        return this_process.recording().file_.make_room(address, bytes);
    });
    describe_process(memory);
}

void process_recording::make_room_in_file() {
    if (is_in_files()) file_.make_all_room();
}

// Others may be in the middle of an event, and write on.
void process_recording::end_in_file(const recording_header& header) {
    if (is_in_files() && sandbox::allows(sandbox::of_files) && header.threads.load() <= 1)
        file_.cut(std::uint64_t{header.pages_used.load()} * recording_page);
}

bool process_recording::has_closed_dead(std::int32_t pid) {
    if (!is_in_files()) return false;
    if (session_ != nullptr && sandbox::allows(sandbox::of_files))
        close_dead(folder(), *session_, pid);
    return true;
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
    const bool is_told_by_page = parents != nullptr && is_in_files();
    if (parse_session_address(session_text_, address) || is_told_by_page)
        tell_refusal(parents, address);
    session_ = parents;
}

// The memory that is shared with the parent is still mapped: to write there is no system call.
void process_recording::count_sandboxed(int change) {
    if (session_ != nullptr) session_->sandboxed.fetch_add(static_cast<std::uint32_t>(change));
}
void process_recording::count_started(int change) {
    if (session_ != nullptr)
        session_->programs_started.fetch_add(static_cast<std::uint32_t>(change));
}

}  // namespace fil

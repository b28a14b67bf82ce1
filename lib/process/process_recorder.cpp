#include "process/process_recorder.hpp"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "os/os.hpp"
#include "os/refusal.hpp"
#include "os/sandbox.hpp"
#include "process/session_client.hpp"
#include "process/tell_refusal.hpp"

namespace fil {

template class recorder<process_sources, session_words, linux_system, process_registry>;

constinit thread_local thread_words this_thread{};
constinit process this_process;

namespace {

// Zeroed, and apart from all that is not, so that the library's file does not hold it.
constinit process_registry blocks;

// A thread ends: its lease goes back. Destructors of other keys may still allocate afterwards;
// their events go through the shared state.
void return_lease(void* state) {
    // In a forked child this drops what the thread had: the parent's lease is not the child's.
    process_recorder* recorder = this_process.idle_or_running();
    thread_words& words = this_thread;
    const bool is_ours = words.state == state;
    words.state = nullptr;
    words.lease_returned = true;
    const guarded_scope guarded(words.guard);
    if (recorder != nullptr && is_ours) recorder->give_back(*static_cast<thread_state*>(state));
}

bool format(void* base, std::uint64_t bytes) {
    return recording_memory(base, bytes).format(os::process_id(), os::parent_process_id());
}

void copy_session_text(char* to, std::size_t capacity) {
    const char* value = getenv(session_variable);
    if (value != nullptr && strlen(value) < capacity) strcpy(to, value);
}

}  // namespace

fil_status process::start(const fil_recorder_options& options) {
    const os::keep_errno keep;
    if (page_->state.load() == process_state::stopped) return start_again(options);
    if (started_ && !stopped_ && !may_try_again()) return why_started();
    options_ = options;
    if (options.memory == FIL_MEMORY_SESSION) {
        copy_session_text(session_text_, sizeof session_text_);
        if (session_text_[0] == 0) return FIL_ERROR_NO_SESSION;
    }
    if (!started_ && !prepare()) {
        not_recorded(nullptr);
        return FIL_ERROR_MEMORY;
    }
    owner_ = os::process_id();
    started_ = true;
    stopped_ = false;
    page_->state.store(process_state::fresh);
    if (running() != nullptr || page_->state.load() == process_state::idle) return FIL_OK;
    return why_unrecorded();
}

// In the same recording, as a run of its own: threads keep their counters, and ids are not used
// again, so an event that is still under way in another thread does no harm.
fil_status process::start_again(const fil_recorder_options& options) {
    if (options.memory != FIL_MEMORY_PRIVATE) return FIL_ERROR_STATE;
    process_state expected = process_state::stopped;
    if (!page_->state.compare_exchange_strong(expected, process_state::starting))
        return FIL_ERROR_STATE;
    options_ = options;
    const bool natively = (options.flags & FIL_NATIVE_STACKS) != 0;
    if (natively && !sources_.knows_native_frames())
        sources_.use_native_frames(recorder().functions(), recorder().tree());
    sources_.ask_for_native_frames(natively);
    const fil_run_options whole = FIL_RUN_OPTIONS_INIT;
    const bool at_once = !records_on_request();
    if (at_once && !runs_.begin(recorder(), whole)) {
        page_->state.store(process_state::stopped);
        return FIL_ERROR_MEMORY;
    }
    stopped_ = false;
    if (at_once) {
        sources_.begin_at(recorder().root());
        generation_.raise();
        record_again();
    } else {
        page_->state.store(process_state::idle);
    }
    return FIL_OK;
}

void process::record_again() {
    page_->recorder.store(&recorder(), std::memory_order_release);
    page_->state.store(process_state::running);
}

fil_status process::stop() {
    const os::keep_errno keep;
    if (!started_ || stopped_) return FIL_ERROR_STATE;
    if (options_.memory == FIL_MEMORY_SESSION) return why_started();
    running();  // a forked child that has not recorded anything yet
    if (records_on_request() && owner_ != os::process_id()) return FIL_ERROR_STATE;
    process_state expected = records_on_request() ? process_state::idle : process_state::running;
    if (!page_->state.compare_exchange_strong(expected, process_state::starting))
        return expected == process_state::running ? FIL_ERROR_IN_RUN : FIL_ERROR_STATE;
    page_->recorder.store(nullptr, std::memory_order_release);
    recorder().mapped().note_arenas();
    stopped_ = true;
    page_->state.store(process_state::stopped);
    return FIL_OK;
}

fil_status process::why_started() const {
    const bool is_whole = options_.memory == FIL_MEMORY_SESSION && !records_on_request();
    return is_whole ? FIL_ERROR_WHOLE_PROGRAM : FIL_ERROR_STATE;
}

fil_status process::why_unrecorded() const {
    const bool is_private = options_.memory == FIL_MEMORY_PRIVATE;
    return is_private || lacked_memory() ? FIL_ERROR_MEMORY : FIL_ERROR_SYSTEM;
}

// The page that says what this process is, and the key that notices the end of its threads.
bool process::prepare() {
    auto* page = static_cast<process_page*>(os::map_wiped_page());
    if (page == nullptr) return false;
    const int no_key = pthread_key_create(&lease_key_, return_lease);
    if (no_key == 0) {
        page_ = page;
        return true;
    }
    os::unmap(page, sizeof *page);  // a page
    note_refusal(0, no_key);
    return false;
}

// What was refused once may be granted later: a limit is raised, memory is given back.
bool process::may_try_again() const {
    return owner_ == os::process_id() && page_->state.load() == process_state::unrecorded;
}

process_recorder* process::running_slow() {
    if (!started_) return nullptr;
    process_state expected = process_state::fresh;
    const process_state next = stopped_ ? process_state::unrecorded : process_state::starting;
    if (!page_->state.compare_exchange_strong(expected, next) || stopped_) return nullptr;
    // A new process: what this thread had belongs to the recorder of the parent.
    const os::keep_errno keep;
    this_thread.state = nullptr;
    this_thread.lease_returned = false;
    this_thread.around_pool = {};
    if (!sandbox::allows(sandbox::of_starting)) {
        if (!records_on_request()) count_sandboxed(1);
        page_->state.store(process_state::unrecorded);
        return nullptr;
    }
    session_page* const parents = session_;
    // A handler that forked in the middle of an event will return to it, and to the old recording.
    const bool is_wanted = this_thread.guard.raised(stack_pointer());
    if (recording_ != nullptr && !is_wanted) os::unmap(recording_, recording_bytes_);
    const guarded_scope guarded(this_thread.guard);
    const bool may_record = !records_on_request() || owner_ == os::process_id();
    if (!may_record || !build()) {
        page_->state.store(process_state::unrecorded);
        if (may_record) not_recorded(parents);
        return nullptr;
    }
    if (parents != nullptr && !is_wanted) os::unmap(parents, recording_page);
    if (records_on_request()) {
        page_->state.store(process_state::idle);
        return nullptr;
    }
    page_->recorder.store(&recorder(), std::memory_order_release);
    page_->state.store(process_state::running);
    return &recorder();
}

// Says so. The page stays: the children of this process will fare alike.
void process::not_recorded(session_page* parents) {
    session_address address;
    if (parse_session_address(session_text_, address)) tell_refusal(parents, address);
    session_ = parents;
}

void process::unmap_what_was_made() {
    if (recording_ != nullptr) os::unmap(recording_, recording_bytes_);
    if (session_ != nullptr) os::unmap(session_, recording_page);
    recording_ = nullptr;
    session_ = nullptr;
}

fil_status process::check_run() {
    if (!started_) {
        const char* session = getenv(session_variable);
        const bool is_there = session != nullptr && session[0] != 0;
        return is_there ? FIL_ERROR_NOT_RECORDED : FIL_ERROR_NO_SESSION;
    }
    if (stopped_) return FIL_ERROR_STATE;
    if (!records_on_request()) return FIL_ERROR_WHOLE_PROGRAM;
    running();  // a forked child learns that it is one
    switch (page_->state.load()) {
        case process_state::idle:
            return FIL_OK;
        case process_state::unrecorded:
            return owner_ == os::process_id() ? why_unrecorded() : FIL_ERROR_NOT_RECORDED;
        case process_state::closed:
            return FIL_ERROR_STATE;
        default:
            return FIL_ERROR_IN_RUN;
    }
}

fil_status process::begin_run(const fil_run_options& options) {
    process_state expected = process_state::idle;
    if (!page_->state.compare_exchange_strong(expected, process_state::starting)) {
        return FIL_ERROR_IN_RUN;
    }
    if (!runs_.begin(recorder(), options)) {
        page_->state.store(process_state::idle);
        return FIL_ERROR_MEMORY;
    }
    sources_.begin_at(recorder().root());
    generation_.raise();
    sources_.run_changed(true);
    record_again();
    return FIL_OK;
}

fil_status process::end_run(fil_run_numbers& numbers) {
    const fil_status status = check_run();
    if (status != FIL_ERROR_IN_RUN) return status == FIL_OK ? FIL_ERROR_STATE : status;
    process_state expected = process_state::running;
    if (!page_->state.compare_exchange_strong(expected, process_state::starting)) {
        return FIL_ERROR_STATE;
    }
    page_->recorder.store(nullptr, std::memory_order_release);
    sources_.run_changed(false);
    runs_.end(recorder(), numbers);
    page_->state.store(process_state::idle);
    return FIL_OK;
}

bool process::build() {
    new (&lock_) spin_lock;
    runs_ = {};
    generation_.raise();
    session_ = nullptr;
    recording_ = nullptr;
    // Where a recording is too short, it is because files may not be longer.
    note_refusal(SYS_ftruncate, EFBIG);
    recording_bytes_ = os::recording_bytes();
    const bool in_session = options_.memory == FIL_MEMORY_SESSION;
    if (!(in_session ? build_in_session() : build_privately(recording_bytes_))) {
        unmap_what_was_made();
        return false;
    }
    auto* recorder = new (recorder_) process_recorder(
        recording_, recording_bytes_,
        session_words(*session_, recording_memory(recording_, recording_bytes_).header()), blocks,
        sources_, &generation_.number());
    if ((options_.flags & FIL_NATIVE_STACKS) != 0) {
        sources_.use_native_frames(recorder->functions(), recorder->tree());
        sources_.ask_for_native_frames(true);
    } else {
        sources_.use_no_native_frames();  // those of a parent are not ours
    }
    return recorder->prepare();
}

bool process::build_privately(std::uint64_t bytes) {
    recording_ = os::map_private(bytes);
    session_ = static_cast<session_page*>(os::map_private(recording_page));
    if (recording_ == nullptr || session_ == nullptr) return false;
    session_->magic = session_magic;
    session_->version = recording_version;
    return format(recording_, bytes);
}

bool process::build_in_session() {
    session_address address;
    if (!parse_session_address(session_text_, address)) return false;
    const os::shared_memory memory =
        os::make_shared_memory("fil-recording", recording_bytes_, smallest_recording);
    recording_ = memory.address;
    recording_bytes_ = memory.bytes;
    // Formatted before it is sent: the supervisor may look at once.
    if (recording_ != nullptr && format(recording_, memory.bytes)) {
        session_ = join_session(address, memory, records_on_request());
    }
    // The program may use any number for its own.
    if (memory.descriptor >= 0) syscall(SYS_close, memory.descriptor);
    return session_ != nullptr;
}

void process::lease(process_recorder& recorder) {
    thread_words& words = this_thread;
    if (words.lease_returned) return;
    const os::keep_errno keep;
    words.state = recorder.lease();
    // For a key above these the C library asks calloc. That may be the program's own, in whose mmap
    // this is, with its lock held. A thread that pthread_create made is here before it begins; the
    // first thread has no such moment, and its lease ends with the process.
    constexpr pthread_key_t keys_without_calloc = 32;
    const bool may_set = lease_key_ < keys_without_calloc || !os::is_first_thread();
    if (words.state != nullptr && may_set) pthread_setspecific(lease_key_, words.state);
}

// The memory that is shared with the parent is still mapped: to write there is no system call.
void process::count_sandboxed(int change) {
    if (session_ != nullptr) session_->sandboxed.fetch_add(static_cast<std::uint32_t>(change));
}

void process::close() {
    if (!sandbox::allows(sandbox::of_identity)) return;  // the supervisor will notice
    process_recorder* recorder = page_->recorder.load(std::memory_order_acquire);
    if (recorder == nullptr || recorder->header().pid != os::process_id()) return;
    page_->state.store(process_state::closed);
    page_->recorder.store(nullptr, std::memory_order_release);
    recorder->mapped().note_arenas();
    recorder->words().close(recorder->view().pending());
}

void process::reopen() {
    if (!sandbox::allows(sandbox::of_identity)) return;
    if (page_->state.load() != process_state::closed ||
        recorder().header().pid != os::process_id()) {
        return;
    }
    process_state expected = process_state::closed;
    if (!page_->state.compare_exchange_strong(expected, process_state::starting)) return;
    recorder().words().reopen();
    page_->recorder.store(&recorder(), std::memory_order_release);
    page_->state.store(process_state::running);
}

recording_memory* process::private_recording() {
    process_recorder* recorder = idle_or_running();
    if (recorder == nullptr || options_.memory != FIL_MEMORY_PRIVATE) return nullptr;
    return &recorder->memory();
}

}  // namespace fil

#include "process/process_life.hpp"

#include <charconv>
#include <iterator>

#include "os/os.hpp"
#include "os/refused_call.hpp"
#include "os/sandbox.hpp"
#include "process/allocator_book.hpp"
#include "process/pool_threads.hpp"
#include "process/thread_words.hpp"

namespace fil {

constinit process_life this_process;

namespace {

// Zeroed, and apart from all that is not, so that the library's file does not hold it.
constinit process_registry blocks;

void say_where_book_is(recording_memory& memory) {
    char address[2 * sizeof(void*)];
    const auto end = std::to_chars(address, std::end(address),
                                   reinterpret_cast<std::uintptr_t>(&allocators_here), 16);
    memory.add_fact<linux_system>("allocators",
                                  {address, static_cast<std::size_t>(end.ptr - address)});
}

}  // namespace

// ---- start and stop ----

fil_status process_life::start(const fil_recorder_options& options) {
    const os::keep_errno keep;
    if (states_.now() == process_state::stopped) return start_again(options);
    if (is_started_ && !is_stopped_ && !may_try_again()) return why_started();
    options_ = options;
    if (options.memory == FIL_MEMORY_SESSION && !recording_.note_session())
        return FIL_ERROR_NO_SESSION;
    if (!is_started_ && !prepare()) {
        recording_.tell_refused(nullptr);
        return FIL_ERROR_MEMORY;
    }
    started_by_ = os::process_id();
    // Before anybody can see that it is started: events of other threads would start it as well.
    states_.be(process_state::starting);
    is_stopped_ = false;
    is_started_ = true;
    if (begin() != nullptr || states_.now() == process_state::idle) return FIL_OK;
    return why_unrecorded();
}

// In the same recording, as a run of its own: threads keep their counters, and ids are not used
// again, so an event that is still under way in another thread does no harm.
fil_status process_life::start_again(const fil_recorder_options& options) {
    if (options.memory != FIL_MEMORY_PRIVATE) return FIL_ERROR_STATE;
    if (states_.change(process_state::stopped, process_state::starting) != process_state::stopped)
        return FIL_ERROR_STATE;
    options_ = options;
    const bool natively = (options.flags & FIL_NATIVE_STACKS) != 0;
    if (natively && !sources_.knows_native_frames())
        sources_.use_native_frames(recorder().functions(), recorder().tree());
    sources_.ask_for_native_frames(natively);
    const bool at_once = !records_on_request();
    if (at_once && !runs_.open(FIL_RUN_OPTIONS_INIT)) {
        states_.be(process_state::stopped);
        return FIL_ERROR_MEMORY;
    }
    is_stopped_ = false;
    if (at_once) {
        states_.record_by(recorder());
    } else {
        states_.be(process_state::idle);
    }
    return FIL_OK;
}

fil_status process_life::stop() {
    const os::keep_errno keep;
    if (!is_started_ || is_stopped_) return FIL_ERROR_STATE;
    if (options_.memory == FIL_MEMORY_SESSION) return why_started();
    running();  // a forked child that has not recorded anything yet
    if (records_on_request() && !is_where_it_started()) return FIL_ERROR_STATE;
    const process_state from = records_on_request() ? process_state::idle : process_state::running;
    const process_state found = states_.change(from, process_state::starting);
    if (found != from) return found == process_state::running ? FIL_ERROR_IN_RUN : FIL_ERROR_STATE;
    states_.ignore_events();
    recorder().mapped().note_arenas();
    is_stopped_ = true;
    states_.be(process_state::stopped);
    return FIL_OK;
}

bool process_life::is_where_it_started() const {
    return started_by_ == os::process_id();
}

fil_status process_life::why_started() const {
    const bool is_whole = options_.memory == FIL_MEMORY_SESSION && !records_on_request();
    return is_whole ? FIL_ERROR_WHOLE_PROGRAM : FIL_ERROR_STATE;
}

fil_status process_life::why_unrecorded() const {
    const bool is_private = options_.memory == FIL_MEMORY_PRIVATE;
    return is_private || lacked_memory() ? FIL_ERROR_MEMORY : FIL_ERROR_SYSTEM;
}

// What was refused once may be granted later: a limit is raised, memory is given back.
bool process_life::may_try_again() const {
    return is_where_it_started() && states_.now() == process_state::unrecorded;
}

// ---- a recorder is made ----

// The page that says what this process is, and the key that notices the end of its threads.
bool process_life::prepare() {
    auto* page = static_cast<process_page*>(os::map_wiped_page());
    if (page == nullptr) return false;
    if (prepare_leases()) {
        states_.stand_on(*page);
        return true;
    }
    os::unmap(page, sizeof *page);  // a page
    return false;
}

// A process that has just started recording, or was forked and learns of it.
process_recorder* process_life::running_slow() {
    if (!is_started_) return nullptr;
    const process_state next = is_stopped_ ? process_state::unrecorded : process_state::starting;
    if (states_.change(process_state::fresh, next) != process_state::fresh || is_stopped_)
        return nullptr;
    return begin();
}

process_recorder* process_life::begin() {
    const os::keep_errno keep;
    this_thread.forget_parents();
    pool_threads::forget_parents();
    if (!recording_.may_begin()) {
        if (!records_on_request()) recording_.count_sandboxed(1);
        states_.be(process_state::unrecorded);
        return nullptr;
    }
    session_page* const parents = recording_.session();
    // A handler that forked in the middle of an event will return to it, and to the old recording.
    const bool is_in_use = this_thread.guard.raised(stack_pointer());
    if (parents != nullptr) recording_.let_go_of_parents(recorder().memory().bytes(), is_in_use);
    const raised_guard inside(this_thread.guard);
    const bool may_record = !records_on_request() || is_where_it_started();
    if (!may_record || !build(parents == nullptr)) {
        states_.be(process_state::unrecorded);
        if (may_record) recording_.tell_refused(parents);
        return nullptr;
    }
    if (parents != nullptr && !is_in_use) os::unmap(parents, recording_page);
    if (records_on_request()) {
        states_.be(process_state::idle);
        return nullptr;
    }
    states_.record_by(recorder());
    return &recorder();
}

bool process_life::build(bool is_program) {
    new (&lock_) spin_lock;
    runs_ = {};
    generation_.raise();
    const bool in_session = options_.memory == FIL_MEMORY_SESSION;
    if (!recording_.make(in_session, is_program)) return false;
    const recording_memory memory = recording_.memory();
    auto* recorder = new (recorder_) process_recorder(
        memory.base(), memory.bytes(), session_words(*recording_.session(), memory.header()),
        blocks, sources_, &generation_.number());
    recorder->memory().let_grow<linux_system>(recording_.most_bytes());
    if (in_session) recording_.begin_in_file(recorder->memory());
    const bool natively = (options_.flags & FIL_NATIVE_STACKS) != 0;
    const bool merges = recording_.session()->merges_native.load(std::memory_order_relaxed) != 0;
    if (natively || merges) {
        sources_.use_native_frames(recorder->functions(), recorder->tree());
        sources_.ask_for_native_frames(natively);
    } else {
        sources_.use_no_native_frames();  // those of a parent are not ours
    }
    sources_.merge_native_frames(merges);
    if (!recorder->prepare()) return false;
    begin_book(&blocks, recorder->mapped().head());
    say_where_book_is(recorder->memory());
    recorder->observer().begin(recorder->memory());
    return true;
}

// ---- the process ends, or does not after all ----

void process_life::close() {
    if (!sandbox::allows(sandbox::of_identity)) return;  // the supervisor will notice
    process_recorder* recorder = states_.recorder();
    if (recorder == nullptr || recorder->header().pid != os::process_id()) return;
    states_.be(process_state::closed);
    states_.ignore_events();
    recorder->mapped().note_arenas();
    recorder->words().close(recorder->view().pending());
    recording_.end_in_file(recorder->header());
}

void process_life::reopen() {
    if (!sandbox::allows(sandbox::of_identity)) return;
    constexpr process_state closed = process_state::closed;
    if (states_.now() != closed || recorder().header().pid != os::process_id()) return;
    if (states_.change(closed, process_state::starting) != closed) return;
    recorder().words().reopen();
    states_.record_by(recorder());
}

recording_memory* process_life::private_recording() {
    process_recorder* recorder = idle_or_running();
    if (recorder == nullptr || options_.memory != FIL_MEMORY_PRIVATE) return nullptr;
    return &recorder->memory();
}

}  // namespace fil

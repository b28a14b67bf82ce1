#include "session/session.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <system_error>
#include <utility>

#include "fil/report/masked_arguments.hpp"
#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"
#include "os/cold/memory_of_others.hpp"
#include "os/cold/process_end.hpp"
#include "os/cold/random_bytes.hpp"
#include "os/os.hpp"
#include "session/compact_recording.hpp"
#include "session/session_sums.hpp"
#include "session/trace_recorder.hpp"

namespace fil {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

std::string random_token() {
    unsigned char bytes[token_length / 2];
    if (!os::fill_randomly(bytes)) fail("no random numbers");
    std::string token;
    for (unsigned char byte : bytes) {
        token += "0123456789abcdef"[byte >> 4];
        token += "0123456789abcdef"[byte & 15];
    }
    return token;
}

std::string command_of(std::int32_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string executable_of(std::int32_t pid) {
    std::error_code unknown;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", unknown).string();
}

std::uint64_t trusted_bytes(int recording) {
    const std::optional<std::uint64_t> bytes = os::sealed_bytes(recording);
    if (!bytes) fail("cannot trust a recording");
    return *bytes;
}

// Recordings may not take all of our address space: the report has to be drawn, too.
bool has_room_besides() {
    constexpr std::uint64_t room = 32 << 20;
    void* const there = os::map_reserve(room, false);
    if (there == nullptr) return false;
    os::unmap(there, room);
    return true;
}

// Where more are counted than there are pids, somebody scribbled over the recording.
std::uint64_t bounded_children(std::uint64_t count) {
    constexpr std::uint64_t most = 1 << 22;
    return count <= most ? count : 0;
}

bool reply(int connection, join_answer answer, int descriptor = -1) {
    const join_reply message{session_protocol_version, answer};
    return os::send_at_once(connection, &message, sizeof message, descriptor);
}

}  // namespace

session::session()
    : token_(random_token()),
      door_(directory_.sockets()),
      page_file_(os::make_shared_file("fil-session", recording_page)) {
    if (ends_.is_there()) door_.watch(ends_.descriptor());
    if (page_file_.number() < 0) fail("cannot make the session's memory");
    page_memory_ = shared_mapping(page_file_.number(), recording_page);
    page().version = recording_version;
    page().supervisor_pid = os::process_id();
    page().magic = session_magic;
    environment_ = std::to_string(session_protocol_version) + ":" +
                   std::to_string(os::process_id()) + ":" + token_ + ":" + directory_.socket_path();
}

session::~session() = default;

void session::serve() {
    see_who_ended();
    door_.serve([&](file_descriptor& connection, const join_request& request, int recording) {
        hear(connection, request, recording);
    });
    let_go_what_is_over();
}

// A connection that waits for a report is moved away.
void session::hear(file_descriptor& connection, const join_request& request, int recording) {
    if (is_visit(request.kind)) return receive_visitor(connection, request);
    const std::optional<std::int32_t> sender = os::peer_pid(connection.number());
    if (request.version != session_protocol_version ||
        memcmp(request.token, token_.data(), token_length) != 0 || !sender) {
        return;
    }
    // The pid as we see it; in another pid namespace the process sees another.
    if (request.kind == request_kind::report) {
        door_.leave(connection);
        waiting_.push_back({*sender, std::move(connection)});
    } else if (request.kind == request_kind::child_killed) {
        child_killed(request.child);
        reply(connection.number(), join_answer::accepted);
    } else if (request.kind == request_kind::join) {  // of a run's beginning, the recording tells
        admit(connection.number(), request, recording, *sender);
    } else if (request.kind == request_kind::refused) {
        if (told_refused_.count++ == 0) told_refused_.first = refusal{request.reason};
    }
}

// Who may not ask is hung up on.
void session::receive_visitor(file_descriptor& connection, const join_request& request) {
    if (request.version != session_protocol_version || !os::is_ours_or_roots(connection.number()))
        return;
    const visit_answer found = whose(request.child);
    if (request.kind == request_kind::whose || found == visit_answer::not_here)
        return visits::reply(connection.number(), found, "");
    door_.leave(connection);
    visits_.add(request.kind, std::move(connection));
}

visit_answer session::whose(std::int32_t pid) const {
    if (pid == os::process_id()) return visit_answer::a_supervisor;
    const bool is_here = std::ranges::any_of(
        open_, [&](const joined_process* one) { return one->pid == pid && !one->ended; });
    return is_here ? visit_answer::a_process : visit_answer::not_here;
}

void session::answer(std::int32_t pid, std::int32_t status, const std::string& message) {
    const auto first = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](const waiting& one) { return one.pid == pid; });
    if (first == waiting_.end()) return;
    report_reply reply{session_protocol_version, status, {}};
    message.copy(reply.message, sizeof reply.message - 1);
    os::send_at_once(first->connection.number(), &reply, sizeof reply);
    waiting_.erase(first);
}

void session::admit(int connection, const join_request& request, int recording, std::int32_t pid) {
    if (request.is_program != 0) ++programs_heard_;
    if (only_ != 0 && pid != only_) {
        ++left_out_;
        reply(connection, join_answer::left_out);
        return;
    }
    if (recording < 0 && request.segment < 0) {
        // It sent one, for which no number was left here.
        refused_here_ = make_refusal(refused_call::receiving, EMFILE);
        return;
    }
    try {
        admit_unless_refused(connection, request, recording, pid);
    } catch (const std::system_error& error) {
        // No address space left for it: the process runs unrecorded, and knows only that.
        refused_here_ = make_refusal(refused_call::mapping, error.code().value());
    } catch (const std::bad_alloc&) {
        refused_here_ = make_refusal(refused_call::mapping, ENOMEM);
    }
}

void session::admit_unless_refused(int connection, const join_request& request, int recording,
                                   std::int32_t pid) {
    joined_process process;
    process.pid = pid;
    process.joined_ns = os::monotonic_ns();
    process.command = command_of(pid);
    if (hides_arguments_)
        process.command.resize(std::min(process.command.find('\0'), process.command.size()));
    else if (!shows_arguments_)
        process.command = report::masked_command(process.command);
    process.executable = executable_of(pid);
    process.memory = recording < 0 ? shared_mapping::of_segment(request.segment)
                                   : shared_mapping(recording, trusted_bytes(recording));
    if (!has_room_besides()) throw std::system_error(ENOMEM, std::generic_category());
    if (process.view().check() != recording_check::good) return;
    process.parent_pid = process.header().parent_pid;
    process.number = static_cast<std::uint32_t>(processes_.size());
    // It adds to the session's sums as soon as it has the answer, so it is one of their parts
    // before. And from there on nothing is allocated.
    open_.reserve(open_.size() + 1);
    processes_.push_back(std::move(process));
    joined_process& joined = processes_.back();
    open_.push_back(&joined);
    // Who waited too long has gone on unrecorded, and said so.
    if (!reply(connection, join_answer::accepted, page_file_.number())) {
        open_.pop_back();
        processes_.pop_back();
        return;
    }
    // What this pid was before is gone, however it went.
    for (joined_process* before : open_)
        if (before != &joined && before->pid == pid) end(*before, false);
    std::erase_if(open_, [](const joined_process* before) { return before->ended; });
    keeper_.tell_joined(joined, recording, recording < 0 ? request.segment : -1);
    watch_end_of(joined);
}

const joined_process* session::find(std::int32_t pid) const {
    if (processes_.empty()) return nullptr;
    if (pid == 0) pid = processes_.front().pid;
    for (auto process = processes_.rbegin(); process != processes_.rend(); ++process) {
        if (process->pid == pid) return &*process;
    }
    return nullptr;
}

std::int64_t session::pending() const {
    return session_sums(page(), open_).pending();
}

void session::correct_sums() const {
    constexpr int tries = 100;
    for (int i = 0; sums_may_be_wrong_ && i < tries; ++i)
        sums_may_be_wrong_ = !session_sums(page(), open_).try_to_correct();
}

void session::process_ended(std::int32_t pid) {
    for (joined_process* process : open_)
        if (process->pid == pid) end(*process, pid == processes_.front().pid);
    std::erase_if(open_, [](const joined_process* process) { return process->ended; });
    let_go_what_is_over();
}

// A death that nobody tells of is seen at once, as long as there are few: descriptors are dear. Of
// the others it is seen by whoever looks at them now and then.
void session::watch_end_of(joined_process& process) const {
    constexpr long most = 12;
    const auto is_watched = [](const joined_process* one) { return one->end.number() >= 0; };
    if (std::ranges::count_if(open_, is_watched) >= most) return;
    process.end = os::end_of(process.pid);
    if (process.end.number() >= 0 && !ends_.add(process.end.number()))
        process.end = file_descriptor();
}

void session::see_who_ended() {
    for (int end = ends_.ready(); end >= 0; end = ends_.ready()) {
        const auto process = std::ranges::find_if(
            open_, [end](const joined_process* one) { return one->end.number() == end; });
        if (process == open_.end()) return ends_.remove(end);
        process_ended((*process)->pid);
    }
}

// Its parent has reaped it, so it is gone; what it had started may have died with it. In another
// pid namespace the parent sees other pids than we do: then all are looked at.
void session::child_killed(std::int32_t pid) {
    const auto is_open = [&](const joined_process* process) { return process->pid == pid; };
    const bool is_known = std::ranges::any_of(open_, is_open) && os::has_ended(pid);
    for (joined_process* process : std::vector(open_)) {
        if (is_known && process->pid != pid && process->parent_pid != pid) continue;
        if (os::has_ended(process->pid)) process_ended(process->pid);
    }
}

// No writer is left. A recording that is huge takes too long to read for others who wait, so it
// stays as it is, while what it held is part of the peak; the program's stays `whole` for good: the
// report is about it.
void session::end(joined_process& process, bool whole) {
    constexpr std::uint64_t huge = 32 << 20;
    process.ended = true;
    process.end = file_descriptor();
    if (trace_) trace_->process_ended(process);
    sums_may_be_wrong_ = true;
    correct_sums();  // with what this one held: it may have been the peak
    process.was_killed = !process.closed();
    session_sums(page(), open_).close(process);
    unprofiled_by_ended_ += bounded_children(process.numbers().unprofiled_children);
    if (whole) return;
    const std::int64_t peak = page().peak.load();
    if (process.run() != nullptr || process.header().closed_at != peak) return let_go(process);
    try {
        kept_.push_back(&process);
        if (process.view().used_bytes() <= huge) {
            compact_memory made;
            file_descriptor shared;
            const compacting result = keeper_.is_there()
                                          ? compact_recording(process.view(), peak, made, shared)
                                          : compact_recording(process.view(), peak, made);
            process.is_damaged = result == compacting::damaged;
            if (result != compacting::done) {
                kept_.pop_back();
                return let_go(process);
            }
            process.memory = shared_mapping::of_memory(made.address, made.bytes);
            if (shared.number() >= 0) keeper_.tell_replaced(process, shared.number());
        }
    } catch (const std::bad_alloc&) {  // it stays as it is
    }
}

void session::let_go(joined_process& process) {
    process.last = process.numbers();
    process.last.recording_bytes = 0;
    keeper_.tell_let_go(process);
    process.memory = {};
}

void session::let_go_what_is_over() {
    const std::int64_t peak = page().peak.load();
    std::erase_if(kept_, [&](joined_process* process) {
        if (process->header().closed_at == peak) return false;
        let_go(*process);
        return true;
    });
}

void session::tell_memory_is_low(std::int32_t pid) {
    if (pid == told_low_) return;
    const auto tell = [&](std::int32_t whom, std::uint32_t low) {
        const joined_process* process = whom == 0 ? nullptr : find(whom);
        if (process != nullptr && process->has_recording())
            process->header().memory_is_low.store(low);
    };
    tell(told_low_, 0);
    tell(pid, 1);
    told_low_ = pid;
}

const joined_process* session::out_of_memory() {
    const std::uint32_t asked = page().asking.load(std::memory_order_acquire);
    if (asked == asked_before_) return nullptr;
    for (const joined_process* open : open_) {
        const joined_process& process = *open;
        if (process.header().last_word.load(std::memory_order_acquire) == last_words::asked &&
            !process.closed()) {
            return &process;
        }
    }
    asked_before_ = asked;
    return nullptr;
}

void session::record_trace(const std::string& path, std::uint32_t sample) {
    trace_ = std::make_unique<trace_recorder>(path, sample);
}

int session::take_trace() {
    return trace_ ? trace_->look(open_) : 1000;
}

trace_recorder* session::finish_trace() {
    if (trace_) trace_->finish(open_);
    return trace_.get();
}

session::refusals session::refused() const {
    refusals all{page().refused.load(), refusal{page().first_refusal.load()}};
    for (const std::uint32_t why : directory_.refusals()) {
        if (all.count++ == 0) all.first = refusal{why};
    }
    if (told_refused_.count > 0 && all.count == 0) all.first = told_refused_.first;
    all.count += told_refused_.count;
    if (refused_here_ != refusal::none) {
        all.first = refused_here_;
        all.count = std::max<std::uint64_t>(all.count, 1);
    }
    return all;
}

// The program itself was started by us.
std::uint64_t session::missed() const {
    const std::uint64_t started = bounded_children(page().programs_started.load()) + 1;
    const std::uint64_t heard =
        programs_heard_ + door_.turned_away() + told_refused_.count + directory_.refusals().size();
    return started > heard ? started - heard : 0;
}

std::uint64_t session::unprofiled_children() const {
    std::uint64_t sum = door_.turned_away() + unprofiled_by_ended_;
    for (const joined_process* process : open_)
        sum += bounded_children(process->numbers().unprofiled_children);
    return sum;
}

}  // namespace fil

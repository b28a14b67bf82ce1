#include "start.hpp"

#include <fcntl.h>
#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "allocators_inside.hpp"
#include "environment.hpp"
#include "fil_hooks.h"
#include "next_definition.hpp"
#include "own_environment.hpp"
#include "real.hpp"
#include "report_signal.hpp"
#include "runtimes.hpp"

namespace fil::preload {
namespace {

enum class decision { none, being_made, made };
constinit std::atomic<decision> decided{decision::none};

const char* variable(const char* name) {
    std::size_t length = std::strlen(name);
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (std::strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            return *entry + length + 1;
        }
    }
    return nullptr;
}

pid_t number(const char* digits) {
    pid_t value = 0;
    std::from_chars(digits, digits + std::strlen(digits), value);
    return value;
}

// A library that was preloaded before us, by a start script say, and not a malloc of the program's
// own, which its file shows.
void describe_earlier_allocator() {
    const link_map* object = earlier_malloc().object;
    if (object == nullptr || object->l_name[0] == 0) return;
    const char* slash = std::strrchr(object->l_name, '/');
    const char* name = slash != nullptr ? slash + 1 : object->l_name;
    constexpr const char* key = "allocator";
    fil_recorder_describe({key, std::strlen(key)}, {name, std::strlen(name)});
}

// `fil-profile python`: only this very process may be profiled, once it is a Python (a version
// manager's script comes first) or what else can be, and only parts of it. Its children do not hear
// of us.
void start_on_request(const char* program) {
    if (number(program) != getpid()) return;
    const runtime_entry* ran = runtime_of_program();
    if (ran == nullptr || !ran->runs_on_request) return;
    if (const link_map* ours = our_object()) leave_children_alone(environ, ours->l_name);
    fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    options.memory = FIL_MEMORY_SESSION;
    options.flags = FIL_ON_REQUEST;
    if (fil_recorder_start(&options, nullptr) != FIL_OK) return;
    want_allocators();
    describe_earlier_allocator();
    ran->start();
}

// A session whose page and recordings are files (docs/design/session.md).
bool is_in_files(const char* session) {
    return std::strncmp(session, "files:", 6) == 0;
}

// In plain words; the C library's own need its version 2.32.
const char* refusal_words(int why) {
    switch (why) {
        case ENOSPC:
            return "No space left on device";
        case EACCES:
        case EPERM:
            return "Permission denied";
        case EROFS:
            return "Read-only file system";
        case ENOTDIR:
            return "Not a directory";
        case ENOENT:
            return "No such file or directory";
        case ENAMETOOLONG:
            return "File name too long";
        case EDQUOT:
            return "Disk quota exceeded";
        default:
            return "it is refused";
    }
}

void say_unrecorded(const char* folder, int why) {
    char line[1400] = "=fil-profile= Not recorded: cannot write to ";
    char* end = stpcpy(line + std::strlen(line), folder);
    end = stpcpy(stpcpy(end, ": "), refusal_words(why));
    *end++ = '\n';
    syscall(SYS_write, 2, line, end - line);
}

// Who may write there, and cannot, has no room.
int why_not_in(const char* folder) {
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ? ENOSPC : errno;
}

// FIL_OUTPUT, and nobody supervises: the session is a folder there. This process and all that it
// starts find it, and the rest of what fil-profile would have set, in their environment.
const char* begin_in_files(const char* output, const char* inherited) {
    static char session[1024];
    char failed[1024] = "";
    if (fil_session_begin_in_files(output, inherited, session, sizeof session, failed,
                                   sizeof failed) == FIL_OK) {
        begin_environment(session);
        return session;
    }
    say_unrecorded(failed, errno);
    empty_variable("FIL_OUTPUT");  // children shall not say it again
    return nullptr;
}

void start() {
    const char* session = variable("FIL_SESSION");
    const char* output = variable("FIL_OUTPUT");
    const bool is_supervised = session != nullptr && *session != 0 && !is_in_files(session);
    if (!is_supervised && output != nullptr && *output != 0)
        session = begin_in_files(output, session);
    if (session == nullptr || *session == 0) return;
    if (const char* program = variable("FIL_PROGRAM")) return start_on_request(program);
    if (const link_map* ours = our_object()) remember_for_children(session, ours->l_name);
    fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    options.memory = FIL_MEMORY_SESSION;
    if (runtime_of_program() == nullptr) options.flags = FIL_NATIVE_STACKS;
    if (fil_recorder_start(&options, nullptr) != FIL_OK) {
        if (is_in_files(session))
            say_unrecorded(std::strchr(session, '/'), why_not_in(std::strchr(session, '/')));
        return;
    }
    want_allocators();
    describe_earlier_allocator();
    start_runtimes();
    if (!is_in_files(session)) answer_report_signal();  // else nobody would write it
}

[[gnu::constructor]] void decide_at_the_latest() {
    find_and_decide(true);
    notice_allocators();
}

}  // namespace

bool decide_whether_to_record(bool last_chance) {
    if (environ == nullptr && !last_chance) return false;
    decision expected = decision::none;
    if (!decided.compare_exchange_strong(expected, decision::being_made)) {
        return expected == decision::made;
    }
    if (environ != nullptr) start();
    decided.store(decision::made, std::memory_order_release);
    return true;
}

}  // namespace fil::preload

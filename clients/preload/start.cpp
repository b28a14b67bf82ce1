#include "start.hpp"

#include <link.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstring>

#include "environment.hpp"
#include "fil_hooks.h"
#include "next_definition.hpp"
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
    describe_earlier_allocator();
    ran->start();
}

void start() {
    const char* session = variable("FIL_SESSION");
    if (session == nullptr || *session == 0) return;
    if (const char* program = variable("FIL_PROGRAM")) return start_on_request(program);
    if (const link_map* ours = our_object()) remember_for_children(session, ours->l_name);
    fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    options.memory = FIL_MEMORY_SESSION;
    if (runtime_of_program() == nullptr) options.flags = FIL_NATIVE_STACKS;
    if (fil_recorder_start(&options, nullptr) != FIL_OK) return;
    describe_earlier_allocator();
    start_runtimes();
    answer_report_signal();
}

[[gnu::constructor]] void decide_at_the_latest() {
    find_and_decide(true);
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

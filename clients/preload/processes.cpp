// exec and spawn: what this process becomes, or starts, is to be recorded too.
//
// The environment may have been emptied by the program (environment.hpp), and some programs cannot
// load our library (started_program.hpp). All of this also runs between fork or vfork and exec: no
// malloc, no lock. execl, execv and their like are the same as the functions that take everything.

#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstddef>

#include "environment.hpp"
#include "fil_hooks.h"
#include "real.hpp"
#include "started_program.hpp"

using namespace fil::preload;

namespace {

template <typename Call>
int replace_process(target kind, char* const* environment, Call call) {
    if (kind == target::absent) return call(environment);  // fails: one step of a search, say
    if (is_told_of_us(kind) && !library_can_be_opened()) kind = target::refuses;
    if (runs_unrecorded(kind)) fil_record_unprofiled_child();
    if (kind == target::confined) fil_sandbox_count(1);
    fil_recorder_close();
    const bool joins = will_join(kind, environment);
    if (joins) fil_record_started_program(1);
    int result = with_environment_for(kind, environment, call);
    if (joins) fil_record_started_program(-1);
    fil_recorder_reopen();
    if (kind == target::confined) fil_sandbox_count(-1);
    return result;
}

template <typename Call>
int start_process(target kind, char* const* environment, Call call) {
    if (is_told_of_us(kind) && !library_can_be_opened()) kind = target::refuses;
    int failure = with_environment_for(kind, environment, call);
    if (failure == 0 && will_join(kind, environment)) fil_record_started_program(1);
    if (failure == 0 && runs_unrecorded(kind)) fil_record_unprofiled_child();
    if (failure == 0 && kind == target::confined) fil_sandbox_count(1);
    return failure;
}

int replace_by_path(const char* path, char* const* arguments, char* const* environment) {
    return replace_process(judge_path(path), environment, [&](char* const* changed) {
        return real.execve(path, arguments, changed);
    });
}

int replace_by_name(const char* file, char* const* arguments, char* const* environment) {
    return replace_process(judge_on_path(file), environment, [&](char* const* changed) {
        return real.execvpe(file, arguments, changed);
    });
}

// The arguments of execl and its like, as an array on the stack. Calls
// use(array, the va_list after the closing null).
template <typename Use>
int with_listed_arguments(const char* first, va_list rest, Use use) {
    va_list count_from;
    va_copy(count_from, rest);
    std::size_t count = 1;
    for (const char* at = first; at != nullptr; at = va_arg(count_from, const char*)) ++count;
    va_end(count_from);
    auto array = static_cast<char**>(__builtin_alloca(count * sizeof(char*)));
    std::size_t filled = 0;
    for (const char* at = first; at != nullptr; at = va_arg(rest, const char*)) {
        array[filled++] = const_cast<char*>(at);
    }
    array[filled] = nullptr;
    return use(array, rest);
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int execve(const char* path, char* const* arguments, char* const* environment) noexcept {
    return replace_by_path(path, arguments, environment);
}

int execv(const char* path, char* const* arguments) noexcept {
    return replace_by_path(path, arguments, environ);
}

int execvpe(const char* file, char* const* arguments, char* const* environment) noexcept {
    return replace_by_name(file, arguments, environment);
}

int execvp(const char* file, char* const* arguments) noexcept {
    return replace_by_name(file, arguments, environ);
}

int execl(const char* path, const char* first, ...) noexcept {
    va_list rest;
    va_start(rest, first);
    int result = with_listed_arguments(first, rest, [&](char** arguments, va_list) {
        return replace_by_path(path, arguments, environ);
    });
    va_end(rest);
    return result;
}

int execlp(const char* file, const char* first, ...) noexcept {
    va_list rest;
    va_start(rest, first);
    int result = with_listed_arguments(first, rest, [&](char** arguments, va_list) {
        return replace_by_name(file, arguments, environ);
    });
    va_end(rest);
    return result;
}

int execle(const char* path, const char* first, ...) noexcept {
    va_list rest;
    va_start(rest, first);
    int result = with_listed_arguments(first, rest, [&](char** arguments, va_list after) {
        return replace_by_path(path, arguments, va_arg(after, char* const*));
    });
    va_end(rest);
    return result;
}

int fexecve(int file, char* const* arguments, char* const* environment) noexcept {
    return replace_process(judge_descriptor(file), environment, [&](char* const* changed) {
        return real.fexecve(file, arguments, changed);
    });
}

int execveat(int directory, const char* path, char* const* arguments, char* const* environment,
             int flags) noexcept {
    auto real_execveat = find_and_decide().execveat;
    target kind = judge_at(directory, path, flags);
    return replace_process(kind, environment, [&](char* const* changed) {
        if (real_execveat != nullptr) {
            return real_execveat(directory, path, arguments, changed, flags);
        }
        return static_cast<int>(syscall(SYS_execveat, directory, path, arguments, changed, flags));
    });
}

int posix_spawn(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, char* const* arguments,
                char* const* environment) {
    return start_process(judge_path(path), environment, [&](char* const* changed) {
        return real.posix_spawn(child, path, actions, attributes, arguments, changed);
    });
}

int posix_spawnp(pid_t* child, const char* file, const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, char* const* arguments,
                 char* const* environment) {
    return start_process(judge_on_path(file), environment, [&](char* const* changed) {
        return real.posix_spawnp(child, file, actions, attributes, arguments, changed);
    });
}

}  // extern "C"

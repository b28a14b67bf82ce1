#include "start/launch.hpp"

#include <cerrno>
#include <cstring>

#include "os/child.hpp"
#include "os/last_resort.hpp"
#include "os/refusal.hpp"

namespace fil::cli {
namespace {

[[noreturn]] void refuse_failed_exec(const target& what, int why) {
    std::string line = "cannot start " + what.path + ": " + std::strerror(why);
    if (why == ENOENT) line += " (it, or the interpreter it names)";
    throw refusal(line, why == ENOENT ? status_not_found : status_not_executable);
}

}  // namespace

void become(const target& what, const environment& variables) {
    refuse_failed_exec(what, become({what.path, what.arguments, variables}));
}

program launch(const target& what, const environment& variables, const signal_inbox& signals,
               const std::function<void()>& also) {
    const auto [pid, why] = start_program({what.path, what.arguments, variables}, [&] {
        if (also) also();
        signals.restore_inherited();
    });
    if (pid < 0)
        throw refusal(std::string("cannot start a process: ") + std::strerror(why),
                      status_not_executable);
    if (why != 0) refuse_failed_exec(what, why);
    hold_on_to(pid);
    return {pid, open_pid(pid)};
}

}  // namespace fil::cli

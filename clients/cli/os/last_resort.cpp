#include "os/last_resort.hpp"

#include <unistd.h>

#include <exception>
#include <optional>

#include "os/message.hpp"
#include "os/readable.hpp"
#include "os/refusal.hpp"

namespace fil::cli {
namespace {

pid_t us = 0, held = 0;
std::optional<ending> end;

[[noreturn]] void end_somehow() {
    constexpr int now_and_then = 50;
    if (::getpid() != us) ::_exit(1);
    say_without_memory("fil-profile failed: most likely, there is not enough memory.");
    if (held <= 0) ::_exit(status_usage);
    while (!end && !(end = take_ending(held))) wait_until_readable({}, now_and_then);
    end_like(*end);
}

}  // namespace

void be_ready_for_the_worst() {
    us = ::getpid();
    std::set_terminate(end_somehow);
}

void hold_on_to(pid_t program) {
    held = program;
}

void let_go_of_program(const ending& its) {
    end = its;
}

}  // namespace fil::cli

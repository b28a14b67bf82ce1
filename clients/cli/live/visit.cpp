#include "live/visit.hpp"

#include <charconv>
#include <climits>

#include "os/refusal.hpp"

namespace fil::cli {
namespace {

constexpr int status_none = 1;

void check(fil_status status, const fil_error& error) {
    if (status != FIL_OK) throw refusal(error.message, status_none);
}

}  // namespace

int pid_of(const std::string& word) {
    int pid = 0;
    const char* const end = word.data() + word.size();
    const auto [stopped, error] = std::from_chars(word.data(), end, pid);
    if (error != std::errc() || stopped != end || pid <= 0)
        throw refusal("'" + word + "' is no process's number");
    return pid;
}

visit::visit(int pid) {
    fil_visit* made = nullptr;
    fil_error error = FIL_ERROR_INIT;
    check(fil_visit_new(&made, pid, &error), error);
    visit_.reset(made);
}

void visit::ask(fil_visit_kind kind) {
    fil_error error = FIL_ERROR_INIT;
    check(fil_visit_ask(visit_.get(), kind, &error), error);
}

visit::answer visit::hear(int milliseconds) {
    char path[PATH_MAX] = "";
    fil_error error = FIL_ERROR_INIT;
    const fil_status status = fil_visit_hear(visit_.get(), milliseconds, path, sizeof path, &error);
    if (status == FIL_ERROR_EMPTY) return answer::none_yet;
    text_ = status == FIL_OK ? path : error.message;
    return status == FIL_OK ? answer::here : answer::refused;
}

}  // namespace fil::cli

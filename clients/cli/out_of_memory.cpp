#include "out_of_memory.hpp"

namespace fil::cli {

out_of_memory::out_of_memory(fil_session* session, std::string root, pid_t program, teller tell)
    : session_(session), left_(std::move(root)), program_(program), tell_(std::move(tell)) {
    fil_session_detect_out_of_memory(session);
}

void out_of_memory::judge(const sampler& memory) {
    const std::vector<pid_t> pids = memory.running();
    shortage_ = left_.shortage(pids).value_or("");
    if (!shortage_.empty()) last_shortage_ = shortage_;
    fil_session_memory_is_low(session_, shortage_.empty() ? 0 : memory.largest());
}

void out_of_memory::calm() {
    shortage_.clear();
    fil_session_memory_is_low(session_, 0);
}

void out_of_memory::hear(const reporter& make) {
    fil_out_of_memory process = FIL_OUT_OF_MEMORY_INIT;
    while (fil_session_out_of_memory(session_, &process) == FIL_OK) {
        report(process, make);
        fil_session_let_go(session_, process.pid);
    }
}

void out_of_memory::report(const fil_out_of_memory& process, const reporter& make) {
    const std::string why = process.request_bytes != 0
                                ? "a request for " +
                                      size_text(static_cast<long long>(process.request_bytes)) +
                                      " failed"
                                : last_shortage_;
    const std::string whose =
        process.pid == program_ ? "" : " in PID " + std::to_string(process.pid);
    tell_("WARNING: Detected out-of-memory condition" + whose + ", exiting soon: " + why + ".");
    const report_outcome outcome = make(process);
    if (outcome.status != FIL_OK) {
        tell_("The report could not be made: " + outcome.why + ".");
        return;
    }
    for (const char* file : {"out-of-memory.svg", "out-of-memory-reversed.svg"})
        tell_("Wrote memory usage flamegraph to " + outcome.path + "/" + file);
    if (process.pid == program_) program_is_reported_ = true;
}

}  // namespace fil::cli

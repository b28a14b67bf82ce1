#include "os/refused_call.hpp"

#include <errno.h>

#include <atomic>

namespace fil {
namespace {

constinit std::atomic<refusal> last{refusal::none};

}  // namespace

void note_refusal(long call) {
    note_refusal(call, errno);
}
void note_refusal(long call, int error) {
    last.store(make_refusal(call, error), std::memory_order_relaxed);
}

refusal last_refusal() {
    return last.load(std::memory_order_relaxed);
}

bool lacked_memory() {
    return errno_of(last_refusal()) == ENOMEM;
}

}  // namespace fil

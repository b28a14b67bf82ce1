#include "refusal.hpp"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <charconv>

#include "fil/recording/layout.hpp"
#include "os.hpp"
#include "session_protocol.hpp"

namespace fil {
namespace {

constinit std::atomic<refusal> last{refusal::none};

void leave_link(const session_address& address, std::uint32_t why) {
    const std::size_t directory = address.socket_path.rfind('/');
    char path[256], text[16];
    if (directory == address.socket_path.npos || directory > sizeof path - 64) return;
    char* end = static_cast<char*>(mempcpy(path, address.socket_path.data(), directory));
    end = stpcpy(end, refusal_link);
    *std::to_chars(end, path + sizeof path - 1, os::process_id()).ptr = 0;
    *std::to_chars(text, text + sizeof text - 1, why).ptr = 0;
    syscall(SYS_symlink, text, path);
}

}  // namespace

void note_refusal(long call) {
    note_refusal(call, errno);
}
void note_refusal(long call, int error) {
    last.store(make_refusal(call, error), std::memory_order_relaxed);
}

bool lacked_memory() {
    return errno_of(last.load(std::memory_order_relaxed)) == ENOMEM;
}

void tell_refusal(session_page* page, const session_address& address) {
    const os::keep_errno keep;
    const auto why = static_cast<std::uint32_t>(last.load(std::memory_order_relaxed));
    if (page == nullptr) return leave_link(address, why);
    std::uint32_t nobody_before = 0;
    page->first_refusal.compare_exchange_strong(nobody_before, why);
    page->refused.fetch_add(1);
}

}  // namespace fil

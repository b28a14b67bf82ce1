#include "process/tell_refusal.hpp"

#include <string.h>

#include <charconv>

#include "os/os.hpp"
#include "os/refused_call.hpp"
#include "process/session_client.hpp"

namespace fil {
namespace {

bool leave_link(const session_address& address, std::uint32_t why) {
    const std::size_t directory = address.socket_path.rfind('/');
    char path[256], text[16];
    if (directory == address.socket_path.npos || directory > sizeof path - 64) return false;
    char* end = static_cast<char*>(mempcpy(path, address.socket_path.data(), directory));
    end = stpcpy(end, refusal_link);
    *std::to_chars(end, path + sizeof path - 1, os::process_id()).ptr = 0;
    *std::to_chars(text, text + sizeof text - 1, why).ptr = 0;
    return os::make_link(text, path);
}

}  // namespace

void tell_refusal(session_page* page, const session_address& address) {
    const os::keep_errno keep;
    const auto why = static_cast<std::uint32_t>(last_refusal());
    if (last_refusal() == refusal::none) return;
    if (page == nullptr) {
        if (leave_link(address, why)) return;
        say_refused(address, why);
        note_refusal(call_of(refusal{why}), errno_of(refusal{why}));  // it remains the reason
        return;
    }
    std::uint32_t nobody_before = 0;
    page->first_refusal.compare_exchange_strong(nobody_before, why);
    page->refused.fetch_add(1);
}

}  // namespace fil

#include "session/refusal_text.hpp"

#include <cerrno>
#include <cstring>

#include "os/cold/call_name.hpp"

namespace fil {
namespace {

// The socket is not where the process looks for it.
bool is_out_of_sight(refusal why) {
    const int error = errno_of(why);
    return call_of(why) == refused_call::connecting &&
           (error == ENOENT || error == ESRCH || error == ENOTDIR);
}

}  // namespace

std::string text_of(refusal why) {
    const std::string answer =
        std::string(os::call_name(call_of(why))) + ": " + std::strerror(errno_of(why));
    if (!is_out_of_sight(why)) return "the system refused " + answer;
    return "fil-profile's socket is out of sight where the root directory is another one: a "
           "sandbox "
           "(as of a browser's renderers; Chromium's --no-sandbox leaves it out), chroot or a "
           "container (" +
           answer + ")";
}

}  // namespace fil

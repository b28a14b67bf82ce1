#pragma once
// A visitor's end: finds the session that a process belongs to, and asks its supervisor.
//
// Sessions of this machine are in the kernel's list of local sockets; each of those that may be
// asked is asked whose the process is. So it does not matter whether that is the supervisor, the
// program, or what it started, nor whether it has changed its environment or its parent. Cold; one
// thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "os/file_descriptor.hpp"
#include "os/local_socket.hpp"
#include "process/session_protocol.hpp"

namespace fil {

// In words: "process 31415 is not profiled: ...".
struct visit_refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class visitor {
  public:
    explicit visitor(std::int32_t pid);  // throws visit_refused

    // One question at a time; throws visit_refused where the session is over.
    void ask(request_kind kind);

    struct heard {
        std::string text;
        file_descriptor attached;
    };
    // The answer, if it came within so long. Throws visit_refused: there will be none.
    std::optional<heard> hear(int milliseconds);

  private:
    std::int32_t pid_;
    std::string socket_path_;
    std::unique_ptr<os::local_socket> asking_;
};

}  // namespace fil

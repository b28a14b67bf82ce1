// A session that frees itself.
#pragma once

#include <fil_supervisor.h>

#include <memory>

namespace fil::cli {

struct free_session {
    void operator()(fil_session* session) const { fil_session_free(session); }
};
using session_owner = std::unique_ptr<fil_session, free_session>;

// Throws refusal, or std::bad_alloc.
session_owner new_session();

}  // namespace fil::cli

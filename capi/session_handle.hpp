#pragma once
// What the opaque fil_session of fil.h is.

#include "guarded.hpp"
#include "session.hpp"

struct fil_session {
    fil::session value;
};

namespace fil::capi {

inline fil::session& session_of(fil_session* session) {
    check_pointer(session, "session");
    return session->value;
}

}  // namespace fil::capi

#pragma once
// What the opaque fil_session of fil_supervisor.h is: a fil::session, under a name that no C
// program can see into (and that keeps our types out of the ABI's description).

#include "fil_supervisor.h"
#include "guarded.hpp"
#include "session/session.hpp"

namespace fil::capi {

inline fil::session& session_of(fil_session* session) {
    check_pointer(session, "session");
    return *reinterpret_cast<fil::session*>(session);
}
inline const fil::session& session_of(const fil_session* session) {
    check_pointer(session, "session");
    return *reinterpret_cast<const fil::session*>(session);
}

}  // namespace fil::capi

#include "start/new_session.hpp"

#include <string>

#include "os/refusal.hpp"

namespace fil::cli {

session_owner new_session() {
    fil_session* session = nullptr;
    fil_error error = FIL_ERROR_INIT;
    if (fil_session_new(&session, &error) != FIL_OK)
        throw refusal(std::string("cannot make a session: ") + error.message);
    return session_owner(session);
}

}  // namespace fil::cli

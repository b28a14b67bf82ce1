#include "start/new_session.hpp"

#include <new>
#include <string>

#include "os/refusal.hpp"

namespace fil::cli {

session_owner new_session() {
    fil_session* session = nullptr;
    fil_error error = FIL_ERROR_INIT;
    const fil_status status = fil_session_new(&session, &error);
    if (status == FIL_ERROR_MEMORY) throw std::bad_alloc();
    if (status != FIL_OK) throw refusal(std::string("cannot make a session: ") + error.message);
    return session_owner(session);
}

}  // namespace fil::cli

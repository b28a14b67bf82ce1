#include "supervise/start_keeper.hpp"

#include <climits>

#include "os/child.hpp"
#include "os/descriptor.hpp"
#include "os/limits.hpp"
#include "os/message.hpp"
#include "os/process.hpp"
#include "os/standard_descriptors.hpp"

namespace fil::cli {
namespace {

std::string how_many(std::uint64_t processes) {
    return processes == 1 ? "1 process" : std::to_string(processes) + " processes";
}

void say_kept(const std::string& path, const fil_kept& kept) {
    std::string line = "fil-profile was killed, and the program with it";
    if (kept.running > 0) line += " (" + how_many(kept.running) + " it started run on, unrecorded)";
    line += ". What was recorded until then";
    if (kept.missing > 0) line += ", but for " + how_many(kept.missing) + ",";
    say(line + " is drawn by: fil-profile report " + path);
}

void keep(fil_session* session, int socket, const std::string& directory) {
    call_this_process("fil-keeper");
    close_descriptors_but(socket);
    let_go_of_stdin_and_stdout();
    take_all_that_is_allowed();
    allow_large_files();
    char path[PATH_MAX] = "";
    fil_kept kept = FIL_KEPT_INIT;
    fil_error error = FIL_ERROR_INIT;
    const fil_status status = fil_session_keep_all(
        session, socket, {directory.data(), directory.size()}, path, sizeof path, &kept, &error);
    if (status == FIL_ERROR_EMPTY) return;
    if (status == FIL_OK)
        say_kept(path, kept);
    else
        say(std::string("fil-profile was killed, and the program with it. What was recorded until "
                        "then could not be kept: ") +
            error.message);
    fil_session_free(session);  // and its directory, which nobody else removes
    finish_saying();
}

}  // namespace

void start_keeper(fil_session* session, const std::string& directory) {
    constexpr int its_own = 3;
    if (!descriptor_room(descriptors_for_a_session + its_own).is_whole()) return;
    const descriptor socket(fil_session_keeper_socket(session));
    if (socket) start_orphan([&] { keep(session, socket.get(), directory); });
}

}  // namespace fil::cli

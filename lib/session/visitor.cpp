#include "session/visitor.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <vector>

#include "os/cold/connections.hpp"
#include "os/os.hpp"
#include "session/session_directory.hpp"

namespace fil {
namespace {

constexpr int patience = 2000;  // with a supervisor, in milliseconds

// The last word of each line, where a socket has a name: it may hold spaces.
std::vector<std::string> sockets_of_sessions() {
    std::ifstream list("/proc/net/unix");
    std::vector<std::string> found;
    for (std::string line; std::getline(list, line);) {
        const std::size_t name = line.find(" /");
        if (name == line.npos) continue;
        std::string path = session_socket_of(line.substr(name + 1));
        if (!path.empty() && std::ranges::find(found, path) == found.end())
            found.push_back(std::move(path));
    }
    return found;
}

bool send_question(os::local_socket& socket, const std::string& path, request_kind kind,
                   std::int32_t pid) {
    join_request request{};
    request.version = session_protocol_version;
    request.child = pid;
    request.kind = kind;
    request.segment = -1;
    return socket.is_there() && socket.limit_sending(patience) && socket.connect_to(path) &&
           socket.send(&request, sizeof request, -1);
}

enum class whose { not_here, a_process, a_supervisor, silent };

whose ask_whose(const std::string& path, std::int32_t pid) {
    os::local_socket socket;
    if (!send_question(socket, path, request_kind::whose, pid))
        return errno == EAGAIN ? whose::silent : whose::not_here;
    visit_reply reply{};
    socket.limit_receiving(patience);
    const long length = socket.receive(&reply, sizeof reply).bytes;
    if (length < 0 && errno == EAGAIN) return whose::silent;
    if (length != long(sizeof reply) || reply.version != session_protocol_version)
        return whose::not_here;
    if (reply.answer == visit_answer::a_supervisor) return whose::a_supervisor;
    return reply.answer == visit_answer::a_process ? whose::a_process : whose::not_here;
}

// Of a line of /proc/PID/status: what follows its name; "" if there is no such process.
std::string status_of(std::int32_t pid, const std::string& name) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
    return {};
}

// Nobody said that the process is one of theirs.
std::string why_not(std::int32_t pid, bool is_somebody_silent) {
    const std::string process = "process " + std::to_string(pid);
    const std::string state = status_of(pid, "State");
    if (state.empty()) return "there is no " + process;
    if (state.starts_with('Z') || state.starts_with('X')) return process + " has ended";
    if (is_somebody_silent)
        return "a fil-profile that may have " + process +
               " does not answer: it is stopped, or busy";
    std::istringstream users(status_of(pid, "Uid"));
    std::uint32_t real = 0;
    if (users >> real && !os::is_user_or_root(real))
        return process + " belongs to another user: only they and root may ask";
    return process +
           " is not profiled: it is none that fil-profile run started, or is, or that "
           "could be recorded";
}

}  // namespace

visitor::visitor(std::int32_t pid) : pid_(pid) {
    bool is_somebody_silent = false;
    for (const std::string& path : sockets_of_sessions()) {
        const whose found = ask_whose(path, pid);
        is_somebody_silent = is_somebody_silent || found == whose::silent;
        if (found == whose::a_process) socket_path_ = path;
        // A fil-profile within another is a process of the other.
        if (found == whose::a_supervisor) {
            socket_path_ = path;
            break;
        }
    }
    if (socket_path_.empty()) throw visit_refused(why_not(pid, is_somebody_silent));
}

void visitor::ask(request_kind kind) {
    asking_ = std::make_unique<os::local_socket>();
    if (send_question(*asking_, socket_path_, kind, pid_)) return;
    const bool is_silent = errno == EAGAIN;
    asking_.reset();
    throw visit_refused(is_silent ? "fil-profile does not answer: it is stopped, or busy"
                                  : "the program has ended");
}

std::optional<visitor::heard> visitor::hear(int milliseconds) {
    if (!asking_) throw visit_refused("nothing was asked");
    visit_reply reply{};
    asking_->limit_receiving(std::max(milliseconds, 1));
    const auto [length, came] = asking_->receive(&reply, sizeof reply);
    if (length < 0 && errno == EAGAIN) return std::nullopt;
    file_descriptor attached(came);
    asking_.reset();
    if (length <= 0) throw visit_refused("the program has ended");
    if (length != long(sizeof reply) || reply.version != session_protocol_version)
        throw visit_refused("it is another version of fil-profile");
    reply.text[sizeof reply.text - 1] = 0;
    if (reply.answer == visit_answer::not_here)
        throw visit_refused("process " + std::to_string(pid_) + " has ended");
    if (reply.answer != visit_answer::done) throw visit_refused(reply.text);
    return heard{reply.text, std::move(attached)};
}

}  // namespace fil

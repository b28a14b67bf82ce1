#include "session/keeper_line.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include "os/cold/connections.hpp"
#include "os/os.hpp"

namespace fil {

keeper_state keeper_state::make() {
    keeper_state made;
    const file_descriptor file(os::make_shared_file("fil-keeper", recording_page));
    if (file.number() < 0) return made;
    try {
        made.memory_ = shared_mapping(file.number(), recording_page);
    } catch (const std::system_error&) {  // then there is none
    }
    return made;
}

file_descriptor keeper_line::begin() {
    state_ = keeper_state::make();
    if (!state_.is_there()) return file_descriptor();
    auto [ours, keepers] = os::make_connection();
    socket_ = std::move(ours);
    return std::move(keepers);
}

void keeper_line::tell_joined(const joined_process& process, int recording, int segment) {
    send(keeper_message::kind::joined, process, recording, segment);
}

void keeper_line::tell_replaced(const joined_process& process, int recording) {
    send(keeper_message::kind::replaced, process, recording);
}

void keeper_line::tell_let_go(const joined_process& process) {
    send(keeper_message::kind::let_go, process);
}

void keeper_line::tell_over() {
    constexpr int long_enough = 1000;
    if (!is_there()) return;
    state_.say(keeping::over);
    os::stop_sending(socket_.number());
    os::wait_for_end(socket_.number(), long_enough);
    hang_up();
}

// Where it cannot be told of something, there is no memory for it say, it has lost track.
void keeper_line::send(keeper_message::kind what, const joined_process& process, int recording,
                       int segment) try {
    constexpr int patience = 200;
    if (!is_there() || state_.how() != keeping::on) return;
    keeper_message message{what, process.number,        process.pid, process.parent_pid, segment,
                           0,    process.numbers().peak};
    std::string text;
    if (message.what == keeper_message::kind::joined) {
        constexpr std::size_t most = longest_keeper_message - sizeof message;
        text = process.command.substr(0, most / 2);
        message.command_length = static_cast<std::uint32_t>(text.size());
        text += process.executable.substr(0, most / 2);
    }
    text.insert(0, reinterpret_cast<const char*>(&message), sizeof message);
    const auto is_sent = [&] {
        return os::send_at_once(socket_.number(), text.data(), text.size(), recording);
    };
    if (is_sent() ||
        (errno == EAGAIN && os::wait_for_room(socket_.number(), patience) && is_sent()))
        return;
    state_.say(keeping::lost);
} catch (const std::bad_alloc&) {
    state_.say(keeping::lost);
}

}  // namespace fil

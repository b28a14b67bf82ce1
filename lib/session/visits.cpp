#include "session/visits.hpp"

#include <algorithm>
#include <utility>

#include "os/cold/connections.hpp"

namespace fil {

void visits::add(request_kind kind, file_descriptor connection) {
    constexpr std::size_t most = 64;  // descriptors are the session's
    if (waiting_.size() == most) return;
    waiting_.push_back({{++last_number_, kind}, std::move(connection)});
}

std::optional<visits::visit> visits::take() {
    const auto next = std::ranges::find(waiting_, false, &waiting::is_taken);
    if (next == waiting_.end()) return std::nullopt;
    next->is_taken = true;
    return next->what;
}

void visits::answer(std::uint64_t number, bool is_done, std::string_view text, int attached) {
    for (const waiting& one : waiting_) {
        if (one.what.number == number)
            reply(one.connection.number(), is_done ? visit_answer::done : visit_answer::failed,
                  text, attached);
    }
    leave_to_another(number);
}

void visits::leave_to_another(std::uint64_t number) {
    std::erase_if(waiting_, [&](const waiting& one) { return one.what.number == number; });
}

void visits::reply(int connection, visit_answer answer, std::string_view text, int attached) {
    visit_reply said{session_protocol_version, answer, {}};
    text.copy(said.text, sizeof said.text - 1);
    os::send_at_once(connection, &said, sizeof said, attached);
}

}  // namespace fil

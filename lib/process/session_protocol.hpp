#pragma once
// What a process and its supervisor say to each other: one message each way.
//
// FIL_SESSION is "VERSION:SUPERVISOR-PID:TOKEN:SOCKET-PATH". A process sends a `join_request` with
// its recording's descriptor attached, over a SOCK_SEQPACKET socket (of that path, or if that
// cannot be reached, of the same abstract name); the supervisor answers with a `join_reply` and the
// session page's descriptor. Afterwards the socket is closed: everything else goes through the
// shared memory. A process that records on request may later ask for the report of its last run,
// over a new connection: the same request without a descriptor, answered by a `report_reply` once
// the report is written. It says in the same way that a run has begun, for a supervisor that sleeps
// between runs; that is not answered. And that it has reaped a child which a signal killed, so that
// nobody takes what that one held for memory that is still there; answered by a `join_reply` when
// it is out of the session's live. Not answered is that a process could not be recorded, which is
// told so where it can be told no other way.
//
// Who is not of the session may visit it: the same user or root, by the same socket and without the
// token (lib/session/visitor.hpp). A visitor asks whose a process is, for a report, or for a look;
// it is answered by a `visit_reply`, of a look with the descriptor of a file that holds it.

#include <charconv>
#include <cstdint>
#include <string_view>

namespace fil {

inline constexpr std::uint32_t session_protocol_version = 2;
inline constexpr const char* session_variable = "FIL_SESSION";
inline constexpr std::size_t token_length = 32;

enum class request_kind : std::uint32_t {
    join = 0,
    report = 1,
    run_began = 2,
    child_killed = 3,
    refused = 4,
    whose = 5,  // from here on of visitors
    report_of_now = 6,
    report_of_peak = 7,
    look = 8,
};
constexpr bool is_visit(request_kind kind) {
    return kind >= request_kind::whose && kind <= request_kind::look;
}

struct join_request {
    std::uint32_t version;
    request_kind kind;
    char token[token_length];
    std::int32_t segment;  // System V's number, where no descriptor is attached; else -1
    std::int32_t child;  // that was killed, as its parent sees it; of a visitor: whom it asks about
    std::uint32_t is_program;  // 1: exec or spawn made it, 0: fork
    std::uint32_t reason;      // why it was refused (lib/os/refused_call.hpp)
};

enum class join_answer : std::uint32_t { accepted = 1, left_out = 2 };

struct join_reply {
    std::uint32_t version;
    join_answer answer;
};

struct report_reply {
    std::uint32_t version;
    std::int32_t status;  // fil_status
    char message[1000];   // what went wrong, in words
};

enum class visit_answer : std::uint32_t {
    not_here = 1,
    a_process = 2,     // that is asked about is one of the session's
    a_supervisor = 3,  // it is the one that answers
    done = 4,
    failed = 5,
};

struct visit_reply {
    std::uint32_t version;
    visit_answer answer;
    char text[4096];  // where the report is, or what went wrong
};

// FIL_SESSION, taken apart. The parts are views of the text.
struct session_address {
    std::int32_t supervisor_pid = 0;
    std::string_view token;
    std::string_view socket_path;
};

// False if the text is none of ours, or of another version.
inline bool parse_session_address(std::string_view text, session_address& address) {
    const auto next = [&text] {
        const std::size_t colon = text.find(':');
        const std::string_view part = text.substr(0, colon);
        text.remove_prefix(colon == text.npos ? text.size() : colon + 1);
        return part;
    };
    const auto next_number = [&next](auto& number) {
        const std::string_view digits = next();
        const char* const end = digits.data() + digits.size();
        return std::from_chars(digits.data(), end, number) == std::from_chars_result{end, {}};
    };
    std::uint32_t version = 0;
    if (!next_number(version) || version != session_protocol_version) return false;
    if (!next_number(address.supervisor_pid)) return false;
    address.token = next();
    address.socket_path = text;
    return address.token.size() == token_length && !address.socket_path.empty();
}

}  // namespace fil

#pragma once
// Visitors who wait for the supervisor's answer: each asked once, for a report or a look, and is
// answered once. In the order in which they came; one that went away meanwhile costs nothing. One
// thread.

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "os/file_descriptor.hpp"
#include "process/session_protocol.hpp"

namespace fil {

class visits {
  public:
    struct visit {
        std::uint64_t number;
        request_kind kind;
    };

    void add(request_kind kind, file_descriptor connection);

    // Who has waited longest and was not yet taken.
    std::optional<visit> take();

    // `attached` stays the caller's.
    void answer(std::uint64_t number, bool is_done, std::string_view text, int attached = -1);
    // Another process has the connection too, and answers.
    void leave_to_another(std::uint64_t number);

    static void reply(int connection, visit_answer answer, std::string_view text,
                      int attached = -1);

  private:
    struct waiting {
        visit what;
        file_descriptor connection;
        bool is_taken = false;
    };

    std::deque<waiting> waiting_;
    std::uint64_t last_number_ = 0;
};

}  // namespace fil

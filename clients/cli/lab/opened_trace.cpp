#include "lab/opened_trace.hpp"

#include <algorithm>

#include "os/message.hpp"

namespace fil::cli {

opened_trace::opened_trace(const std::string& path, int pid)
    : path_(path),
      file_(path),
      reader_(reading(path, [&] { return trace::reader(file_.bytes()); })),
      process_(reader_.busiest()) {
    if (pid == 0) return;
    is_asked_for_ = true;
    const auto& all = reader_.processes();
    // Of several images of one process the busiest.
    std::size_t found = all.size();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].about.pid == pid && (found == all.size() || all[i].events > all[found].events))
            found = i;
    if (found == all.size()) throw refusal(path + " has no process " + std::to_string(pid));
    process_ = found;
}

std::string opened_trace::name() const {
    std::string command = about().about.command;
    std::ranges::replace(command, '\0', ' ');
    while (command.ends_with(' ')) command.pop_back();
    return std::to_string(about().about.pid) + " " + command;
}

void opened_trace::say_what_is_odd() const {
    if (!reader_.is_whole())
        say(path_ +
            " ends early: whoever wrote it was killed, or it was cut. What is there is used.");
    if (reader_.processes().size() > 1)
        say(path_ + " has " + std::to_string(reader_.processes().size()) +
                " processes; this is of " +
                (is_asked_for_ ? "PID "
                               : "the one with most events (--process takes another): PID ") +
                name(),
            worth::news);
    if (about().end.lost > 0)
        say(path_ + " lacks " + std::to_string(about().end.lost) + " events that were lost.");
}

trace::replay_plan opened_trace::plan(const lab_options& options) const {
    return reading(path_, [&] {
        return trace::replay_plan(reader_, process_, options.small, ~std::uint64_t{0},
                                  options.think);
    });
}

}  // namespace fil::cli

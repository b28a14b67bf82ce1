#pragma once
// What goes wrong while something is read is told with its path: `cannot read "x": it is damaged`.
// Cold.

#include <string>
#include <system_error>

#include "fil/report/usage_reader.hpp"
#include "report/snapshot_file.hpp"

namespace fil {

[[noreturn]] inline void refuse_path(const std::string& path, snapshot_problem what,
                                     const std::string& why) {
    throw unreadable_snapshot(what, "cannot read \"" + path + "\": " + why);
}

// read() of what has that path. Throws unreadable_snapshot.
template <typename Read>
auto reading(const std::string& path, Read&& read) {
    try {
        return read();
    } catch (const unreadable_snapshot& problem) {
        refuse_path(path, problem.problem, problem.what());
    } catch (const damaged_recording&) {
        refuse_path(path, snapshot_problem::damaged, "it is damaged");
    } catch (const std::system_error& error) {
        refuse_path(path, snapshot_problem::unreachable, error.code().message());
    }
}

}  // namespace fil

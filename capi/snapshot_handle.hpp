#pragma once
// What the opaque fil_snapshot of fil_snapshot.h is, and what its functions share. Cold.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fil/report/session_snapshot.hpp"
#include "fil/report/usage_reader.hpp"
#include "fil_snapshot.h"
#include "guarded.hpp"
#include "report/recorded_session.hpp"
#include "report/report_files.hpp"
#include "report/snapshot_file.hpp"

namespace fil::capi {

struct snapshot_handle {
    report::session_snapshot from;
    std::string command;                      // its arguments, separated by zero bytes
    std::vector<std::uint32_t> process_of{};  // by callstack
};

inline const snapshot_handle& handle_of(const fil_snapshot* snapshot) {
    check_pointer(snapshot, "snapshot");
    return *reinterpret_cast<const snapshot_handle*>(snapshot);
}

// In libfil it reads them; libfil_snapshot, which knows no native code, refuses.
report::session_snapshot read_recordings(const std::vector<std::string>& paths,
                                         std::optional<session_words_found> page);

void give(fil_snapshot** to, report::session_snapshot from);

inline std::string string_of(fil_text text) {
    return text.data == nullptr ? std::string() : std::string(text.data, text.length);
}

// As much of it as there is room for.
inline void write_text(const std::string& text, char* to, std::size_t capacity) {
    if (to != nullptr && capacity > 0) to[text.copy(to, capacity - 1)] = 0;
}

// `columns`: 0 if the caller does not say.
report::answer_look look_of(std::uint32_t columns, std::uint32_t look);

struct report_place {
    std::string directory;
    bool is_exact = false;
};

// Writes its report, and what `options` have room for.
void draw(const report::session_snapshot& from, const fil_report_options& options,
          const report_place& place, char* path, std::size_t capacity);

fil_status status_of(snapshot_problem problem);

template <typename Body>
fil_status guarded_reading(fil_error* error, Body&& body) {
    return guarded(error, [&] {
        try {
            body();
        } catch (const damaged_recording& damage) {
            throw failure{FIL_ERROR_DAMAGED, damage.what()};
        } catch (const unreadable_snapshot& problem) {
            throw failure{status_of(problem.problem), problem.what()};
        }
    });
}

}  // namespace fil::capi

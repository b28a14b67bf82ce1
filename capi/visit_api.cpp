// fil_supervisor.h, what a visitor asks of a session that is not its own. Cold.

#include <algorithm>
#include <optional>
#include <vector>

#include "fil/report/usage_reader.hpp"
#include "fil_supervisor.h"
#include "guarded.hpp"
#include "report/look_rows.hpp"
#include "session/visitor.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

struct visit {
    visitor asks;
    look_reader reader;
    std::optional<look> seen;
    look_rows rows;
    std::vector<fil_sample> samples;

    explicit visit(std::int32_t pid) : asks(pid) {}
};

visit& visit_of(fil_visit* handle) {
    check_pointer(handle, "visit");
    return *reinterpret_cast<visit*>(handle);
}
const visit& visit_of(const fil_visit* handle) {
    check_pointer(handle, "visit");
    return *reinterpret_cast<const visit*>(handle);
}

template <typename Body>
fil_status guarded_visit(fil_error* error, Body&& body) {
    return guarded(error, [&] {
        try {
            body();
        } catch (const visit_refused& refused) {
            throw failure{FIL_ERROR_STATE, refused.what()};
        } catch (const damaged_recording& damage) {
            throw failure{FIL_ERROR_DAMAGED, damage.what()};
        }
    });
}

}  // namespace

extern "C" {

fil_status fil_visit_new(fil_visit** handle, int32_t pid, fil_error* error) {
    return guarded_visit(error, [&] {
        check_pointer(handle, "visit");
        *handle = reinterpret_cast<fil_visit*>(new visit(pid));
    });
}

void fil_visit_free(fil_visit* handle) {
    guarded(nullptr, [&] { delete reinterpret_cast<visit*>(handle); });
}

fil_status fil_visit_ask(fil_visit* handle, fil_visit_kind kind, fil_error* error) {
    return guarded_visit(error, [&] {
        visit_of(handle).asks.ask(kind == FIL_VISIT_REPORT_OF_NOW    ? request_kind::report_of_now
                                  : kind == FIL_VISIT_REPORT_OF_PEAK ? request_kind::report_of_peak
                                                                     : request_kind::look);
    });
}

fil_status fil_visit_hear(fil_visit* handle, int32_t milliseconds, char* path, size_t capacity,
                          fil_error* error) {
    return guarded_visit(error, [&] {
        visit& visiting = visit_of(handle);
        const auto heard = visiting.asks.hear(milliseconds);
        if (!heard) throw failure{FIL_ERROR_EMPTY, "not yet"};
        if (path != nullptr && capacity > 0) path[heard->text.copy(path, capacity - 1)] = 0;
        if (heard->attached.number() < 0) return;
        visiting.seen = read_look(heard->attached.number());
        visiting.rows = visiting.reader.read(*visiting.seen);
        visiting.samples.clear();
        for (const report::timeline_sample& sample : visiting.seen->about.timelines.at(0).samples)
            visiting.samples.push_back({sample.seconds, 0, sample.allocated, sample.resident});
    });
}

fil_status fil_visit_look(const fil_visit* handle, fil_look* look) {
    return guarded(nullptr, [&] {
        const visit& visiting = visit_of(handle);
        if (!visiting.seen) throw failure{FIL_ERROR_EMPTY, "there was no look"};
        fil_look found = FIL_LOOK_INIT;
        found.used = visiting.rows.used;
        found.peak = std::max(visiting.seen->peak, found.used);
        found.seconds = visiting.seen->about.duration;
        found.peak_seconds = visiting.seen->about.peak_seconds;
        found.processes = visiting.seen->processes.size();
        found.ended = visiting.seen->ended;
        found.samples = visiting.samples.data();
        found.sample_count = visiting.samples.size();
        checked_fill(look, found, "look");
    });
}

fil_status fil_visit_row(const fil_visit* handle, fil_look_list list, size_t number,
                         fil_look_row* row) {
    return guarded(nullptr, [&] {
        const look_rows& rows = visit_of(handle).rows;
        if (list < 0 || static_cast<std::size_t>(list) >= rows.lists.size())
            throw failure{FIL_ERROR_ARGUMENT, "there is no such list"};
        const std::vector<look_row>& all = rows.lists[static_cast<std::size_t>(list)];
        if (number >= all.size()) throw failure{FIL_ERROR_EMPTY, "there is no such row"};
        fil_look_row found = FIL_LOOK_ROW_INIT;
        found.bytes = all[number].bytes;
        found.peak = all[number].peak;
        found.pid = all[number].pid;
        found.text = text_of(all[number].text);
        found.source = text_of(all[number].source);
        checked_fill(row, found, "row");
    });
}

}  // extern "C"

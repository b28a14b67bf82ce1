#pragma once
// What the caller's structs tell of a report, in the report's words. Copied. Cold; throws.

#include <optional>
#include <vector>

#include "fil/report/facts.hpp"
#include "fil_supervisor.h"
#include "report/report_source.hpp"
#include "report/session_processes.hpp"

namespace fil::capi {

report::facts facts_of(const fil_report_options& options, const fil_session_facts& known);

bool is_out_of_memory(const fil_session_facts& facts);

// Of a report of now: one of nothing, that failed.
std::optional<failed_request> request_of(const fil_session_facts& facts);

std::vector<untouched_range> untouched_of(const fil_session_facts& facts);
struct told_sparse {
    std::size_t number;  // of a recording
    sparse_usage of;
};
std::vector<told_sparse> sparse_of(const fil_session_facts& facts);
std::vector<own_peak_moment> moments_of(const fil_session_facts& facts);

}  // namespace fil::capi

// A session made of plain variables, linked into these tests in place of the real one: what a
// supervisor reads is written here, what it asks for is remembered.
#pragma once

#include <fil_supervisor.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fil::cli::test {

struct fake_process {
    int pid = 0;
    std::int64_t live = 0;
    bool closed = false;
    std::string command = "a program";
    std::int64_t peak = 0;
    bool run_on = false;
    std::int64_t run_started_ns = 0;
    std::uint64_t callstacks = 0;
    bool killed = false;
    int parent = 0;
};

struct fake_report {
    fil_report_options options;
    fil_session_facts facts;
};

struct fake_visit {
    std::uint64_t number;
    fil_visit_kind kind;
};
struct fake_answer {
    std::uint64_t number;
    fil_status status;
    std::string text;
};

struct fake_look {
    struct row {
        std::int64_t bytes = 0;
        int pid = 0;
        std::string text;
    };
    fil_look numbers = FIL_LOOK_INIT;
    std::vector<row> rows[3];

    const fil_visit* handle() const { return reinterpret_cast<const fil_visit*>(this); }
};

struct fake_session {
    std::int64_t live = 0;
    std::int64_t peak = 0;
    std::string cause;                           // of the end of one
    std::map<std::size_t, std::int64_t> copied;  // by the number of a process
    std::uint32_t reports_requested = 0;
    std::vector<fake_process> processes;
    // Nothing: they are just being written.
    std::optional<std::vector<fil_large_mapping>> mappings{std::in_place};
    std::function<void()> before_mappings, before_memory;
    std::vector<fil_known_memory> memory;  // of each process; none: it cannot be read
    std::vector<int> ended;                // told by fil_session_process_ended
    int told_low = -1;  // by fil_session_memory_is_low; -1: nobody was told anything
    std::vector<fil_out_of_memory> out_of_memory;  // who waits to be heard
    std::vector<int> let_go;
    std::vector<fake_visit> visits;  // that wait
    std::vector<fake_answer> visits_answered;
    std::function<fil_status(const fake_report&, std::string& path, fil_error&)> report;
    fil_status keep = FIL_OK;
    std::string kept_in;

    fil_session* handle() { return reinterpret_cast<fil_session*>(this); }
};

}  // namespace fil::cli::test

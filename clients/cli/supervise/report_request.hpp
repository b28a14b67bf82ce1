// All that the supervisor knows of a program, as report.hpp wants it. The contents point into
// this object and into what it was made from, which must outlive it.
#pragma once

#include <fil_supervisor.h>

#include <string>
#include <vector>

#include "start/program_environment.hpp"
#include "supervise/out_of_memory.hpp"
#include "supervise/report.hpp"
#include "supervise/supervise.hpp"
#include "target/target.hpp"

namespace fil::cli {

// Known when the program starts.
struct program_facts {
    const std::string& directory;           // for reports
    const std::vector<std::string>& words;  // as the user typed them after `run`
    const target& what;
    const environment& set_by_us;
    pid_t program;
    std::int64_t started_ns;
    bool is_of_a_run = false;  // the program's last one, in a directory of its own
    fil_snapshot_kept snapshot = FIL_SNAPSHOT_KEPT;
    std::uint32_t names = 0;  // fil_names
};

fil_text text_of(const std::string& string);
std::vector<fil_text> texts_of(const std::vector<std::string>& strings);
std::string separated_by_zeros(const std::vector<std::string>& words);

class report_request {
  public:
    report_request(const program_facts& facts, const observation& seen);
    report_request(const program_facts& facts, const observation& seen,
                   const ran_out_of_memory& process);
    // Of a program that runs on; FIL_MOMENT_PEAK: so far.
    report_request(const program_facts& facts, const observation& seen, fil_moment moment);
    report_request(const report_request&) = delete;

    const report_contents& contents() const { return contents_; }

  private:
    void forget_parts();

    std::string command_;
    std::vector<fil_text> variables_;
    std::vector<fil_sample> samples_;
    std::vector<fil_process_moment> moments_;
    std::vector<fil_resident_part> parts_, last_parts_;
    std::vector<fil_sparse> sparse_, last_sparse_;
    report_contents contents_;
};

}  // namespace fil::cli

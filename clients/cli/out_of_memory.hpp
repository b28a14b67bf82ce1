// What the supervisor does when memory runs out: it tells the largest process of the program that
// memory is low, so that this one ends at its next allocation; and it has the report made of any
// process that ran out of it, because a request failed or because it was told so, before that
// process ends itself.
#pragma once

#include <fil.h>

#include <functional>
#include <string>

#include "memory_left.hpp"
#include "report.hpp"
#include "sampler.hpp"

namespace fil::cli {

class out_of_memory {
  public:
    using reporter = std::function<report_outcome(const fil_out_of_memory&)>;

    // `root` stands before /proc and /sys.
    out_of_memory(fil_session* session, std::string root, pid_t program);

    // To be called often: longest_wait() says how often, in milliseconds.
    void look(const sampler& memory, const reporter& make);
    int longest_wait() const { return left_.is_near() ? 5 : 1000; }

    // Whether the program itself (not a child) has its report already.
    bool program_is_reported() const { return program_is_reported_; }

    // Why memory was short when last looked at; empty: it was not.
    const std::string& shortage() const { return shortage_; }

  private:
    void report(const fil_out_of_memory& process, const reporter& make);

    fil_session* session_;
    memory_left left_;
    pid_t program_;
    std::string shortage_;
    std::string last_shortage_;
    bool program_is_reported_ = false;
};

}  // namespace fil::cli

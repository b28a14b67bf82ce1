// What the supervisor does when memory runs out: it tells the largest process of the program that
// memory is low, where it is the program that used it up, so that this one ends at its next
// allocation; and it has the report made of any process that ran out of it, because a request
// failed or because it was told so, before that process ends itself.
#pragma once

#include <fil_supervisor.h>

#include <functional>
#include <string>

#include "os/message.hpp"
#include "sample/memory_left.hpp"
#include "sample/sampler.hpp"
#include "supervise/report.hpp"

namespace fil::cli {

// One that waits for its report.
struct ran_out_of_memory {
    fil_out_of_memory words;
    memory_limit limit;
    std::function<void()> counters_read;  // to be called when what is alive has been read
};

inline constexpr int out_of_memory_status = 53;

class out_of_memory {
  public:
    using reporter = std::function<report_outcome(const ran_out_of_memory&)>;

    // Hears of what happens, a line (message.hpp) at a time.
    using teller = std::function<void(std::string, worth)>;

    // Who waits for the program, and would go on at its end.
    enum class parent { us, another };

    // `root` stands before /proc and /sys. From now on it is us whom a process waits for.
    out_of_memory(fil_session* session, std::string root, pid_t program, parent its_parent,
                  teller tell = say_line);

    // Both to be called often: longest_wait() says how often, in milliseconds. The first tells the
    // program if memory is low; the second sees to those that ran out of it.
    void judge(const sampler& memory);
    void hear(const reporter& make);
    // Of processes besides the program that the kernel has killed. judge() does it, too.
    void tell_of_killed(const sampler& memory);
    int longest_wait() const { return left_.is_near() ? 5 : 1000; }

    // The kernel was faster, and has killed the program: the report of what it held then. False: it
    // was not the kernel, as far as is known.
    bool report_killed(const reporter& make);

    // Nobody is told that memory is low any more.
    void calm();

    // Whether the program itself (not a child) has its report already; its page.
    bool program_is_reported() const { return !page_.empty(); }
    const std::string& page() const { return page_; }

    // Why memory was short when last looked at, whoever used it; empty: it was not.
    const std::string& shortage() const { return shortage_; }

  private:
    void report(const fil_out_of_memory& process, const reporter& make);
    void make_and_tell(const ran_out_of_memory& what, const reporter& make);
    memory_limit limit_of(const fil_out_of_memory& process) const;

    fil_session* session_;
    memory_left left_;
    pid_t program_;
    parent parent_;
    teller tell_;
    std::string shortage_;
    std::string last_shortage_;
    memory_limit last_limit_;
    std::string page_;
    std::size_t ended_ = 0;  // of the sampler's, that were looked at
};

}  // namespace fil::cli

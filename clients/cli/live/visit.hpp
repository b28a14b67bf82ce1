// A visit to the supervisor of a program that runs: one that frees itself, and says in words what
// was refused.
#pragma once

#include <fil_supervisor.h>

#include <memory>
#include <string>

namespace fil::cli {

// What the user typed; throws refusal where it is no process's number.
int pid_of(const std::string& word);

class visit {
  public:
    explicit visit(int pid);  // throws refusal, status 1

    void ask(fil_visit_kind kind);  // likewise

    enum class answer { none_yet, here, refused };
    // Waits so long, or until a signal comes.
    answer hear(int milliseconds);

    // Of a report; of a refusal, why.
    const std::string& text() const { return text_; }
    const fil_visit* look() const { return visit_.get(); }

  private:
    struct free_visit {
        void operator()(fil_visit* visit) const { fil_visit_free(visit); }
    };
    std::unique_ptr<fil_visit, free_visit> visit_;
    std::string text_;
};

}  // namespace fil::cli

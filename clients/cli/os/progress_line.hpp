// The progress of what this process does itself (os/progress.hpp): a thread looks meanwhile.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "os/progress.hpp"

namespace fil::cli {

class progress_line {
  public:
    explicit progress_line(std::string what);  // "reading the report"
    progress_line(const progress_line&) = delete;
    ~progress_line();

    void say(std::string what);

  private:
    void look();

    std::mutex lock_;
    std::condition_variable is_over_now_;
    std::string what_;
    bool is_over_ = false;
    std::thread looks_;
};

}  // namespace fil::cli

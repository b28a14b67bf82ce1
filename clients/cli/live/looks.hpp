// What the view shows: the newest look, with how each row has grown in the last ten seconds, sorted
// as the user wants. Knows no terminal.
#pragma once

#include <fil_supervisor.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace fil::cli {

struct shown_row {
    std::int64_t bytes = 0;
    std::int64_t growth = 0;  // in bytes, since it was looked at ten seconds ago, or first
    std::int64_t peak = 0;    // of a process
    int pid = 0;
    std::string text, source;

    std::string key() const { return pid > 0 ? std::to_string(pid) : text; }
};

enum class row_order { by_size, by_growth };

class looks {
  public:
    static constexpr double remembered = 10;  // seconds

    // What a visit has heard.
    void take(const fil_visit* visit);

    bool are_none() const { return look_.seconds == 0; }
    const fil_look& newest() const { return look_; }
    const std::vector<fil_sample>& samples() const { return samples_; }
    std::vector<shown_row> rows(fil_look_list list, row_order order) const;

  private:
    using sizes = std::map<std::string, std::int64_t>;
    struct moment {
        double seconds;
        std::array<sizes, 3> lists;
    };

    fil_look look_ = FIL_LOOK_INIT;
    std::vector<fil_sample> samples_;
    std::array<std::vector<shown_row>, 3> lists_;
    std::deque<moment> before_;
};

}  // namespace fil::cli

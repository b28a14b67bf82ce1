// How often the supervisor looks: every 2 ms at first (a short program deserves a picture), a
// thousandth of the time later, at most 20 ms; but less often where a look is dear, with many
// processes say, so that all looks together stay at half a hundredth of a core in the end.
#pragma once

namespace fil::cli {

// Processor time this process has used.
double cpu_seconds();

// How long to wait after so many seconds of running, if a look costs so many of processor time.
// Pure.
int milliseconds_to_next_look(double seconds, double cost);

class pace {
  public:
    // Call it once a look. `besides`: processor time used until now by what has a pace of its own.
    int milliseconds(double seconds, double besides = 0);

  private:
    double cost_ = 0;  // of a look, the last few averaged
    double used_ = cpu_seconds();
};

}  // namespace fil::cli

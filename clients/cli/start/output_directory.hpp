// Where reports go. Made and tried before the program starts, kept absolute from then on, because
// the program may change its directory or ours may be removed. Taken away again if it was made here
// and nothing was put into it.
#pragma once

#include <string>

namespace fil::cli {

class output_directory {
  public:
    // Throws refusal if a file cannot be written there.
    explicit output_directory(const std::string& asked);
    output_directory(const output_directory&) = delete;
    ~output_directory();

    const std::string& path() const { return path_; }

  private:
    std::string path_;
    bool made_here_;
};

}  // namespace fil::cli

// Where libfil_preload.so is, in a spelling that LD_PRELOAD can hold: a path with a space, a colon
// or a dollar sign goes through a symbolic link in a directory of ours, which lasts as long as this
// object, or longer if children of the program are left running and will need it. Where we are root
// and others may not read the library (it is below /root, say), a copy is there: children may
// become one of them.
#pragma once

#include <string>

namespace fil::cli {

class preload_library {
  public:
    // Looks beside this executable, in the installed place and in the build tree. Throws refusal.
    preload_library();
    // The one that traces as well, for `record`.
    static preload_library that_traces();
    explicit preload_library(const std::string& library);
    preload_library(const preload_library&) = delete;
    ~preload_library();

    const std::string& path() const { return path_; }
    void remove_link();
    void leave_link() { directory_.clear(); }

  private:
    std::string path_;
    std::string directory_;  // of the link; empty if there is none
};

// Whether LD_PRELOAD can hold this path as it is.
bool fits_ld_preload(const std::string& path);

}  // namespace fil::cli

#pragma once
// What was found out about a file's code, kept for the next report: debug information is read once.
//
// A text file for each build id. It is believed if all that the answers could depend on is as it
// was: the file, its places of debug information, and the program that read them. Where nothing can
// be kept, as in a home that is another user's, each report reads anew. Cold code; any thread, no
// state; throws std::bad_alloc only.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "fil/report/frame.hpp"

namespace fil {

class kept_names {
  public:
    using answers = std::unordered_map<std::uint32_t, std::vector<report::frame>>;

    // Into this folder; "": nothing is kept.
    explicit kept_names(std::string folder) : folder_(std::move(folder)) {}

    // The user's: $XDG_CACHE_HOME/fil-profile/names, or that of ~/.cache; "" if there is none.
    static std::string users_folder();

    // By offset in the file `module`.
    answers read(const std::string& module, const std::string& build_id) const;
    void write(const std::string& module, const std::string& build_id, const answers& all) const;

  private:
    void make_room() const;

    std::string folder_;
};

}  // namespace fil

#pragma once
// A private folder in the place where files shall appear. What is made in it nobody else can reach
// before it is whole; then it gets its name in the place, in one step. The place may be one that
// others can write to: no name in it can be foreseen, no link in it is followed, and nothing that
// is there is opened.
//
//     PLACE/.unfinished-Xy3Zk9/report/     the work, with the permissions that the user's umask
//     gives
//
// Cold code, one thread. What throws throws std::system_error. The end of the object removes the
// folder and what is left in it; of one whose maker was killed, the next one's beginning.

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "os/cold/folder.hpp"

namespace fil {

class workshop {
  public:
    explicit workshop(const std::filesystem::path& place);
    workshop(const workshop&) = delete;
    ~workshop();

    // A new file of the work.
    void write(std::string_view name, std::string_view text);

    // The whole work becomes a folder of the place; false if there is something of that name.
    bool give(const std::string& name);
    // One file of it becomes a file of the place, instead of what may have that name.
    void give_file(const std::string& name);
    // A link of that name in the place leads to `target`, a name in the place, from now on; unless
    // something of that name is there that no give_link() made: a file, a folder, a link elsewhere.
    // False then, and where there are no links.
    bool give_link(const std::string& name, const std::string& target);
    // Removes that file from the place, if there is one.
    void remove_file(const std::string& name);

  private:
    os::folder place_;
    std::string name_;
    os::folder private_;  // locked: its maker lives
    os::folder work_;
};

struct planted_link : std::runtime_error {
    planted_link() : std::runtime_error("It is a link that another user made") {}
};

// The folder of that name. A link to it is followed, unless somebody planted it where all may
// write: a user who is not us, root or the owner of the folder that the link is in (throws
// planted_link).
os::folder open_place(std::filesystem::path path);

}  // namespace fil

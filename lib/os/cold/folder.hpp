#pragma once
// A folder that was opened, and the names in it: whatever its own path leads to by now, this is it.
//
// A name is not followed where it is a link, but by follow(). What fails leaves its reason in
// errno. Closes itself. Cold, one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/file_descriptor.hpp"

namespace fil::os {

struct owned {
    std::uint32_t owner;  // a user
    std::uint32_t permissions;
    std::int64_t modified;  // seconds since 1970
    bool is_link;

    bool is_ours() const;
};

class folder {
  public:
    folder() = default;  // none
    explicit folder(const std::string& path);

    // For what is in it, and not to list it: leave to enter it is enough. Links are followed.
    static folder follow(const std::string& path);
    folder follow_here(const std::string& name) const;

    folder below(const std::string& name) const;
    folder below_to_enter(const std::string& name) const;

    bool is_open() const { return itself_.number() >= 0; }
    std::optional<owned> look() const;
    bool lock() const;  // as long as this lives; false where another has it, or there are no locks

    // What is in it, but for "." and "..".
    std::vector<std::string> names() const;
    bool has_socket(const std::string& name) const;
    // A path to it for what wants one, as long as this lives.
    std::string path_of(const std::string& name) const;

    std::optional<std::string> link_text(const std::string& name) const;
    bool make_link(const std::string& name, const std::string& target) const;
    bool make_folder(const std::string& name, std::uint32_t permissions) const;
    // A new file, to be written; -1 if refused, as where something has that name.
    file_descriptor make_file(const std::string& name) const;
    bool remove(const std::string& name) const;         // no folder
    bool remove_folder(const std::string& name) const;  // an empty one

    // Instead of what may have that name there.
    bool move(const std::string& name, const folder& there, const std::string& new_name) const;
    // EEXIST where something has that name; EINVAL or ENOSYS where the file system cannot tell.
    bool move_to_new(const std::string& name, const folder& there,
                     const std::string& new_name) const;

  private:
    friend class held_link;
    explicit folder(int itself) : itself_(itself) {}

    file_descriptor itself_;
};

// What a name stands for, whatever has that name by now: to be judged before it is followed.
class held_link {
  public:
    held_link(const folder& around, const std::string& name);
    bool is_there() const { return itself_.number() >= 0; }
    std::optional<owned> look() const;
    std::optional<std::string> text() const;

  private:
    file_descriptor itself_;
};

}  // namespace fil::os

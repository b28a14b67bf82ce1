// What children that became another user can do: only root's can become one.
#pragma once

#include <string>

namespace fil::cli {

bool our_children_may_be_other_users();

// Anybody may pass through the folders of this path, and read the file.
bool anybody_can_read(const std::string& path);
void let_anybody_pass(const std::string& folder);

// Libraries may be loaded from files in there: it is mounted for programs, too.
bool holds_programs(const std::string& folder);

}  // namespace fil::cli

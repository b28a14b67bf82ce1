#pragma once
// Names of functions, for reading: what templates repeat by default is left out, and where that is
// not enough, arguments within arguments become "…".
//
//     std::vector<int, std::allocator<int> >::reserve(unsigned long)
//     std::vector<int>::reserve(unsigned long)
//
// Cold code; one thread at a time; throws std::bad_alloc only.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fil {

class readable_names {
  public:
    static constexpr std::size_t longest = 500;

    explicit readable_names(std::size_t most = longest) : most_(most) {}

    // Of functions whose difference was left out, all but the first have a number: "go<…>(int) #2".
    const std::string& of(const std::string& name);

  private:
    std::string shortened(const std::string& name);

    std::size_t most_;
    std::unordered_map<std::string, std::string> known_;
    std::map<std::string, std::vector<std::size_t>> cut_;  // hashes of the whole names
};

// With arguments to this depth of templates within templates.
std::string readable_name(std::string_view name, int depth = 1000);

}  // namespace fil

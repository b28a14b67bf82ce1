#pragma once
// A folder for one test, gone afterwards, and the text of files in it.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace fil::test {

class scratch_folder {
  public:
    scratch_folder() = default;
    scratch_folder(const scratch_folder&) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

    // Its path.
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(*this / name, std::ios::binary) << text;
        return *this / name;
    }

  private:
    static std::string made() {
        std::string name = "/tmp/fil-test-XXXXXX";
        return ::mkdtemp(name.data()) == nullptr ? "" : name;
    }

    std::string path_ = made();
};

inline std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace fil::test

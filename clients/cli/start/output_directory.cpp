#include "start/output_directory.hpp"

#include <filesystem>

#include "os/refusal.hpp"
#include "os/writable.hpp"

namespace fil::cli {
namespace {

[[noreturn]] void refuse(const std::string& directory, const std::string& why) {
    throw refusal("cannot write reports into " + directory + ": " + why);
}

}  // namespace

output_directory::output_directory(const std::string& asked) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(asked.empty() ? "." : asked, error);
    if (error) refuse(asked, error.message());
    path_ = whole.lexically_normal();
    if (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
    // The report's own process looks again; but then the program has run.
    if (is_planted_link(path_)) refuse(path_, "it is a link that another user made");
    made_here_ = std::filesystem::create_directories(path_, error);
    if (error) refuse(path_, error.message());
    if (!std::filesystem::is_directory(path_, error)) refuse(path_, "it is not a directory");
    if (const std::string why = why_not_writable(path_); !why.empty()) refuse(path_, why);
}

output_directory::~output_directory() {
    if (made_here_) remove_empty_directory(path_);
}

}  // namespace fil::cli

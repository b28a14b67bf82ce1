// Where a text goes that is written in parts: stdout, or a file that is there under its name only
// when it is whole. What stands under that name is replaced then; what is no plain file (a pipe,
// /dev/null) is written to as it is.
#pragma once

#include <string>
#include <string_view>

#include "os/descriptor.hpp"

namespace fil::cli {

class output_file {
  public:
    // stdout.
    output_file();
    // Throws refusal, as all but the end do.
    explicit output_file(std::string path);
    output_file(const output_file&) = delete;
    ~output_file();  // without finish(): nothing is left

    // False: it cannot be written, and finish() says why.
    bool write(std::string_view text);

    // Gives the file its name.
    void finish();

    // Whoever read it wants no more.
    bool is_broken_pipe() const;

    int number() const { return file_.get(); }

  private:
    [[noreturn]] void refuse(int error) const;

    std::string path_;       // as the user said; "": stdout
    std::string target_;     // what gets replaced; "": written in place
    std::string temporary_;  // until then
    descriptor file_;
    int error_ = 0;
};

}  // namespace fil::cli

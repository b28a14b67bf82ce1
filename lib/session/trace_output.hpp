#pragma once
// The file that a trace is written to, anew: all that was there before is gone. Cold; one thread.
// Throws std::system_error, with the path.

#include <cerrno>
#include <string>
#include <system_error>

#include "os/cold/files.hpp"
#include "os/file_descriptor.hpp"

namespace fil {

class trace_output {
  public:
    explicit trace_output(const std::string& path) : path_(path), file_(os::make_file_anew(path)) {
        if (file_.number() < 0) fail();
    }

    void write(const void* data, std::size_t bytes) {
        if (!os::write_at(file_.number(), static_cast<const char*>(data), bytes, at_)) fail();
        at_ += bytes;
    }
    std::uint64_t written() const { return at_; }

  private:
    [[noreturn]] void fail() const {
        throw std::system_error(errno, std::generic_category(), path_);
    }

    std::string path_;
    file_descriptor file_;
    std::uint64_t at_ = 0;
};

}  // namespace fil

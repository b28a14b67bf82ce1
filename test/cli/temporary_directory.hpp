// A directory for one test, gone afterwards; the test works in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace fil::cli::test {

class in_temporary_directory : public testing::Test {
  protected:
    in_temporary_directory() : before_(std::filesystem::current_path()) {
        std::string name = "/tmp/fil-test-XXXXXX";
        directory_ = std::filesystem::canonical(::mkdtemp(name.data()));
        std::filesystem::current_path(directory_);
    }
    ~in_temporary_directory() override {
        std::filesystem::current_path(before_);
        std::filesystem::remove_all(directory_);
    }

    void write(const std::string& name, const std::string& content, bool executable = false) {
        std::ofstream(name) << content;
        if (executable) std::filesystem::permissions(name, std::filesystem::perms(0755));
    }
    std::string here(const std::string& name = "") const {
        return name.empty() ? directory_ : directory_ + "/" + name;
    }

  private:
    std::filesystem::path before_;
    std::string directory_;
};

// An environment variable for the length of a test.
class with_variable {
  public:
    with_variable(const char* name, const std::string& value) : name_(name) {
        if (const char* old = std::getenv(name)) before_ = old;
        ::setenv(name, value.c_str(), 1);
    }
    ~with_variable() { ::setenv(name_, before_.c_str(), 1); }

  private:
    const char* name_;
    std::string before_;
};

}  // namespace fil::cli::test

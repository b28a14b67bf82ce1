#include "target/which_python.hpp"

#include "os/refusal.hpp"
#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

class which_python_test : public test::in_temporary_directory {
  protected:
    which_python_test() {
        std::filesystem::create_directories("bin");
        write("own", "#!/bin/sh\n", true);
        write("package", "#!/bin/sh\n", true);
    }
    test::with_variable path_{"PATH", here("bin")};
};

TEST_F(which_python_test, the_asked_one_goes_before_the_packages) {
    EXPECT_EQ(which_python("./own", "./package").path, "./own");
    EXPECT_EQ(which_python("", "./package").path, "./package");
}

TEST_F(which_python_test, on_path_python_goes_before_python3) {
    write("bin/python3", "#!/bin/sh\n", true);
    EXPECT_EQ(which_python("", "").path, here("bin/python3"));
    EXPECT_EQ(which_python("", "").name, "python3");
    write("bin/python", "#!/bin/sh\n", true);
    EXPECT_EQ(which_python("", "").path, here("bin/python"));
    EXPECT_EQ(which_python("", "").name, "python");
    EXPECT_EQ(which_python("python3", "").path, here("bin/python3"));
}

TEST_F(which_python_test, a_missing_one_is_refused_with_2) {
    for (const char* asked : {"", "python9", "./missing", "bin/"}) {
        try {
            which_python(asked, "");
            ADD_FAILURE() << asked;
        } catch (const refusal& no) {
            EXPECT_EQ(no.status, 2);
        }
    }
}

TEST_F(which_python_test, the_reason_is_the_right_one) {
    write("plain", "text");
    const auto reason = [](const char* asked) -> std::string {
        try {
            which_python(asked, "");
        } catch (const refusal& no) {
            return no.what();
        }
        return {};
    };
    EXPECT_EQ(reason("./plain"), "cannot run Python as ./plain: it is not executable");
    EXPECT_EQ(reason("./bin"), "cannot run Python as ./bin: it is a directory");
    EXPECT_EQ(reason("./gone"), "cannot run Python as ./gone: it does not exist");
}

}  // namespace
}  // namespace fil::cli

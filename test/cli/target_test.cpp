#include "target/target.hpp"

#include "os/refusal.hpp"
#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

using words = std::vector<std::string>;

class what_is_run_test : public test::in_temporary_directory {
  protected:
    what_is_run_test() {
        std::filesystem::create_directories("bin");
        write("bin/python", "#!/bin/sh\n", true);
        std::filesystem::copy("/bin/true", "native");
        std::filesystem::copy("/bin/true", "bin/tool");
    }
    std::string refused(const words& line, int status) {
        try {
            what_is_run(line, "", "");
        } catch (const refusal& no) {
            EXPECT_EQ(no.status, status) << no.what();
            return no.what();
        }
        ADD_FAILURE() << "not refused";
        return {};
    }
    test::with_variable path_{"PATH", here("bin")};
};

TEST_F(what_is_run_test, a_python_script_with_its_arguments_untouched) {
    write("x.py", "print()");
    const target what = what_is_run({"x.py", "-m", "", "--help"}, "", "");
    EXPECT_EQ(what.path, here("bin/python"));
    EXPECT_EQ(what.arguments, (words{"python", "x.py", "-m", "", "--help"}));
    EXPECT_EQ(what.script, "x.py");
    EXPECT_EQ(what.script_path, here("x.py"));
}

TEST_F(what_is_run_test, any_file_that_is_nothing_else_is_a_python_script) {
    write("plain", "print()");
    write("empty", "");
    write("with-line", "#!/usr/bin/env python3\n", true);
    for (const char* name : {"plain", "empty", "with-line", "./plain"})
        EXPECT_EQ(what_is_run({name}, "", "").arguments, (words{"python", name}));
}

TEST_F(what_is_run_test, archives_and_compiled_code_are_pythons) {
    write("app.pyz", std::string("PK\3\4\0\0", 6));
    write("with-line.pyz", std::string("#!/usr/bin/env python3\nPK\3\4\0\0", 29));
    write("x.pyc", std::string("\xa7\x0d\r\n\0\0\0\0", 8));
    for (const char* name : {"app.pyz", "with-line.pyz", "x.pyc"})
        EXPECT_EQ(what_is_run({name}, "", "").arguments, (words{"python", name}));
}

TEST_F(what_is_run_test, a_module_named_in_the_options_own_word) {
    const target what = what_is_run({"-ma.b", "-m"}, "", "");
    EXPECT_EQ(what.arguments, (words{"python", "-ma.b", "-m"}));
    EXPECT_EQ(what.script, "");
}

TEST_F(what_is_run_test, a_module) {
    const target what = what_is_run({"-m", "a.b", "-m"}, "", "");
    EXPECT_EQ(what.arguments, (words{"python", "-m", "a.b", "-m"}));
    EXPECT_EQ(what.script, "");
}

TEST_F(what_is_run_test, code_on_the_command_line_and_from_stdin) {
    for (const words& arguments :
         {words{"-c", "print(1)", "-c"}, words{"-cpass"}, words{"-", "x"}}) {
        words expected = arguments;
        expected.insert(expected.begin(), "python");
        EXPECT_EQ(what_is_run(arguments, "", "").arguments, expected);
    }
    refused({"-c"}, 2);
}

TEST_F(what_is_run_test, a_native_program_as_itself) {
    const target what = what_is_run({"./native", "a"}, "", "");
    EXPECT_EQ(what.path, "./native");
    EXPECT_EQ(what.arguments, (words{"./native", "a"}));
    EXPECT_EQ(what.script, "");
    EXPECT_EQ(what_is_run({"native"}, "", "").path, "./native");
    EXPECT_EQ(what_is_run({"native"}, "", "").arguments, words{"native"});
}

TEST_F(what_is_run_test, a_script_of_another_language_as_itself) {
    write("job", "#!/bin/sh\n", true);
    EXPECT_EQ(what_is_run({"job", "a"}, "", "").path, "./job");
    EXPECT_EQ(what_is_run({"job", "a"}, "", "").arguments, (words{"job", "a"}));
}

TEST_F(what_is_run_test, a_name_without_a_slash_is_looked_up_on_path) {
    EXPECT_EQ(what_is_run({"tool", "a"}, "", "").path, here("bin/tool"));
    EXPECT_EQ(what_is_run({"tool", "a"}, "", "").arguments, (words{"tool", "a"}));
    write("tool", "print('here, first')");
    EXPECT_EQ(what_is_run({"tool"}, "", "").arguments, (words{"python", "tool"}));
}

TEST_F(what_is_run_test, an_installed_python_command_keeps_its_own_interpreter) {
    write("bin/command", "#!/usr/bin/python3\n", true);
    write("own", "#!/bin/sh\n", true);
    EXPECT_EQ(what_is_run({"command", "a"}, "", "").path, here("bin/command"));
    const target asked = what_is_run({"command", "a"}, "./own", "");
    EXPECT_EQ(asked.arguments, (words{"./own", here("bin/command"), "a"}));
}

TEST_F(what_is_run_test, a_directory_with_a_main_is_pythons) {
    std::filesystem::create_directories("app");
    std::filesystem::create_directories("tool");  // a plain directory does not hide a command
    write("app/__main__.py", "");
    EXPECT_EQ(what_is_run({"app"}, "", "").arguments, (words{"python", "app"}));
    EXPECT_EQ(what_is_run({"tool"}, "", "").path, here("bin/tool"));
    refused({"./tool"}, 2);
}

TEST_F(what_is_run_test, refuses_what_cannot_work) {
    write("job", "#!/bin/sh\n");
    std::filesystem::copy("/bin/true", "noexec");
    std::filesystem::permissions("noexec", std::filesystem::perms(0644));
    refused({}, 2);
    refused({"-m"}, 2);
    EXPECT_NE(refused({"--no-browser", "x.py"}, 2).find("before the command"), std::string::npos);
    EXPECT_NE(refused({"./missing.py"}, 2).find("No such file"), std::string::npos);
    refused({"missing.py"}, 2);
    refused({"missing"}, 127);
    refused({""}, 127);
    std::filesystem::create_directories("dir.py");
    EXPECT_NE(refused({"dir.py"}, 2).find("a directory without a __main__.py"), std::string::npos);
    write("orphan", "#!/no/such/interpreter\n", true);
    EXPECT_NE(refused({"./orphan"}, 2).find("/no/such/interpreter, which does not exist"),
              std::string::npos);
    write("picture", std::string("\x89PNG\r\n\x1a\n\0\0", 10), true);
    EXPECT_NE(refused({"./picture"}, 2).find("neither a program"), std::string::npos);
    EXPECT_NE(refused({"job"}, 2).find("not executable"), std::string::npos);
    EXPECT_NE(refused({"./noexec"}, 2).find("not executable"), std::string::npos);
    write("x.py", "");
    std::filesystem::remove("bin/python");
    EXPECT_NE(refused({"x.py"}, 2).find("no python"), std::string::npos);
}

}  // namespace
}  // namespace fil::cli

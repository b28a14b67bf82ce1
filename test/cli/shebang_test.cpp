#include "target/shebang.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

std::string command_of(std::string_view head) {
    const auto line = parse_shebang(head);
    return line ? line->command : "(none)";
}

TEST(shebang, names_the_interpreter) {
    EXPECT_EQ(command_of("#!/bin/sh\necho"), "/bin/sh");
    EXPECT_EQ(command_of("#! /usr/bin/python3 -u\n"), "/usr/bin/python3");
    EXPECT_EQ(command_of("#!/bin/sh"), "/bin/sh");
    EXPECT_EQ(command_of("#!/bin/sh\r\n"), "/bin/sh");
}

TEST(shebang, looks_through_env) {
    EXPECT_EQ(command_of("#!/usr/bin/env python3\n"), "python3");
    EXPECT_EQ(command_of("#!/usr/bin/env -S python3 -X dev\n"), "python3");
    EXPECT_EQ(command_of("#!/usr/bin/env -Spython3 -u\n"), "python3");
    EXPECT_EQ(command_of("#!/usr/bin/env -S -u HOME A=1 bash\n"), "bash");
    EXPECT_EQ(parse_shebang("#!/usr/bin/env python3\n")->interpreter, "/usr/bin/env");
    EXPECT_EQ(command_of("#!/usr/bin/env\n"), "");
}

TEST(shebang, is_absent_elsewhere) {
    EXPECT_EQ(command_of("print(1)\n#!/bin/sh"), "(none)");
    EXPECT_EQ(command_of(""), "(none)");
    EXPECT_EQ(command_of("#!"), "(none)");
    EXPECT_EQ(command_of("#!\n/bin/sh"), "(none)");
}

TEST(is_python, knows_the_names_of_interpreters) {
    for (const char* name :
         {"python", "/usr/bin/python3", "python3.13", "python3.13t", "python3-dbg"})
        EXPECT_TRUE(is_python(name)) << name;
    for (const char* name : {"/bin/sh", "pypy3", "pythonista", "python-config", "ipython", ""})
        EXPECT_FALSE(is_python(name)) << name;
}

}  // namespace
}  // namespace fil::cli

#include "fil/report/shown_path.hpp"

#include <gtest/gtest.h>

#include "made_snapshot.hpp"

using namespace fil::report;

namespace {

// As a user at `cwd` who runs `typed` sees a file of theirs.
std::string seen(const std::string& cwd, const std::string& typed, const std::string& file,
                 frame_owner owner = frame_owner::user) {
    program_facts program;
    program.launch_directory = cwd;
    program.main_script = typed;
    frame f = python(file, 3, "f");
    if (file == typed) f.directory = cwd;
    return shown_path(f, owner, program);
}

}  // namespace

TEST(shown_path, a_project_is_named_from_the_working_directory) {
    EXPECT_EQ(seen("/home/ada", "app/main.py", "app/main.py"), "app/main.py");
    EXPECT_EQ(seen("/home/ada", "app/main.py", "/home/ada/app/tables/wide.py"),
              "app/tables/wide.py");
    EXPECT_EQ(seen("/home/ada", "/home/ada/app/main.py", "/home/ada/app/main.py"), "app/main.py");
    EXPECT_EQ(seen("/home/ada", "./main.py", "./main.py"), "main.py");
    EXPECT_EQ(seen("/home/ada", "", "/home/ada/app/main.py"), "app/main.py");  // -m app.main
}

TEST(shown_path, what_is_beside_a_script_elsewhere_is_named_as_the_script_was) {
    EXPECT_EQ(seen("/home/ada/x", "../app/main.py", "../app/main.py"), "../app/main.py");
    EXPECT_EQ(seen("/home/ada/x", "../app/main.py", "/home/ada/app/tables/wide.py"),
              "../app/tables/wide.py");
    EXPECT_EQ(seen("/", "/srv/app/main.py", "/srv/app/wide.py"), "/srv/app/wide.py");
}

TEST(shown_path, a_script_run_in_its_own_directory_has_its_package_beside_that) {
    const std::string scripts = "/home/ada/p/scripts";
    EXPECT_EQ(seen(scripts, "run.py", scripts + "/../app/x.py"), "../app/x.py");
    EXPECT_EQ(seen(scripts, "run.py", "/home/ada/p/x.py"), "../x.py");
    EXPECT_EQ(seen(scripts + "/daily", "run.py", "/home/ada/p/app/x.py"), "../../app/x.py");
    EXPECT_EQ(seen(scripts + "/daily/a", "run.py", "/home/ada/p/app/x.py"), "/home/ada/p/app/x.py");
    EXPECT_EQ(seen("/home/ada", "run.py", "/home/bob/../eve/x.py"), "/home/eve/x.py");
    EXPECT_EQ(seen("/srv", "run.py", "/opt/x.py"), "/opt/x.py");
}

TEST(shown_path, everything_else_stays_what_the_program_had) {
    EXPECT_EQ(seen("/home/ada", "main.py", "/home/bob/main.py"), "/home/bob/main.py");
    EXPECT_EQ(seen("/home/ada", "main.py", "/home/adam/main.py"), "/home/adam/main.py");
    EXPECT_EQ(seen("/home/ada", "main.py", "<string>"), "<string>");
    EXPECT_EQ(seen("/home/ada", "main.py", ""), "");
    EXPECT_EQ(seen("/home/ada", "main.py", "/home/ada/v/site-packages/p.py", frame_owner::library),
              "/home/ada/v/site-packages/p.py");
    EXPECT_EQ(seen("/home/ada", "", "prog+0x12"), "prog+0x12");
}

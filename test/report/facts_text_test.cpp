#include "fil/report/facts_text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace fil::report;

TEST(facts_text, the_command_begins_with_the_script) {
    facts about;
    about.arguments = {"/usr/bin/python3", "flights.py", "--name", "a b"};
    EXPECT_EQ(command_text(about), "/usr/bin/python3 flights.py --name 'a b'");
    about.program.main_script = "flights.py";
    EXPECT_EQ(command_text(about), "flights.py --name 'a b'");
    about.program.main_script = "other.py";
    EXPECT_EQ(command_text(about), "/usr/bin/python3 flights.py --name 'a b'");
    EXPECT_EQ(command_text({}), "");
    about.title = "a.ipynb, In [2]";
    EXPECT_EQ(command_text(about), "a.ipynb, In [2]");
}

TEST(facts_text, a_tab_is_called_after_the_program) {
    facts about;
    EXPECT_EQ(program_text(about), "");
    about.arguments = {"/usr/bin/sort", "-n"};
    EXPECT_EQ(program_text(about), "sort");
    about.arguments = {"-m", "jobs.daily", "--year", "2013"};
    EXPECT_EQ(program_text(about), "jobs.daily");
    about.program.main_script = "jobs/flights.py";
    EXPECT_EQ(program_text(about), "flights.py");
    about.title = "a.ipynb, In [2]";
    EXPECT_EQ(program_text(about), "a.ipynb, In [2]");
}

TEST(facts_text, an_ending_is_named) {
    using how = ending_facts::how;
    EXPECT_EQ(ending_text({how::exited, 3}), "exit 3");
    EXPECT_EQ(ending_text({how::signalled, 9}), "killed by SIGKILL");
    EXPECT_EQ(ending_text({how::signalled, 11}), "killed by SIGSEGV");
    EXPECT_EQ(ending_text({how::signalled, 40}), "killed by signal 40");
    EXPECT_EQ(ending_text({how::running}), "still running");
    EXPECT_EQ(ending_text({}), "");
    EXPECT_STREQ(ending_word(how::signalled), "signal");
    EXPECT_STREQ(ending_word(how::exited), "exit");
}

TEST(facts_text, the_start_is_local_time) {
    setenv("TZ", "UTC-2", 1);
    tzset();
    facts about;
    EXPECT_EQ(start_text(about), "");
    about.started = about.made = 1700000000;
    EXPECT_EQ(start_text(about), "2023-11-15 00:13:20");
    EXPECT_EQ(made_text(about), "Wed Nov 15 00:13:20 2023");
    about.utc_offset = -3600;  // where the program ran
    EXPECT_EQ(start_text(about), "2023-11-14 21:13:20");
}

TEST(facts_text, a_process_is_called_by_what_it_runs) {
    EXPECT_EQ(process_text("/usr/bin/python3 /home/ada/worker.py --fast"), "worker.py --fast");
    EXPECT_EQ(process_text("/usr/bin/lua5.4 x.lua"), "x.lua");
    EXPECT_EQ(process_text("/usr/bin/python3.12"), "python3.12");
    EXPECT_EQ(process_text("/bin/python-build a/b"), "python-build b");
    EXPECT_EQ(process_text(""), "");
}

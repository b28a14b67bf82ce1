#include "fil/report/process_name.hpp"

#include <gtest/gtest.h>

using namespace fil::report;

namespace {

using words = std::vector<std::string>;

std::string name_of(words arguments, std::string executable = "/usr/bin/python3.12") {
    return process_name({1, 0, std::move(arguments), std::move(executable)});
}

const words spawned = {"/v/bin/python", "-B", "-c",
                       "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=6)",
                       "--multiprocessing-fork"};
const words server = {"/v/bin/python", "-c",
                      "from multiprocessing.forkserver import main; main(5, 6)"};

TEST(process_name, begins_with_what_is_run) {
    EXPECT_EQ(name_of({"/usr/bin/python3", "-u", "-X", "dev", "/home/ada/worker.py", "--fast"}),
              "python worker.py --fast");
    EXPECT_EQ(name_of({"python", "-m", "pytest", "-n2"}), "python -m pytest -n2");
    EXPECT_EQ(name_of({"python"}), "python");
    EXPECT_EQ(name_of({"/v/bin/python", "-I", "/v/bin/gunicorn", "-w", "2"}), "gunicorn -w 2");
    EXPECT_EQ(name_of({"/v/bin/python", "./tool", "x"}), "tool x");
    EXPECT_EQ(name_of({"python", "tool", "x"}), "python tool x");
    EXPECT_EQ(name_of({"python", "-c", "a = 1 / 2"}), "python -c a = 1 / 2");
    EXPECT_EQ(name_of({"/usr/lib/gcc/cc1", "-quiet", "x.c"}, "/usr/lib/gcc/cc1"), "cc1 -quiet x.c");
    EXPECT_EQ(name_of({}, "/usr/bin/job"), "job");
    EXPECT_EQ(name_of({"./job", "a\nb"}, "/home/ada/job"), "job a b");
}

TEST(process_name, is_the_title_that_it_gave_itself) {
    EXPECT_EQ(name_of({"gunicorn: worker [app]", "", "", ""}), "gunicorn: worker [app]");
    EXPECT_EQ(name_of({"celeryd", "worker", ""}), "celeryd worker");
    EXPECT_EQ(name_of({"nginx: master process /usr/sbin/nginx -g off;", ""}, "/usr/sbin/nginx"),
              "nginx: master process /usr/sbin/nginx -g off;");
    EXPECT_EQ(name_of({"/opt/a: b/job", "x"}, "/opt/a: b/job"), "job x");
}

TEST(process_name, is_short) {
    const std::string name = name_of({"job", std::string(500, 'x')}, "/job");
    EXPECT_EQ(name.substr(0, 60), "job " + std::string(56, 'x'));
    EXPECT_TRUE(name.ends_with("…"));
}

TEST(process_name, of_a_pools_processes_says_so) {
    EXPECT_EQ(name_of(spawned), "multiprocessing worker");
    EXPECT_EQ(name_of(server), "multiprocessing fork server");
    EXPECT_EQ(
        name_of({"python", "-c", "from multiprocessing.resource_tracker import main;main(5)"}),
        "multiprocessing resource tracker");
}

std::vector<std::string> equals_of(const std::vector<started_process>& all) {
    std::vector<std::size_t> every;
    for (std::size_t i = 0; i < all.size(); ++i) every.push_back(i);
    return process_names(all).equals_of(every);
}

const std::string python = "/usr/bin/python3";

TEST(process_names, forked_workers_are_equal_and_their_parent_is_none_of_them) {
    const words command = {"python", "train.py", "--fast"};
    EXPECT_EQ(
        equals_of({{1, 0, command, python}, {2, 1, command, python}, {3, 1, command, python}}),
        (words{"", "workers of train.py", "workers of train.py"}));
}

TEST(process_names, so_are_those_that_a_pool_started) {
    const words command = {"python", "train.py"};
    EXPECT_EQ(
        equals_of({{1, 0, command, python}, {2, 1, spawned, python}, {3, 1, spawned, python}}),
        (words{"", "workers of train.py", "workers of train.py"}));
    const std::vector<started_process> all = {{1, 0, command, python},
                                              {2, 1, server, python},
                                              {3, 2, server, python},
                                              {4, 2, server, python}};
    EXPECT_EQ(equals_of(all), (words{"", "", "workers of train.py", "workers of train.py"}));
    EXPECT_EQ(process_names(all).name_of(1), "multiprocessing fork server");
    EXPECT_EQ(process_names(all).name_of(2), "multiprocessing worker");
}

TEST(process_names, those_of_pytest_are_pytests) {
    const words execnet = {"/v/bin/python", "-u", "-c",
                           "import sys;exec(eval(sys.stdin.readline()))"};
    for (const words& command : {words{"python", "-m", "pytest", "-n", "2"},
                                 words{"python", "/v/bin/pytest", "-n", "2"}}) {
        const std::vector<started_process> all = {
            {1, 0, command, python}, {2, 1, execnet, python}, {3, 1, execnet, python}};
        EXPECT_EQ(equals_of(all), (words{"", "workers of pytest", "workers of pytest"}));
        EXPECT_EQ(process_names(all).name_of(1), "execnet worker");
    }
}

TEST(process_names, others_are_equal_but_for_numbers) {
    EXPECT_EQ(equals_of({{1, 0, {"python", "main.py"}, python},
                         {2, 1, {"python", "worker.py", "--part", "1"}, python},
                         {3, 1, {"python", "worker.py", "--part", "22"}, python},
                         {4, 1, {"python", "other.py"}, python}}),
              (words{"", "× python worker.py --part #", "× python worker.py --part #", ""}));
}

TEST(process_names, nobody_is_their_own_parent) {
    EXPECT_EQ(equals_of({{1, 1, {"a"}, "/a"}, {2, 3, {"b"}, "/b"}, {3, 2, {"b"}, "/b"}}).front(),
              "");
}

}  // namespace

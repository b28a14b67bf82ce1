#include "fil/report/tidy.hpp"

#include <gtest/gtest.h>

#include "made_snapshot.hpp"

using namespace fil::report;
using fil::mapping_kind;

namespace {

const std::string library = "/usr/lib/python3.11/";
const frame bootstrap = python(library + "threading.py", 995, "_bootstrap");
const frame bootstrap_inner = python(library + "threading.py", 1038, "_bootstrap_inner");
const frame thread_run = python(library + "threading.py", 975, "run");
const frame work = python("/home/ada/x.py", 5, "work");

bytes_by_text tidied_bytes(const snapshot& raw, const program_facts& program = {}) {
    return bytes_of(tidied(raw, program));
}

}  // namespace

TEST(tidy, what_runs_a_module_is_dropped_from_the_root_side) {
    made_snapshot raw;
    raw.holds(10, {python("<frozen runpy>", 198, "_run_module_as_main"),
                   python("<frozen runpy>", 88, "_run_code"), work});
    raw.holds(20, {python(library + "runpy.py", 197, "_run_module_as_main"), work, work});
    EXPECT_EQ(tidied_bytes(raw),
              (bytes_by_text{{"/home/ada/x.py:5 (work)", 10},
                             {"/home/ada/x.py:5 (work);/home/ada/x.py:5 (work)", 20}}));
}

TEST(tidy, runpy_called_by_the_program_stays) {
    made_snapshot raw;
    raw.holds(10, {work, python("<frozen runpy>", 88, "_run_code"), work});
    EXPECT_EQ(tidied_bytes(raw),
              (bytes_by_text{{"/home/ada/x.py:5 (work);<frozen runpy>:88 (_run_code);"
                              "/home/ada/x.py:5 (work)",
                              10}}));
}

TEST(tidy, a_file_of_the_users_called_runpy_stays) {
    made_snapshot raw;
    raw.holds(10, {python("/home/ada/runpy.py", 1, "f")});
    raw.holds(20, {python("/home/ada/threading.py", 1, "_bootstrap")});
    EXPECT_EQ(tidied_bytes(raw), (bytes_by_text{{"/home/ada/runpy.py:1 (f)", 10},
                                                {"/home/ada/threading.py:1 (_bootstrap)", 20}}));
}

// By value, as cloudpickle does: the file's name is lost, not the line where the function begins.
TEST(tidy, a_function_of_the_script_that_was_sent_to_a_worker_is_the_scripts_again) {
    const auto pickled = [](std::uint32_t line, std::string function, std::uint32_t first_line) {
        frame f = python("<dynamic-code>", line, std::move(function));
        f.first_line = first_line;
        return f;
    };
    program_facts program;
    program.main_script = "x.py";
    program.main_script_path = "/home/ada/x.py";
    program.launch_directory = "/home/ada";
    program.main_text =
        "import joblib\n"
        "def work(part):\n"
        "    return bytearray(part)\n"
        "@decorated\n"
        "@twice\n"
        "async def later(part):\n"
        "    return lambda: part\n";
    made_snapshot raw;
    raw.holds(10, {pickled(3, "work", 2)});
    raw.holds(20, {pickled(7, "later", 4)});
    raw.holds(30, {pickled(7, "<lambda>", 7)});
    raw.holds(40, {pickled(3, "work", 1)});   // begins elsewhere
    raw.holds(50, {pickled(3, "other", 2)});  // is called otherwise
    raw.holds(60, {pickled(9, "work", 2)});   // is longer than the script
    raw.holds(70, {python("<string>", 3, "work")});
    EXPECT_EQ(tidied_bytes(raw, program), (bytes_by_text{{"x.py:3 (work)", 10},
                                                         {"x.py:7 (later)", 20},
                                                         {"x.py:7 (<lambda>)", 30},
                                                         {"<dynamic-code>:3 (work)", 40},
                                                         {"<dynamic-code>:3 (other)", 50},
                                                         {"<dynamic-code>:9 (work)", 60},
                                                         {"<string>:3 (work)", 70}}));
}

TEST(tidy, the_bootstrap_of_a_thread_is_dropped) {
    made_snapshot raw;
    raw.holds(10, {bootstrap, bootstrap_inner, thread_run, work});
    EXPECT_EQ(tidied_bytes(raw), (bytes_by_text{{"/home/ada/x.py:5 (work)", 10}}));
}

TEST(tidy, a_run_of_the_users_own_stays_and_so_does_one_that_the_user_called) {
    made_snapshot raw;
    raw.holds(10, {bootstrap, bootstrap_inner, python("/home/ada/x.py", 9, "run")});
    raw.holds(20, {thread_run, work});
    raw.holds(40, {python("<frozen runpy>", 88, "_run_code"), thread_run});
    EXPECT_EQ(tidied_bytes(raw),
              (bytes_by_text{{"/home/ada/x.py:9 (run)", 10},
                             {library + "threading.py:975 (run);/home/ada/x.py:5 (work)", 20},
                             {library + "threading.py:975 (run)", 40}}));
}

TEST(tidy, importing_stays) {
    made_snapshot raw;
    raw.holds(10, {python("<frozen importlib._bootstrap>", 1360, "_find_and_load"), work});
    EXPECT_EQ(tidied_bytes(raw).begin()->first,
              "<frozen importlib._bootstrap>:1360 (_find_and_load);/home/ada/x.py:5 (work)");
}

TEST(tidy, our_own_package_and_what_comes_before_main_are_dropped) {
    program_facts program;
    program.own_directories = {"/opt/fil/filprofiler"};
    made_snapshot raw;
    raw.holds(10, {python("/opt/fil/filprofiler/api.py", 3, "profile"), work});
    raw.holds(20, {{.function = "_start", .file = "job+0x10", .kind = frame_kind::native},
                   {.file = "libc.so.6+0x2724a",
                    .kind = frame_kind::native,
                    .module = "/usr/lib/x86_64-linux-gnu/libc.so.6"},
                   {.function = "main",
                    .file = "a.c",
                    .line = 7,
                    .kind = frame_kind::native,
                    .module = "/home/ada/job"}});
    EXPECT_EQ(tidied_bytes(raw, program),
              (bytes_by_text{{"/home/ada/x.py:5 (work)", 10}, {"a.c:7 (main)", 20}}));
}

TEST(tidy, of_a_process_that_a_library_started_its_python_c_is_dropped) {
    program_facts program;
    made_snapshot raw;
    raw.holds(10, {python("<string>", 1, "<module>"), work});
    raw.holds(20, {work, python("<string>", 1, "made")});
    raw.holds(30, {python("<string>", 1, "<module>"), python("<string>", 8, "<module>"), work});
    EXPECT_EQ(tidied_bytes(raw, program).size(), 3u);
    program.is_helper = true;  // execnet's runs what it is sent: another one
    EXPECT_EQ(tidied_bytes(raw, program),
              (bytes_by_text{{"/home/ada/x.py:5 (work)", 40},
                             {"/home/ada/x.py:5 (work);<string>:1 (made)", 20}}));
}

TEST(tidy, a_part_of_a_program_begins_at_what_our_package_calls) {
    program_facts program;
    program.own_directories = {"/opt/fil/filprofiler"};
    const frame own = python("/opt/fil/filprofiler/_run.py", 3, "call");
    const frame main = python("/home/ada/main.py", 9, "main");
    made_snapshot raw;
    raw.holds(10, {main, own, own, work});
    raw.holds(20, {python("/home/ada/main.py", 2, "in_a_thread"), work});
    raw.holds(40, {main, own});
    EXPECT_EQ(tidied_bytes(raw, program),
              (bytes_by_text{{"/home/ada/x.py:5 (work)", 10},
                             {"/home/ada/main.py:2 (in_a_thread);/home/ada/x.py:5 (work)", 20},
                             {"[No Python stack]", 40}}));
}

TEST(tidy, a_part_of_a_program_begins_at_the_function_that_it_is_in) {
    program_facts program;
    program.first_file = "/home/ada/x.py";
    program.first_function = "work";
    const frame main = python("/home/ada/main.py", 9, "main");
    const frame other = python("/home/ada/x.py", 7, "other");
    made_snapshot raw;
    raw.holds(10, {main, other, work, main, work});
    raw.holds(20, {main, other});
    EXPECT_EQ(
        tidied_bytes(raw, program),
        (bytes_by_text{
            {"/home/ada/x.py:5 (work);/home/ada/main.py:9 (main);/home/ada/x.py:5 (work)", 10},
            {"/home/ada/main.py:9 (main);/home/ada/x.py:7 (other)", 20}}));

    program.first_function = "";  // any of the file
    EXPECT_EQ(tidied_bytes(raw, program).count("/home/ada/x.py:7 (other)"), 1u);
}

TEST(tidy, our_hooks_are_dropped_wherever_they_stand) {
    auto native = [](std::string module, std::string function) {
        return frame{.function = function,
                     .file = function + ".c",
                     .line = 1,
                     .kind = frame_kind::native,
                     .module = std::move(module)};
    };
    made_snapshot raw;
    raw.holds(10, {native("/job", "main"), native("/fil/libfil_preload.so", "pthread_create"),
                   native("/lib/libc.so.6", "pthread_create")});
    EXPECT_EQ(tidied_bytes(raw),
              (bytes_by_text{{"main.c:1 (main);pthread_create.c:1 (pthread_create)", 10}}));
}

TEST(tidy, a_block_of_a_pool_stands_where_it_was_asked_for) {
    auto native = [](std::string function, std::string file) {
        return frame{.function = std::move(function),
                     .file = std::move(file),
                     .line = 1,
                     .kind = frame_kind::native,
                     .module = "/job"};
    };
    const frame main = native("main", "job.c"), load = native("load", "job.c"),
                take = native("take", "pool.c"),
                announce = native("fil_announce_alloc", "/usr/include/fil_announce.h"),
                without_debug_information = native("fil_announce_alloc", "");
    made_snapshot raw;
    raw.holds(10, {main, load, take, announce});
    raw.holds(5, {main, take, without_debug_information});
    raw.holds(3, {main, announce});  // nobody asked
    raw.holds(2, {announce});
    raw.holds(1, {main, load, take});  // another block, of malloc
    EXPECT_EQ(tidied_bytes(raw), (bytes_by_text{
                                     {"job.c:1 (main);job.c:1 (load)", 10},
                                     {"job.c:1 (main)", 8},
                                     {"/usr/include/fil_announce.h:1 (fil_announce_alloc)", 2},
                                     {"job.c:1 (main);job.c:1 (load);pool.c:1 (take)", 1},
                                 }));
}

TEST(tidy, a_block_that_a_jemalloc_told_of_stands_where_it_was_asked_for) {
    auto native = [](std::string function, std::string module = "/job") {
        return frame{.function = std::move(function),
                     .kind = frame_kind::native,
                     .module = std::move(module)};
    };
    const frame main = native("main"), load = native("load"), my_malloc = native("my_malloc");
    made_snapshot raw;
    raw.holds(1, {main, load, native("malloc"), native("je_malloc_default"),
                  native("je_hook_invoke_alloc")});
    raw.holds(2, {main, my_malloc, native("_rjem_mallocx"), native("_rjem_je_hook_invoke_alloc")});
    raw.holds(4, {main, native("operator new(unsigned long)"),
                  native("void* fallback_impl<false>(unsigned long)"), native("malloc"),
                  native("je_hook_invoke_alloc")});
    raw.holds(8, {main, load, native("realloc"), native("do_rallocx"), native("je_arena_ralloc"),
                  native("je_hook_invoke_expand")});
    raw.holds(16, {main, native("malloc", "/other"), native("je_hook_invoke_alloc")});
    raw.holds(32, {native("malloc"), native("je_hook_invoke_alloc")});  // nobody is left
    EXPECT_EQ(tidied_bytes(raw), (bytes_by_text{{" (main); (load)", 9},
                                                {" (main); (my_malloc)", 2},
                                                {" (main)", 4},
                                                {" (main); (malloc)", 16},
                                                {" (malloc)", 32}}));
}

TEST(tidy, a_stack_of_which_nothing_is_left_is_named) {
    made_snapshot raw;
    raw.holds(10, {});
    raw.holds(5, {bootstrap});
    EXPECT_EQ(tidied_bytes(raw), (bytes_by_text{{"[No Python stack]", 15}}));
    program_facts native;
    native.kind = frame_kind::native;
    EXPECT_EQ(tidied_bytes(raw, native), (bytes_by_text{{"[no callstack]", 15}}));
}

TEST(tidy, the_main_script_is_called_what_the_user_typed) {
    program_facts program;
    program.main_script = "./jobs/x.py";
    program.main_script_path = "/home/ada/./jobs/x.py";
    program.launch_directory = "/home/ada";
    made_snapshot raw;
    raw.holds(1, {python("/home/ada/jobs/x.py", 3, "main")});
    raw.holds(2, {python("/home/ada/./jobs/x.py", 4, "main")});
    raw.holds(4, {python("/home/ada/other/x.py", 3, "main")});
    frame relative = python("x.py", 5, "main");
    relative.directory = "/home/ada/jobs";
    raw.holds(8, {relative});
    const snapshot tidy = tidied(raw, program);
    EXPECT_EQ(bytes_of(tidy), (bytes_by_text{{"./jobs/x.py:3 (main)", 1},
                                             {"./jobs/x.py:4 (main)", 2},
                                             {"/home/ada/other/x.py:3 (main)", 4},
                                             {"./jobs/x.py:5 (main)", 8}}));
    for (const frame& f : tidy.frames()) {
        if (f.file != "./jobs/x.py") continue;
        EXPECT_EQ(source_path(f), "/home/ada/jobs/x.py");
    }
}

TEST(tidy, stacks_of_equal_texts_become_one) {
    snapshot raw;  // two nodes with the same caller and frame, and frames that differ by no text
    const frame_index f =
        raw.add_frame({.function = "f", .file = "a.py", .line = 3, .first_line = 1});
    const frame_index g =
        raw.add_frame({.function = "f", .file = "a.py", .line = 3, .first_line = 2});
    for (const frame_index each : {f, f, g}) {
        const auto at = raw.add_callstack(callstack_index::empty, each);
        raw.add_usage(mapping_kind::anonymous, at, {100, 2});
    }
    const snapshot tidy = tidied(raw, {});
    ASSERT_EQ(tidy.used(mapping_kind::anonymous).size(), 1u);
    EXPECT_EQ(tidy.used(mapping_kind::anonymous)[0].used, (usage{300, 6}));
    EXPECT_EQ(tidy.frames().size(), 1u);
}

TEST(tidy, all_kinds_and_mappings_and_texts_come_along) {
    made_snapshot raw;
    raw.holds(1, {work}, mapping_kind::file).holds(2, {bootstrap}, mapping_kind::reserved);
    raw.add_untouched_mapping({raw.callstack({bootstrap, bootstrap_inner, work}), 100, 3});
    raw.add_text("<cell>", "x = 1");
    const snapshot tidy = tidied(raw, {});
    EXPECT_EQ(bytes_of(tidy, mapping_kind::file), (bytes_by_text{{"/home/ada/x.py:5 (work)", 1}}));
    EXPECT_EQ(bytes_of(tidy, mapping_kind::reserved), (bytes_by_text{{"[No Python stack]", 2}}));
    ASSERT_EQ(tidy.untouched_mappings().size(), 1u);
    EXPECT_EQ(stack_text(frames_of(tidy, tidy.untouched_mappings()[0].callstack)),
              "/home/ada/x.py:5 (work)");
    EXPECT_EQ(tidy.texts().at("<cell>"), "x = 1");
}

TEST(tidy, a_cell_is_called_as_its_notebook_calls_it) {
    made_snapshot raw;
    frame cell = python("/tmp/ipykernel_7/42.py", 8, "work");
    cell.directory = "/usr/lib/python3.11/site-packages";  // where the notebook happens to be
    raw.holds(1, {cell}).holds(2, {python("/tmp/ipykernel_7/43.py", 8, "work")});
    raw.add_text("/tmp/ipykernel_7/42.py", "x = 1");
    raw.add_name("/tmp/ipykernel_7/42.py", "In [3]");
    const snapshot tidy = tidied(raw, {});
    EXPECT_EQ(bytes_of(tidy),
              (bytes_by_text{{"In [3]:8 (work)", 1}, {"/tmp/ipykernel_7/43.py:8 (work)", 2}}));
    EXPECT_EQ(tidy.texts().at("In [3]"), "x = 1");
    EXPECT_EQ(code_owners({}).of(tidy.frames()[0]).owner, frame_owner::user);
}

TEST(tidy, a_part_begins_in_its_cell_whatever_that_is_called) {
    made_snapshot raw;
    raw.holds(1, {python("shell.py", 1, "run"), python("/tmp/42.py", 8, "<module>")});
    raw.add_name("/tmp/42.py", "In [3]");
    program_facts part;
    part.first_file = "/tmp/42.py";
    const snapshot tidy = tidied(raw, part);
    EXPECT_EQ(bytes_of(tidy), (bytes_by_text{{"In [3]:8 (<module>)", 1}}));
}

TEST(tidy, bytes_are_those_of_a_naive_model_that_walks_each_stack) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        made_snapshot raw = random_snapshot(seed, 200, 6, 8);
        for (int i = 0; i < 20; ++i) {  // some begin in a thread or a module
            frame_list stack{python("<frozen runpy>", 1, "r"), bootstrap, bootstrap_inner,
                             thread_run};
            stack.resize(seed % 5);
            if (i % 3) stack.push_back(python("a.py", 1 + seed % 3, "f0"));
            raw.holds(i, stack);
        }
        bytes_by_text expected;
        for (const auto& [at, used] : raw.used(mapping_kind::anonymous)) {
            frame_list stack = frames_of(raw, at);
            std::size_t first = 0;
            while (first < stack.size() && (stack[first].file.ends_with("runpy>") ||
                                            stack[first].file.ends_with("threading.py"))) {
                ++first;
            }
            stack.erase(stack.begin(), stack.begin() + static_cast<long>(first));
            const std::string text = stack_text(stack);
            expected[text.empty() ? "[No Python stack]" : text] += used.bytes;
        }
        bytes_by_text got = tidied_bytes(raw);
        std::erase_if(expected, [](const auto& entry) { return entry.second == 0; });
        std::erase_if(got, [](const auto& entry) { return entry.second == 0; });
        EXPECT_EQ(got, expected) << seed;
    }
}

namespace {

const frame submit = python(library + "concurrent/futures/thread.py", 176, "submit");
const frame worker = python(library + "concurrent/futures/thread.py", 83, "_worker");
const frame parse = python("/usr/lib/python3/dist-packages/csvs.py", 9, "parse");
const frame asks = python("/home/ada/x.py", 9, "main");

frame thread_works(std::uint32_t how) {
    return {.function = "Pool", .first_line = how, .kind = frame_kind::errand};
}

}  // namespace

TEST(tidy, an_errand_stands_below_who_asked_and_names_the_thread) {
    made_snapshot raw;
    raw.holds(
        10, {asks, submit, thread_works(1), bootstrap, bootstrap_inner, thread_run, worker, parse});
    raw.holds(20, {asks, submit, thread_works(3), bootstrap, bootstrap_inner, thread_run, worker});
    raw.holds(30, {asks, thread_works(2), bootstrap, bootstrap_inner, parse});
    const std::string asked =
        "/home/ada/x.py:9 (main);" + library + "concurrent/futures/thread.py:176 (submit);";
    const std::string works = ";" + library + "concurrent/futures/thread.py:83 (_worker)";
    EXPECT_EQ(tidied_bytes(raw),
              (bytes_by_text{{asked + "[thread Pool]" + works +
                                  ";/usr/lib/python3/dist-packages/csvs.py:9 (parse)",
                              10},
                             {asked + "[thread Pool, guessed]" + works, 20},
                             {"/home/ada/x.py:9 (main);[thread Pool, started];"
                              "/usr/lib/python3/dist-packages/csvs.py:9 (parse)",
                              30}}));
}

TEST(tidy, a_thread_that_runs_the_users_code_is_on_no_errand) {
    made_snapshot raw;
    raw.holds(10, {asks, submit, thread_works(1), bootstrap, bootstrap_inner, thread_run, worker,
                   work, parse});
    raw.holds(20, {asks, submit, thread_works(2), worker, work, submit, thread_works(1), worker});
    const std::string file = library + "concurrent/futures/thread.py:";
    const std::string own = file + "83 (_worker);/home/ada/x.py:5 (work);";
    EXPECT_EQ(
        tidied_bytes(raw),
        (bytes_by_text{{own + "/usr/lib/python3/dist-packages/csvs.py:9 (parse)", 10},
                       {own + file + "176 (submit);[thread Pool];" + file + "83 (_worker)", 20}}));
}

// What is above the user's code is there twice then: with who asked, and alone.
TEST(tidy, callstacks_that_become_more_are_all_counted) {
    constexpr std::uint32_t depth = 100'000;
    made_snapshot raw;
    frame_list deep{asks, thread_works(1)};
    for (std::uint32_t line = 1; line <= depth; ++line)
        deep.push_back(python("/usr/lib/python3/dist-packages/csvs.py", line, "parse"));
    deep.push_back(work);
    raw.holds(10, deep);
    const snapshot tidy = tidied(raw, {});
    EXPECT_GT(tidy.callstacks().size(), raw.callstacks().size() + depth / 2);
    EXPECT_EQ(tidy.total(mapping_kind::anonymous), 10);
}

#include "fil/report/frame_owner.hpp"

#include <gtest/gtest.h>

using namespace fil::report;

namespace {

program_facts program() {
    program_facts facts;
    facts.main_script = "flights.py";
    facts.main_executables = {"/opt/job/bin/job"};
    facts.own_directories = {"/opt/fil/filprofiler"};
    return facts;
}

ownership of(std::string file, std::string function = "f", std::string directory = "/home/ada") {
    return code_owners(program()).of({.function = std::move(function),
                                      .file = std::move(file),
                                      .line = 1,
                                      .directory = std::move(directory)});
}

ownership of_native(std::string module, std::string function, std::string file = "") {
    return code_owners(program()).of({.function = std::move(function),
                                      .file = std::move(file),
                                      .kind = frame_kind::native,
                                      .module = std::move(module)});
}

const ownership user{frame_owner::user};

}  // namespace

TEST(frame_owner, what_lies_outside_the_interpreter_is_the_users_own) {
    EXPECT_EQ(of("/home/ada/flights.py"), user);
    EXPECT_EQ(of("tools/clean.py"), user);
    EXPECT_EQ(of("/home/ada/lib/python/clean.py"), user);
    EXPECT_EQ(of("/opt/python/lib/std.py"), user);
}

TEST(frame_owner, libraries_are_known_by_where_they_lie) {
    EXPECT_EQ(of("/home/ada/venv/lib/python3.12/site-packages/pandas/io/common.py"),
              (ownership{frame_owner::library, "pandas"}));
    EXPECT_EQ(of("/usr/lib/python3/dist-packages/six.py"),
              (ownership{frame_owner::library, "six"}));
    EXPECT_EQ(of("/v/lib/python3.12/site-packages/foo-1.0-py3.12.egg/foo/x.py"),
              (ownership{frame_owner::library, "foo"}));
    EXPECT_EQ(of("/opt/fil/filprofiler/api.py"), (ownership{frame_owner::library, "filprofiler"}));
    EXPECT_EQ(of("/usr/lib/python3.11/json/encoder.py"),
              (ownership{frame_owner::standard_library, "json"}));
    EXPECT_EQ(of("/usr/lib64/python3.13t/typing.py"),
              (ownership{frame_owner::standard_library, "typing"}));
}

TEST(frame_owner, lua_has_libraries_of_its_own) {
    const auto of_lua = [](std::string file) {
        return code_owners(program()).of(
            {.function = "f", .file = std::move(file), .line = 1, .kind = frame_kind::lua});
    };
    EXPECT_EQ(of_lua("/usr/share/lua/5.4/socket/http.lua"),
              (ownership{frame_owner::library, "socket"}));
    EXPECT_EQ(of_lua("/home/ada/.luarocks/share/lua/5.4/inspect.lua"),
              (ownership{frame_owner::library, "inspect"}));
    EXPECT_EQ(of_lua("/home/ada/share/lua/5.x/mine.lua"), user);
    EXPECT_EQ(of_lua("/home/ada/share/lua/mine.lua"), user);
    EXPECT_EQ(of_lua("/home/ada/lib/python3.12/mine.lua"), user);
}

// Each runtime has habits of its own; of one that nobody described everything is the user's.
TEST(frame_owner, the_kind_of_a_function_says_whose_habits_count) {
    const std::string file = "/usr/share/lua/5.4/socket/http.lua";
    EXPECT_EQ(of(file), user) << "Python";
    const code_owners owners(program());
    for (const auto kind : {frame_kind::announced, frame_kind{77}})
        EXPECT_EQ(owners.of({.function = "f", .file = file, .line = 1, .kind = kind}), user);
    EXPECT_EQ(conventions::kind_of_program("CPython 3.12.1"), frame_kind::python);
    EXPECT_EQ(conventions::kind_of_program("Lua 5.4.4"), frame_kind::lua);
    EXPECT_EQ(conventions::kind_of_program(""), frame_kind::native);
}

TEST(frame_owner, relative_files_start_from_where_the_program_was) {
    EXPECT_EQ(of("json/encoder.py", "f", "/opt/lib/python3.12"),
              (ownership{frame_owner::standard_library, "json"}));
    EXPECT_EQ(of("../python3.12/json/encoder.py", "f", "/opt/lib/x"),
              (ownership{frame_owner::standard_library, "json"}));
}

TEST(frame_owner, the_main_script_is_the_users_own_wherever_it_lies) {
    EXPECT_EQ(of("flights.py", "f", "/v/lib/python3.12/site-packages"), user);
    EXPECT_EQ(of("other.py", "f", "/v/lib/python3.12/site-packages"),
              (ownership{frame_owner::library, "other"}));
}

TEST(frame_owner, frozen_and_generated_code_is_not_the_users) {
    EXPECT_EQ(of("<frozen importlib._bootstrap>"),
              (ownership{frame_owner::standard_library, "importlib"}));
    EXPECT_EQ(of("<frozen runpy>"), (ownership{frame_owner::standard_library, "runpy"}));
    EXPECT_EQ(of("<__array_function__ internals>"), ownership{frame_owner::library});
    EXPECT_EQ(of("<string>", "__init__"), ownership{frame_owner::library});
}

TEST(frame_owner, cells_and_strings_are_the_users_own) {
    EXPECT_EQ(of("<ipython-input-1-abc>"), user);
    EXPECT_EQ(of("/tmp/ipykernel_12/34.py"), user);
    EXPECT_EQ(of("<string>", "<module>"), user);
    EXPECT_EQ(of("<stdin>", "__init__"), user);
}

TEST(frame_owner, a_frame_without_a_file_is_nobodys_line) {
    EXPECT_EQ(of("", "f"), ownership{frame_owner::library});
    EXPECT_EQ(code_owners(program()).of(
                  {.function = "[No Python stack]", .kind = frame_kind::placeholder}),
              ownership{frame_owner::library});
}

TEST(frame_owner, an_announced_frame_is_judged_by_its_file) {
    const code_owners owners(program());
    EXPECT_EQ(owners.of({.function = "eval", .file = "job.lua", .kind = frame_kind::announced}),
              user);
    EXPECT_EQ(owners.of({.function = "arena", .kind = frame_kind::announced}), user);
}

TEST(frame_owner, threads_are_called_by_the_package_of_their_library) {
    const auto of_threads = [](std::string module) {
        const ownership found =
            code_owners(program()).of({.kind = frame_kind::threads, .module = std::move(module)});
        EXPECT_EQ(found.owner, frame_owner::threads);
        return found.package;
    };
    const std::string site = "/home/ada/venv/lib/python3.12/site-packages/";
    EXPECT_EQ(of_threads(site + "polars/polars.abi3.so"), "polars");
    EXPECT_EQ(of_threads(site + "_polars_runtime_32/x.abi3.so"), "polars");
    EXPECT_EQ(of_threads(site + "pyarrow/libarrow.so.2100"), "pyarrow");
    EXPECT_EQ(of_threads(site + "numpy.libs/libscipy_openblas64_-ff651d7f.so"), "numpy");
    EXPECT_EQ(of_threads(site + "_duckdb.cpython-312-x86_64-linux-gnu.so"), "duckdb");
    EXPECT_EQ(of_threads("/usr/lib/x86_64-linux-gnu/libgomp.so.1"), "gomp");
    EXPECT_EQ(of_threads("/opt/x/libgomp-a34b3233.so.1.0.0"), "gomp");
    EXPECT_EQ(of_threads("./my-pool.so"), "my-pool");
    EXPECT_EQ(of_threads("/x/.so"), ".so");
    EXPECT_EQ(of_threads("lib"), "lib");
}

TEST(frame_owner, in_native_code_the_main_executable_is_the_users_own) {
    EXPECT_EQ(of_native("/opt/job/bin/job", "load(int)", "/src/load.cpp"), user);
    EXPECT_EQ(of_native("/opt/job/bin/../bin/job", "load(int)"), user);
    EXPECT_EQ(of_native("/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "operator new(unsigned long)"),
              (ownership{frame_owner::native, "libstdc++"}));
    EXPECT_EQ(code_owners({}).of({.function = "f", .kind = frame_kind::native}).owner,
              frame_owner::native);
}

TEST(frame_owner, of_a_program_that_the_loader_was_told_to_start_the_functions_are_the_users) {
    program_facts facts;
    facts.main_executables = {"/usr/lib64/ld-linux-x86-64.so.2"};
    const code_owners owners(facts);
    const auto in = [&](std::string module) {
        return owners.of({.function = "f", .kind = frame_kind::native, .module = module}).owner;
    };
    EXPECT_EQ(in("/opt/job/bin/job"), frame_owner::user);
    for (const char* other : {"/usr/lib/libc.so.6", "/usr/lib64/ld-linux-x86-64.so.2", "[vdso]"})
        EXPECT_EQ(in(other), frame_owner::native) << other;
}

TEST(frame_owner, what_static_libstdcxx_put_into_the_program_is_not_the_users) {
    const std::string job = "/opt/job/bin/job";
    const ownership library{frame_owner::native, "libstdc++"};
    for (const char* name : {"operator new(unsigned long)", "operator new[](unsigned long)",
                             "operator new(unsigned long, std::align_val_t)",
                             "__cxa_allocate_exception", "_GLOBAL__sub_I_eh_alloc.cc"}) {
        EXPECT_EQ(of_native(job, name), library) << name;
        EXPECT_EQ(of_native(job, name, "/src/memory.cpp"), user) << "the program's own: " << name;
    }
    EXPECT_EQ(of_native(job, "operator new(unsigned long)",
                        "/build/gcc-12/src/libstdc++-v3/libsupc++/new_op.cc"),
              library);
    EXPECT_EQ(of_native(job, "table::operator new(unsigned long)"), user);
}

TEST(frame_owner, copies_of_system_headers_are_not_the_users_lines) {
    const std::string job = "/opt/job/bin/job";
    const ownership library{frame_owner::native, "libstdc++"};
    EXPECT_EQ(of_native(job, "allocate", "/usr/include/c++/12/bits/new_allocator.h"), library);
    EXPECT_EQ(of_native(job, "f", "/usr/include/x86_64-linux-gnu/c++/12/bits/x.h"), library);
    EXPECT_EQ(of_native(job, "std::vector<my::type>::reserve(unsigned long)"), library);
    EXPECT_EQ(of_native(job, "void std::vector<int>::push_back<int>(int&&)"), library);
    EXPECT_EQ(of_native(job, "void std::__1::f()", "/usr/lib/llvm-14/include/c++/v1/vector"),
              (ownership{frame_owner::native, "libc++"}));
    EXPECT_EQ(of_native(job, "boost::f()", "/usr/include/boost/intrusive/set.hpp"),
              (ownership{frame_owner::native, "boost"}));
    EXPECT_EQ(of_native(job, "my::table::grow(std::size_t)"), user);
    EXPECT_EQ(of_native(job, "grow(std::vector<int>)"), user);
    EXPECT_EQ(of_native(job, "std_like::f()"), user);
    EXPECT_EQ(of_native(job, "main"), user);
}

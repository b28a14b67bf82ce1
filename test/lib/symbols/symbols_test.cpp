#include "symbols/symbols.hpp"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <elf.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fil/report/frame_text.hpp"
#include "sample.hpp"
#include "symbols/debug_info.hpp"

namespace {

using fil::report::frame;
using fil::report::frame_kind;

// The sample comes in four files with one build id: FIL_SAMPLES holds libsample.so and its copies.
std::string sample_file(const std::string& name) {
    return std::string(FIL_SAMPLES) + "/" + name;
}

std::string sample_build_id() {
    return fil::debug_info(sample_file("libsample.so")).build_id();
}

// As capture records it: the call before a return address, counted from the module's beginning.
std::uint32_t offset_before(const void* return_address) {
    Dl_info module;
    EXPECT_NE(dladdr(return_address, &module), 0);
    return static_cast<std::uint32_t>(static_cast<const char*>(return_address) - 1 -
                                      static_cast<const char*>(module.dli_fbase));
}

std::string hexadecimal(std::uint32_t offset) {
    char text[16];
    std::snprintf(text, sizeof text, "+0x%x", offset);
    return text;
}

// The line of the sample's source that says `remark`.
std::uint32_t line_of(const std::string& remark) {
    std::ifstream source(FIL_SAMPLE_SOURCE);
    std::string line;
    for (std::uint32_t number = 1; std::getline(source, line); ++number) {
        if (line.find("// " + remark) != line.npos) return number;
    }
    ADD_FAILURE() << "nothing says " << remark;
    return 0;
}

struct symbols : testing::Test {
    std::vector<frame> at(const std::string& file, const void* return_address) {
        return table.resolve(sample_file(file), sample_build_id(), offset_before(return_address));
    }
    fil::symbols table;
};

void expect_function_and_inlined(const std::vector<frame>& frames, const std::string& module) {
    ASSERT_EQ(frames.size(), 2);
    EXPECT_EQ(frames[0].function, "void sample::outer<int>(int&)");
    EXPECT_EQ(frames[0].line, line_of("call of inlined"));
    EXPECT_EQ(frames[1].function, "sample::inlined(int&)");
    EXPECT_EQ(frames[1].line, line_of("call of remember"));
    for (const frame& f : frames) {
        EXPECT_EQ(f.file, std::filesystem::canonical(FIL_SAMPLE_SOURCE));
        EXPECT_EQ(f.kind, frame_kind::native);
        EXPECT_EQ(f.module, sample_file(module));
    }
}

TEST_F(symbols, an_inlined_function_is_a_frame_of_its_own) {
    expect_function_and_inlined(at("libsample.so", sample_inlined_call()), "libsample.so");
}

TEST_F(symbols, a_lambda_is_named_after_the_function_around_it) {
    const auto frames = at("libsample.so", sample_local_call());
    ASSERT_FALSE(frames.empty());
    const std::string& name = frames.back().function;
    EXPECT_TRUE(name.starts_with("sample_local_call::")) << name;
    EXPECT_TRUE(name.ends_with("::operator()")) << name;
}

TEST_F(symbols, debug_information_is_found_by_its_link) {
    expect_function_and_inlined(at("libsample-linked.so", sample_inlined_call()),
                                "libsample-linked.so");
}

TEST_F(symbols, without_debug_information_the_symbol_table_names_it) {
    const void* address = sample_inlined_call();
    const auto frames = at("libsample-symbols.so", address);
    ASSERT_EQ(frames.size(), 1);
    EXPECT_EQ(fil::report::frame_text(frames[0]), "libsample-symbols.so" +
                                                      hexadecimal(offset_before(address)) +
                                                      " (void sample::outer<int>(int&))");
}

TEST_F(symbols, code_that_no_symbol_covers_is_not_its_neighbours) {
    const void* address = sample_hidden_call();
    EXPECT_EQ(at("libsample-symbols.so", address)[0].function, "sample::hidden()");
    const auto frames = at("libsample-stripped.so", address);
    ASSERT_EQ(frames.size(), 1);
    EXPECT_EQ(frames[0].function, "");
    EXPECT_EQ(frames[0].file, "libsample-stripped.so" + hexadecimal(offset_before(address)));
    EXPECT_EQ(frames[0].line, 0);
    EXPECT_GT(address, reinterpret_cast<const void*>(&sample_hidden_call));
    // An exported function has its name still.
    const auto exported =
        at("libsample-stripped.so", reinterpret_cast<const char*>(&sample_hidden_call) + 1);
    EXPECT_EQ(exported[0].function, "sample_hidden_call");
}

TEST_F(symbols, another_file_than_the_one_that_ran_names_nothing) {
    const auto& frames = table.resolve(sample_file("libsample.so"), "0123456789abcdef",
                                       offset_before(sample_inlined_call()));
    ASSERT_EQ(frames.size(), 1);
    EXPECT_EQ(frames[0].function, "file changed");
    EXPECT_TRUE(frames[0].file.starts_with("libsample.so+0x"));
}

TEST_F(symbols, a_build_id_that_was_not_known_is_not_another_one) {
    expect_function_and_inlined(
        table.resolve(sample_file("libsample.so"), "", offset_before(sample_inlined_call())),
        "libsample.so");
}

TEST_F(symbols, files_that_are_gone_or_are_none_leave_the_offset) {
    const std::string pipe = testing::TempDir() + "symbols_test_pipe." + std::to_string(getpid());
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    for (const std::string& path :
         {std::string("/nowhere/libgone.so"), std::string("[vdso]"), std::string("/etc/passwd"),
          std::string("/"), std::string(), pipe}) {
        const auto& frames = table.resolve(path, "", 0x1234);
        ASSERT_EQ(frames.size(), 1) << path;
        EXPECT_EQ(frames[0].function, "");
        EXPECT_TRUE(frames[0].file.ends_with("+0x1234")) << frames[0].file;
    }
    unlink(pipe.c_str());
    EXPECT_EQ(table.resolve("/nowhere/libgone.so", "", 0x1234)[0].file, "libgone.so+0x1234");
}

TEST_F(symbols, a_deleted_file_that_came_back_is_found) {
    const auto frames = at("libsample.so (deleted)", sample_inlined_call());
    expect_function_and_inlined(frames, "libsample.so");
}

TEST_F(symbols, code_of_no_module_is_a_placeholder) {
    const auto& frames = table.resolve("[unknown code]", "", 0);
    ASSERT_EQ(frames.size(), 1);
    EXPECT_EQ(fil::report::frame_text(frames[0]), "[unknown code]");
}

TEST_F(symbols, the_c_library_is_named) {
    const void* function = dlsym(RTLD_DEFAULT, "qsort");
    Dl_info libc;
    ASSERT_NE(dladdr(function, &libc), 0);
    const auto& frames = table.resolve(libc.dli_fname, fil::debug_info(libc.dli_fname).build_id(),
                                       offset_before(static_cast<const char*>(function) + 2));
    ASSERT_FALSE(frames.empty());
    EXPECT_NE(frames[0].function.find("qsort"), std::string::npos) << frames[0].function;
}

TEST_F(symbols, a_stripped_program_begins_at_start) {
    const std::string program = sample_file("stripped_program");
    Elf64_Ehdr header{};
    std::ifstream(program, std::ios::binary).read(reinterpret_cast<char*>(&header), sizeof header);
    ASSERT_NE(header.e_entry, 0);
    fil::debug_info info(program);
    EXPECT_EQ(info.symbol_at(header.e_entry + 32), "_start");
    EXPECT_EQ(info.symbol_at(header.e_entry + 64), "");
}

TEST_F(symbols, source_files_of_a_distribution_are_named_once) {
    const void* function = dlsym(RTLD_DEFAULT, "fwrite_unlocked");
    Dl_info libc;
    ASSERT_NE(dladdr(function, &libc), 0);
    const auto& frames = table.resolve(libc.dli_fname, fil::debug_info(libc.dli_fname).build_id(),
                                       offset_before(static_cast<const char*>(function) + 2));
    if (frames[0].line == 0) GTEST_SKIP() << "no debug information of the C library here";
    EXPECT_TRUE(frames[0].file.ends_with("libio/iofwrite_u.c")) << frames[0].file;
    EXPECT_FALSE(frames[0].file.ends_with("libio/libio/iofwrite_u.c")) << frames[0].file;
}

TEST_F(symbols, of_a_functions_names_the_plainest_is_chosen) {
    const void* function = dlsym(RTLD_DEFAULT, "malloc");
    Dl_info libc;
    ASSERT_NE(dladdr(function, &libc), 0);
    fil::debug_info info(libc.dli_fname);
    EXPECT_EQ(info.symbol_at(offset_before(static_cast<const char*>(function) + 2)), "malloc");
}

TEST_F(symbols, no_server_is_asked) {
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(listen(server, 10), 0);
    ASSERT_EQ(getsockname(server, reinterpret_cast<sockaddr*>(&address), &length), 0);
    const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    setenv("DEBUGINFOD_URLS", url.c_str(), 1);
    setenv("DEBUGINFOD_TIMEOUT", "1", 1);

    EXPECT_EQ(at("libsample-symbols.so", sample_inlined_call()).size(), 1);
    pollfd asked{server, POLLIN, 0};
    EXPECT_EQ(poll(&asked, 1, 0), 0) << "somebody connected";
    EXPECT_STREQ(getenv("DEBUGINFOD_URLS"), url.c_str()) << "the environment is the program's";

    unsetenv("DEBUGINFOD_URLS");
    close(server);
}

}  // namespace

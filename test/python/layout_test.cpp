// The table of offsets against the internal headers of every interpreter found. What was checked is
// printed.

#include "layout.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "debug_offsets.hpp"
#include "interpreters.hpp"

using namespace fil::python;
using fil::test::interpreters;
using fil::test::output_of;

namespace {

const std::map<std::string, std::uint16_t python_layout::*> members = {
#define FIL_MEMBER(name) \
    { #name, &python_layout::name }
    FIL_MEMBER(thread_frame),     FIL_MEMBER(cframe_frame),    FIL_MEMBER(thread_id),
    FIL_MEMBER(frame_previous),   FIL_MEMBER(frame_code),      FIL_MEMBER(frame_instruction),
    FIL_MEMBER(frame_owner),      FIL_MEMBER(object_type),     FIL_MEMBER(code_name),
    FIL_MEMBER(code_filename),    FIL_MEMBER(code_first_line), FIL_MEMBER(code_instructions),
    FIL_MEMBER(text_length),      FIL_MEMBER(text_state),      FIL_MEMBER(text_ascii),
    FIL_MEMBER(text_compact),     FIL_MEMBER(text_pointer),    FIL_MEMBER(text_wide),
    FIL_MEMBER(text_wide_length), FIL_MEMBER(text_kind_mask),  FIL_MEMBER(text_compact_bit),
    FIL_MEMBER(text_ascii_bit),
#undef FIL_MEMBER
};

// Compares one interpreter's headers with our table; false if it has none.
bool check(const std::string& include) {
    namespace fs = std::filesystem;
    if (!fs::exists(include + "/internal/pycore_pystate.h")) return false;
    const fs::path program =
        fs::temp_directory_path() / ("fil_layout_probe_" + std::to_string(getpid()));
    const std::string compile = "cc -w -I'" + include + "' -I'" + include +
                                "/internal' '" FIL_LAYOUT_PROBE "' -o '" + program.string() +
                                "' 2>&1";
    if (system(compile.c_str()) != 0) {
        ADD_FAILURE() << "cannot compile against " << include;
        return true;
    }
    std::stringstream lines(output_of("'" + program.string() + "'"));
    fs::remove(program);
    std::string name;
    unsigned value = 0;
    lines >> name >> value;
    EXPECT_EQ(name, "version");
    const python_layout* layout = find_layout(value);
    if (layout == nullptr) {
        ADD_FAILURE() << include << ": no table";
        return true;
    }
    std::set<std::string> seen;
    while (lines >> name >> value) {
        const auto member = members.find(name);
        if (member == members.end()) {
            ADD_FAILURE() << "unknown member " << name;
            continue;
        }
        EXPECT_EQ(layout->*member->second, value) << name << " in " << include;
        seen.insert(name);
    }
    for (const auto& [each, member] : members) {
        if (seen.contains(each)) continue;
        EXPECT_EQ(layout->*member, 0) << each << " is not in " << include;
    }
    std::cout << "checked " << seen.size() << " offsets of " << include << "\n";
    return true;
}

}  // namespace

TEST(layout, agrees_with_the_headers_of_every_interpreter_found) {
    std::set<std::string> checked;
    for (const std::string& python : interpreters()) {
        const std::string include = output_of(
            python +
            " -c 'import sysconfig; print(sysconfig.get_path(\"include\"), end=\"\")' 2>/dev/null");
        if (!include.empty() && !checked.contains(include) && check(include))
            checked.insert(include);
    }
    if (checked.empty()) GTEST_SKIP() << "no interpreter with internal headers here";
}

TEST(layout, is_known_for_3_9_to_3_13) {
    for (std::uint32_t minor = 9; minor <= 13; ++minor)
        EXPECT_NE(find_layout(0x0300 + minor), nullptr);
    EXPECT_EQ(find_layout(0x0308), nullptr);
    EXPECT_EQ(find_layout(0x030e), nullptr);
}

namespace {

debug_offsets_3_13 published() {
    debug_offsets_3_13 offsets{};
    std::memcpy(offsets.cookie, "xdebugpy", 8);
    offsets.version = 0x030d00f0;
    offsets.thread_state = {.size = 400,
                            .prev = 0,
                            .next = 8,
                            .interp = 16,
                            .current_frame = 80,
                            .thread_id = 160,
                            .native_thread_id = 168,
                            .datastack_chunk = 200,
                            .status = 24};
    offsets.interpreter_frame = {.size = 88,
                                 .previous = 16,
                                 .executable = 8,
                                 .instr_ptr = 64,
                                 .localsplus = 80,
                                 .owner = 74};
    offsets.code_object = {.size = 240,
                           .filename = 120,
                           .name = 128,
                           .qualname = 136,
                           .linetable = 144,
                           .firstlineno = 72,
                           .argcount = 40,
                           .localsplusnames = 96,
                           .localspluskinds = 104,
                           .co_code_adaptive = 208};
    offsets.pyobject = {.size = 16, .ob_type = 8};
    return offsets;
}

}  // namespace

TEST(debug_offsets, published_ones_win) {
    python_layout layout = layout_3_13;
    const debug_offsets_3_13 offsets = published();
    EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::usable);
    EXPECT_EQ(layout.thread_frame, 80);
    EXPECT_EQ(layout.frame_previous, 16);
    EXPECT_EQ(layout.frame_code, 8);
    EXPECT_EQ(layout.frame_instruction, 64);
    EXPECT_EQ(layout.frame_owner, 74);
    EXPECT_EQ(layout.code_name, 128);
    EXPECT_EQ(layout.code_filename, 120);
    EXPECT_EQ(layout.code_first_line, 72);
    EXPECT_EQ(layout.code_instructions, 208);
}

TEST(debug_offsets, without_cookie_version_or_sense_are_refused) {
    python_layout layout = layout_3_13;
    debug_offsets_3_13 offsets = published();
    offsets.cookie[0] = 'X';
    EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::none);
    offsets = published();
    offsets.version = 0x030e00f0;
    EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::none);
    offsets = published();
    offsets.interpreter_frame.previous = 4096;
    EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::none);
    EXPECT_EQ(layout.frame_previous, layout_3_13.frame_previous);
}

TEST(debug_offsets, of_a_free_threaded_build_say_so) {
    python_layout layout = layout_3_13;
    debug_offsets_3_13 offsets = published();
    offsets.free_threaded = 1;
    EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::free_threaded);
}

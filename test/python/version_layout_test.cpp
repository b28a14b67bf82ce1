// The table of offsets against the internal headers of every interpreter found. What was checked is
// printed.

#include "version_layout.hpp"

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
#include "frames.hpp"
#include "interpreters.hpp"
#include "object_layout.hpp"

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
    FIL_MEMBER(text_ascii_bit),   FIL_MEMBER(frame_stamp),     FIL_MEMBER(frame_generator),
    FIL_MEMBER(thread_piece),     FIL_MEMBER(piece_below),     FIL_MEMBER(piece_frames),
    FIL_MEMBER(thread_cframe),    FIL_MEMBER(cframe_previous), FIL_MEMBER(code_line_table),
    FIL_MEMBER(bytes_length),     FIL_MEMBER(bytes_data),
#undef FIL_MEMBER
};

// What errand.hpp reads; those of all versions are constants.
const std::map<std::string, std::uint16_t object_layout::*> object_members = {
#define FIL_MEMBER(name) \
    { "objects." #name, &object_layout::name }
    FIL_MEMBER(frame_variables), FIL_MEMBER(code_variables),
    FIL_MEMBER(code_cells),      FIL_MEMBER(code_free),
    FIL_MEMBER(frame_owner),     FIL_MEMBER(frame_generator),
    FIL_MEMBER(generator_frame), FIL_MEMBER(code_flags),
    FIL_MEMBER(code_arguments),  FIL_MEMBER(code_keyword_arguments),
    FIL_MEMBER(code_names),      FIL_MEMBER(type_cached_keys),
    FIL_MEMBER(values_first),    FIL_MEMBER(tuple_items),
#undef FIL_MEMBER
};
const std::map<std::string, std::uint16_t> same_objects = {
    {"objects.type_flags", object_layout::type_flags},
    {"objects.type_dict_offset", object_layout::type_dict_offset},
    {"objects.type_basic_size", object_layout::type_basic_size},
    {"objects.dict_keys", object_layout::dict_keys},
    {"objects.dict_values", object_layout::dict_values},
    {"objects.tuple_length", object_layout::tuple_length},
};

// Where each published offset stands in the table, by our reading of its layout.
template <typename Offsets>
std::map<std::string, published> published_places() {
    published words[sizeof(Offsets) / sizeof(published)];
    published place = 0;
    for (published& word : words) {
        word = place;
        place += sizeof word;
    }
    Offsets offsets;
    static_assert(sizeof words == sizeof offsets);
    std::memcpy(&offsets, words, sizeof offsets);
    const auto& thread = offsets.thread_state;
    const auto& frame = offsets.interpreter_frame;
    const auto& code = offsets.code_object;
    return {
        {"thread_state.size", thread.size},
        {"thread_state.current_frame", thread.current_frame},
        {"thread_state.thread_id", thread.thread_id},
        {"thread_state.datastack_chunk", thread.datastack_chunk},
        {"interpreter_frame.size", frame.size},
        {"interpreter_frame.previous", frame.previous},
        {"interpreter_frame.executable", frame.executable},
        {"interpreter_frame.instr_ptr", frame.instr_ptr},
        {"interpreter_frame.owner", frame.owner},
        {"code_object.size", code.size},
        {"code_object.filename", code.filename},
        {"code_object.name", code.name},
        {"code_object.firstlineno", code.firstlineno},
        {"code_object.linetable", code.linetable},
        {"code_object.co_code_adaptive", code.co_code_adaptive},
        {"pyobject.ob_type", offsets.pyobject.ob_type},
    };
}

std::map<std::string, published> published_places(std::uint32_t version) {
    switch (version) {
        case 0x030d:
            return published_places<debug_offsets_3_13>();
        case 0x030e:
            return published_places<debug_offsets_3_14>();
        case 0x030f:
            return published_places<debug_offsets_3_15>();
        default:
            return {};
    }
}

// Compares one interpreter's headers with our table; false if it has none.
bool check(const std::string& include) {
    namespace fs = std::filesystem;
    if (!fs::exists(include + "/internal/pycore_pystate.h")) return false;
    const fs::path program =
        fs::temp_directory_path() / ("fil_layout_probe_" + std::to_string(getpid()));
    const std::string compile = "cc -w -I'" + include + "' -I'" + include + "/internal' -I'" +
                                include + "/..' '" FIL_LAYOUT_PROBE "' -o '" + program.string() +
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
    const object_layout* objects = find_object_layout(value);
    if (layout == nullptr || objects == nullptr) {
        ADD_FAILURE() << include << ": no table";
        return true;
    }
    std::set<std::string> seen;
    auto places = published_places(layout->version);
    while (lines >> name >> value) {
        if (name.starts_with("published.")) {
            const auto place = places.extract(name.substr(std::strlen("published.")));
            EXPECT_EQ(place.empty() ? 0 : place.mapped(), value) << name << " in " << include;
            continue;
        }
        if (const auto object = object_members.find(name); object != object_members.end()) {
            EXPECT_EQ(objects->*object->second, value) << name << " in " << include;
            seen.insert(name);
            continue;
        }
        if (const auto same = same_objects.find(name); same != same_objects.end()) {
            EXPECT_EQ(same->second, value) << name << " in " << include;
            continue;
        }
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
    for (const auto& [each, member] : object_members) {
        if (seen.contains(each)) continue;
        EXPECT_EQ(objects->*member, 0) << each << " is not in " << include;
    }
    for (const auto& [each, place] : places) ADD_FAILURE() << each << " is not in " << include;
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

TEST(layout, is_known_for_3_9_to_3_15) {
    for (std::uint32_t minor = 9; minor <= 15; ++minor)
        EXPECT_NE(find_layout(0x0300 + minor), nullptr);
    EXPECT_EQ(find_layout(0x0308), nullptr);
    EXPECT_EQ(find_layout(0x0310), nullptr);
}

namespace {

// One that a distributor has patched: nothing is where the table of its version has it.
template <typename Offsets>
Offsets published_by(std::uint64_t version) {
    Offsets offsets{};
    std::memcpy(offsets.start.cookie, "xdebugpy", 8);
    offsets.start.version = version << 16 | 0xf0;
    offsets.thread_state.size = 400;
    offsets.thread_state.current_frame = 80;
    offsets.thread_state.thread_id = 160;
    offsets.interpreter_frame.size = 88;
    offsets.interpreter_frame.previous = 16;
    offsets.interpreter_frame.executable = 8;
    offsets.interpreter_frame.instr_ptr = 64;
    offsets.interpreter_frame.owner = 76;
    offsets.code_object.size = 240;
    offsets.code_object.filename = 120;
    offsets.code_object.name = 128;
    offsets.code_object.firstlineno = 72;
    offsets.code_object.co_code_adaptive = 216;
    offsets.pyobject = {.size = 16, .ob_type = 8};
    return offsets;
}

template <typename Offsets>
void expect_published_ones_win(const python_layout& table) {
    python_layout layout = table;
    const auto offsets = published_by<Offsets>(table.version);
    EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::usable);
    EXPECT_EQ(layout.thread_frame, 80);
    EXPECT_EQ(layout.thread_id, 160);
    EXPECT_EQ(layout.frame_previous, 16);
    EXPECT_EQ(layout.frame_code, 8);
    EXPECT_EQ(layout.frame_instruction, 64);
    EXPECT_EQ(layout.frame_owner, 76);
    EXPECT_EQ(layout.frame_stamp, 0);  // its place is not published
    EXPECT_EQ(layout.code_name, 128);
    EXPECT_EQ(layout.code_filename, 120);
    EXPECT_EQ(layout.code_first_line, 72);
    EXPECT_EQ(layout.code_instructions, 216);
}

template <typename Offsets>
void expect_refusals(const python_layout& table) {
    python_layout layout = table;
    auto offsets = published_by<Offsets>(table.version);
    offsets.start.cookie[0] = 'X';
    EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::none);
    offsets = published_by<Offsets>(table.version + 1);
    EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::none);
    for (const published wrong : {published{84}, published{4096}, ~published{3}}) {
        offsets = published_by<Offsets>(table.version);
        offsets.interpreter_frame.previous = wrong;
        EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::none);
    }
    EXPECT_EQ(layout.frame_previous, table.frame_previous);
    offsets = published_by<Offsets>(table.version);
    offsets.start.free_threaded = 1;
    EXPECT_EQ(read_debug_offsets(&offsets, layout), offsets_found::free_threaded);
}

}  // namespace

TEST(debug_offsets, published_ones_win) {
    expect_published_ones_win<debug_offsets_3_13>(layout_3_13);
    expect_published_ones_win<debug_offsets_3_14>(layout_3_14);
    expect_published_ones_win<debug_offsets_3_15>(layout_3_15);
}

TEST(debug_offsets, without_cookie_version_or_sense_or_lock_are_refused) {
    expect_refusals<debug_offsets_3_13>(layout_3_13);
    expect_refusals<debug_offsets_3_14>(layout_3_14);
    expect_refusals<debug_offsets_3_15>(layout_3_15);
}

TEST(code, is_found_under_the_tag_of_a_reference) {
    python_layout layout = layout_3_14;
    for (address tag : {0, 1, 3}) {
        const address frame[16] = {address{0x1234567890} | tag};
        EXPECT_EQ(code_of(layout, reinterpret_cast<address>(frame)), 0x1234567890u);
    }
}

#pragma once
// Where each CPython keeps what the frame walk reads: byte offsets, one table a minor version.
//
// Within a minor version these structs never change (extension modules compiled against one patch
// release must run on all), so seven rows serve every interpreter from 3.9 to 3.15. The rows are
// proved by test/python/version_layout_test.cpp against the internal headers of each interpreter it
// finds. From 3.13 an interpreter publishes its offsets in the process (debug_offsets.hpp): those
// win. Constants only; any thread, no locks. 64-bit builds without Py_TRACE_REFS, which adds
// fields.
#include <cstdint>

namespace fil::python {

// Offsets in bytes. A bit field is given by its mask in the 32-bit word at text_state.
struct python_layout {
    std::uint32_t version;  // major << 8 | minor

    // PyThreadState: the current frame, or the struct that points to it (3.11, 3.12).
    std::uint16_t thread_frame;
    std::uint16_t cframe_frame;
    std::uint16_t thread_cframe;    // of 3.10 and 3.11, where a struct on the machine's stack
    std::uint16_t cframe_previous;  //   stands for each crossing (crossings.hpp); else 0
    std::uint16_t thread_id;
    std::uint16_t thread_piece;  // from 3.11: the newest piece of the data stack

    // _PyStackChunk, from 3.11.
    std::uint16_t piece_below;
    std::uint16_t piece_frames;

    // PyFrameObject up to 3.10, _PyInterpreterFrame from 3.11.
    std::uint16_t frame_previous;
    std::uint16_t frame_code;
    std::uint16_t frame_instruction;
    std::uint16_t frame_owner;  // from 3.12 a byte that marks frames of no Python function; else 0
    std::uint16_t frame_stamp;  // frames.hpp; 0: none
    std::uint16_t frame_generator;  // up to 3.10: the generator that a frame belongs to

    std::uint16_t object_type;
    std::uint16_t code_name;
    std::uint16_t code_filename;
    std::uint16_t code_first_line;
    std::uint16_t code_line_table;
    std::uint16_t code_instructions;  // from 3.11: the bytecode lies inside the code object

    std::uint16_t bytes_length;
    std::uint16_t bytes_data;

    std::uint16_t text_length;
    std::uint16_t text_state;
    std::uint16_t text_ascii;        // characters of a compact ASCII string
    std::uint16_t text_compact;      // characters of another compact string
    std::uint16_t text_pointer;      // pointer to the characters of the rest
    std::uint16_t text_wide;         // up to 3.11: wchar_t characters of a string never "readied"
    std::uint16_t text_wide_length;  //   and how many
    std::uint16_t text_kind_mask;
    std::uint16_t text_compact_bit;
    std::uint16_t text_ascii_bit;

    // Up to 3.10 an instruction is an index, of bytes or of 2-byte units, into a bytes object.
    constexpr bool instruction_is_pointer() const { return version >= 0x030b; }
    constexpr int bytes_an_instruction() const { return version == 0x0309 ? 1 : 2; }

    friend bool operator==(const python_layout&, const python_layout&) = default;
};

inline constexpr python_layout layout_3_9 = {
    .version = 0x0309,
    .thread_frame = 24,
    .cframe_frame = 0,
    .thread_cframe = 0,
    .cframe_previous = 0,
    .thread_id = 176,
    .thread_piece = 0,
    .piece_below = 0,
    .piece_frames = 0,
    .frame_previous = 24,
    .frame_code = 32,
    .frame_instruction = 104,
    .frame_owner = 0,
    .frame_stamp = 88,
    .frame_generator = 96,
    .object_type = 8,
    .code_name = 112,
    .code_filename = 104,
    .code_first_line = 40,
    .code_line_table = 120,
    .code_instructions = 0,
    .bytes_length = 16,
    .bytes_data = 32,
    .text_length = 16,
    .text_state = 32,
    .text_ascii = 48,
    .text_compact = 72,
    .text_pointer = 72,
    .text_wide = 40,
    .text_wide_length = 64,
    .text_kind_mask = 7 << 2,
    .text_compact_bit = 1 << 5,
    .text_ascii_bit = 1 << 6,
};

inline constexpr python_layout layout_3_10 = [] {
    python_layout layout = layout_3_9;
    layout.version = 0x030a;
    layout.thread_cframe = 48;
    layout.cframe_previous = 8;
    layout.frame_instruction = 96;
    layout.frame_stamp = 84;
    layout.frame_generator = 88;
    return layout;
}();

inline constexpr python_layout layout_3_11 = [] {
    python_layout layout = layout_3_9;
    layout.version = 0x030b;
    layout.thread_frame = 56;
    layout.cframe_frame = 8;
    layout.thread_cframe = 56;
    layout.cframe_previous = 16;
    layout.thread_id = 152;
    layout.thread_piece = 296;
    layout.piece_frames = 24;
    layout.frame_previous = 48;
    layout.frame_code = 32;
    layout.frame_instruction = 56;
    layout.frame_stamp = 64;
    layout.frame_generator = 0;
    layout.code_name = 120;
    layout.code_filename = 112;
    layout.code_first_line = 72;
    layout.code_line_table = 136;
    layout.code_instructions = 184;
    return layout;
}();

inline constexpr python_layout layout_3_12 = [] {
    python_layout layout = layout_3_11;
    layout.version = 0x030c;
    layout.cframe_frame = 0;
    layout.thread_cframe = 0;
    layout.cframe_previous = 0;
    layout.thread_id = 136;
    layout.thread_piece = 232;
    layout.frame_previous = 8;
    layout.frame_code = 0;
    layout.frame_owner = 70;
    layout.code_first_line = 68;
    layout.code_instructions = 192;
    layout.text_ascii = 40;
    layout.text_compact = 56;
    layout.text_pointer = 56;
    layout.text_wide = 0;
    layout.text_wide_length = 0;
    return layout;
}();

inline constexpr python_layout layout_3_13 = [] {
    python_layout layout = layout_3_12;
    layout.version = 0x030d;
    layout.thread_frame = 72;
    layout.thread_id = 152;
    layout.code_instructions = 200;
    return layout;
}();

inline constexpr python_layout layout_3_14 = [] {
    python_layout layout = layout_3_13;
    layout.version = 0x030e;
    layout.frame_owner = 74;
    layout.frame_stamp = 0;
    layout.code_instructions = 208;
    return layout;
}();

inline constexpr python_layout layout_3_15 = [] {
    python_layout layout = layout_3_14;
    layout.version = 0x030f;
    layout.thread_id = 176;
    layout.thread_piece = 256;
    return layout;
}();

inline constexpr const python_layout* known_layouts[] = {&layout_3_9,  &layout_3_10, &layout_3_11,
                                                         &layout_3_12, &layout_3_13, &layout_3_14,
                                                         &layout_3_15};

// The table of a version (major << 8 | minor), or NULL where we have none.
constexpr const python_layout* find_layout(std::uint32_t version) {
    for (const python_layout* layout : known_layouts) {
        if (layout->version == version) return layout;
    }
    return nullptr;
}

}  // namespace fil::python

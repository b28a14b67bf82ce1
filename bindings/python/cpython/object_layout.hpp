#pragma once
// Where each CPython keeps a frame's variables, an instance's attributes and a dict's entries: what
// errand.hpp reads beside frames.
//
// Byte offsets, one table a minor version, as in version_layout.hpp; checked by the same test
// against the headers of each interpreter found. Constants only.
#include <cstdint>

namespace fil::python {

// How an instance keeps its attributes.
enum class attributes : std::uint8_t {
    dict,            // up to 3.10: a dict, at the offset that its type tells
    pointers,        // 3.11: two words before the object, one for the dict, one for values
    tagged_pointer,  // 3.12: a word before it, odd if it is for values
    inlined          // from 3.13: a word before it for the dict, and values behind it
};

struct object_layout {
    std::uint32_t version;  // major << 8 | minor

    // The frame: its variables, and how many (in the code object).
    std::uint16_t frame_variables;
    std::uint16_t code_variables;
    std::uint16_t code_cells;  // up to 3.10: tuples of cells and free variables; else 0
    std::uint16_t code_free;
    std::uint16_t frame_owner;      // from 3.11 a byte, 1: a generator's
    std::uint16_t frame_generator;  // up to 3.10 a pointer to it
    std::uint16_t generator_frame;  // from 3.11: where in the generator its frame lies

    std::uint16_t code_flags;
    std::uint16_t code_arguments;
    std::uint16_t code_keyword_arguments;
    std::uint16_t code_names;

    attributes kept;
    std::uint16_t type_cached_keys;
    std::uint16_t values_first;  // in an instance's values
    std::uint16_t tuple_items;

    // The same in all versions.
    static constexpr std::uint16_t type_flags = 168, type_dict_offset = 288, type_basic_size = 32;
    static constexpr std::uint16_t dict_keys = 32, dict_values = 40;
    static constexpr std::uint16_t tuple_length = 16;

    // A generator's frame is part of it, or an object of its own.
    constexpr bool has_frames_inside() const { return version >= 0x030b; }
    // A variable is a pointer; from 3.14 its lowest bits say how it is counted.
    constexpr bool has_tags() const { return version >= 0x030e; }
};

inline constexpr object_layout objects_3_9 = {.version = 0x0309,
                                              .frame_variables = 360,
                                              .code_variables = 28,
                                              .code_cells = 88,
                                              .code_free = 80,
                                              .frame_owner = 0,
                                              .frame_generator = 96,
                                              .generator_frame = 0,
                                              .code_flags = 36,
                                              .code_arguments = 16,
                                              .code_keyword_arguments = 24,
                                              .code_names = 64,
                                              .kept = attributes::dict,
                                              .type_cached_keys = 864,
                                              .values_first = 0,
                                              .tuple_items = 24};

inline constexpr object_layout objects_3_10 = [] {
    object_layout layout = objects_3_9;
    layout.version = 0x030a;
    layout.frame_variables = 352;
    layout.frame_generator = 88;
    layout.type_cached_keys = 872;
    return layout;
}();

inline constexpr object_layout objects_3_11 = {.version = 0x030b,
                                               .frame_variables = 72,
                                               .code_variables = 76,
                                               .code_cells = 0,
                                               .code_free = 0,
                                               .frame_owner = 69,
                                               .frame_generator = 0,
                                               .generator_frame = 80,
                                               .code_flags = 48,
                                               .code_arguments = 56,
                                               .code_keyword_arguments = 64,
                                               .code_names = 32,
                                               .kept = attributes::pointers,
                                               .type_cached_keys = 872,
                                               .values_first = 0,
                                               .tuple_items = 24};

inline constexpr object_layout objects_3_12 = [] {
    object_layout layout = objects_3_11;
    layout.version = 0x030c;
    layout.code_variables = 72;
    layout.frame_owner = 70;
    layout.generator_frame = 72;
    layout.code_arguments = 52;
    layout.code_keyword_arguments = 60;
    layout.kept = attributes::tagged_pointer;
    layout.type_cached_keys = 880;
    return layout;
}();

inline constexpr object_layout objects_3_13 = [] {
    object_layout layout = objects_3_12;
    layout.version = 0x030d;
    layout.kept = attributes::inlined;
    layout.values_first = 8;
    return layout;
}();

inline constexpr object_layout objects_3_14 = [] {
    object_layout layout = objects_3_13;
    layout.version = 0x030e;
    layout.frame_variables = 80;
    layout.frame_owner = 74;
    layout.tuple_items = 32;
    return layout;
}();

inline constexpr object_layout objects_3_15 = [] {
    object_layout layout = objects_3_14;
    layout.version = 0x030f;
    layout.type_cached_keys = 888;
    return layout;
}();

inline constexpr const object_layout* known_object_layouts[] = {
    &objects_3_9,  &objects_3_10, &objects_3_11, &objects_3_12,
    &objects_3_13, &objects_3_14, &objects_3_15};

// NULL where we have none.
constexpr const object_layout* find_object_layout(std::uint32_t version) {
    for (const object_layout* layout : known_object_layouts) {
        if (layout->version == version) return layout;
    }
    return nullptr;
}

}  // namespace fil::python

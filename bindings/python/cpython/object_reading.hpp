#pragma once
// Reads Python objects in place: a frame's variables, an instance's attribute, a dict's values.
//
// Nothing of Python is called, nothing is written. Attributes and dicts are read by a thread that
// holds the interpreter lock, which alone lets them change; a frame's variables by the thread that
// runs it. No pointer is followed but to a block that the recorder knows to live. Hot path: no
// allocation, no throw, no locks.
#include <cstdint>
#include <string_view>
#include <utility>

#include "fil.h"
#include "frames.hpp"
#include "object_layout.hpp"
#include "text.hpp"

namespace fil::python {

// The block that an object lies in: it has up to three pairs of words before it, of the garbage
// collector, of its attributes and of debug hooks. Nothing of another block is meant.
inline fil_block block_of_object(address object, std::size_t least = 1) {
    if (object % 8 != 0) return {};
    for (std::size_t before = 0; before <= 48; before += 16) {
        const fil_block block = fil_block_look(reinterpret_cast<const void*>(object - before));
        if (block.callstack == FIL_CALLSTACK_NONE) continue;
        return block.bytes >= before + least ? block : fil_block{};
    }
    return {};
}

class object_reader {
  public:
    object_reader(const python_layout& frames, const object_layout& objects)
        : frames_(frames), objects_(objects) {}

    // ---- a frame's variables ----

    // Cells and free variables are objects, too; from 3.11 all are counted as one.
    std::uint32_t variables(address code) const {
        const auto count = load<std::uint32_t>(code, objects_.code_variables);
        const std::uint32_t most = 256;
        if (objects_.code_cells == 0) return count < most ? count : most;
        const std::uint64_t all = count + length_of(load(code, objects_.code_cells)) +
                                  length_of(load(code, objects_.code_free));
        return static_cast<std::uint32_t>(all < most ? all : most);
    }
    // Of these the first; *args and **kwargs are two of them.
    std::uint32_t arguments(address code) const {
        const auto flags = load<std::uint32_t>(code, objects_.code_flags);
        return load<std::uint32_t>(code, objects_.code_arguments) +
               load<std::uint32_t>(code, objects_.code_keyword_arguments) + (flags >> 2 & 1) +
               (flags >> 3 & 1);
    }
    // 0: it has no value, or a small one that is no object.
    address variable(address frame, std::uint32_t number) const {
        const address found = load(frame, objects_.frame_variables + 8 * number);
        if (!objects_.has_tags()) return found;
        return (found & 3) == 3 ? 0 : found & ~address{3};
    }

    // The coroutine that a frame belongs to, as the block that it lies in; none.
    fil_block coroutine_of(address frame, address code) const {
        constexpr std::uint32_t coroutine = 0x80 | 0x100 | 0x200;  // also async generators
        if ((load<std::uint32_t>(code, objects_.code_flags) & coroutine) == 0) return {};
        if (!objects_.has_frames_inside()) {
            const address generator = load(frame, objects_.frame_generator);
            return generator != 0 ? block_of_object(generator) : fil_block{};
        }
        if (load<std::uint8_t>(frame, objects_.frame_owner) != 1) return {};
        return block_of_object(frame - objects_.generator_frame);
    }

    // Whether a function's code mentions one of these names: attributes, methods, globals.
    template <typename IsWanted>
    bool mentions(address code, IsWanted is_wanted) const {
        const address names = load(code, objects_.code_names);
        const std::uint64_t count = length_of(names);
        for (std::uint64_t i = 0; i < count && i < 256; ++i) {
            if (is_wanted(
                    text(load(names, static_cast<std::uint32_t>(objects_.tuple_items + 8 * i)))))
                return true;
        }
        return false;
    }

    // ---- an instance ----

    address type_of(address object) const { return load(object, frames_.object_type); }

    // The attribute in an instance's own dict or values; 0: it has none such.
    address attribute(address object, std::string_view name) const {
        if (block_of_object(object, 16).callstack == FIL_CALLSTACK_NONE) return 0;
        const address type = type_of(object);
        if (block_of_object(type, 900).callstack == FIL_CALLSTACK_NONE) return 0;  // no class
        const auto flags = load<std::uint64_t>(type, objects_.type_flags);
        constexpr std::uint64_t has_inlined = 1u << 2, has_managed = 1u << 4;
        address values = 0, dict = 0;
        if (objects_.kept == attributes::dict) {
            const auto at = load<std::int64_t>(type, objects_.type_dict_offset);
            if (at > 0 && at < 4096) dict = load(object, static_cast<std::uint32_t>(at));
        } else if ((flags & has_managed) != 0) {
            dict = load(object - 24, 0);
            if (objects_.kept == attributes::pointers) {
                values = load(object - 32, 0);
            } else if (objects_.kept == attributes::tagged_pointer) {
                if ((dict & 1) != 0) values = std::exchange(dict, 0) + 1;
            } else if ((flags & has_inlined) != 0) {
                const address inlined = object + load(type, objects_.type_basic_size);
                if (load<std::uint8_t>(inlined, 3) != 0) values = inlined;
            }
        }
        if (values != 0)
            return find(load(type, objects_.type_cached_keys), values + objects_.values_first,
                        name);
        return dict != 0 ? entry_of(dict, name) : 0;
    }

    // ---- a dict ----

    // A live one, or an instance of a class that is one.
    bool is_dict(address object) const {
        constexpr std::uint64_t dict_subclass = 1u << 29;
        return object != 0 && block_of_object(object, 48).callstack != FIL_CALLSTACK_NONE &&
               (load<std::uint64_t>(type_of(object), objects_.type_flags) & dict_subclass) != 0;
    }

    address entry_of(address dict, std::string_view name) const {
        if (block_of_object(dict, 48).callstack == FIL_CALLSTACK_NONE) return 0;
        return find(load(dict, objects_.dict_keys), values_of(dict), name);
    }

    // visit(key, value), until it says false; oldest first. Of what is_dict().
    template <typename Visit>
    void each_item(address dict, Visit visit) const {
        each_entry(load(dict, objects_.dict_keys), values_of(dict),
                   [&](address key, address value) {
                       return key == 0 || value == 0 || visit(key, value);
                   });
    }

    // ---- numbers and bytes ----

    // An int's that is not negative and below 2^60; else all ones.
    std::uint64_t small_number(address number) const {
        const auto size = load<std::int64_t>(number, after_head);
        const bool is_tagged = objects_.version >= 0x030c;  // its low bits: a sign
        if (is_tagged ? (size & 3) == 2 : size < 0) return ~std::uint64_t{0};
        const std::int64_t digits = is_tagged ? size >> 3 : size;
        if (digits > 2) return ~std::uint64_t{0};
        std::uint64_t value = digits > 0 ? load<std::uint32_t>(number, after_head + 8) : 0;
        if (digits == 2) value |= std::uint64_t{load<std::uint32_t>(number, after_head + 12)} << 30;
        return value;
    }
    std::string_view bytes(address object) const {
        return {reinterpret_cast<const char*>(object + after_head + 16),
                load<std::uint64_t>(object, after_head)};
    }
    // A word of an object of whatever type, behind what all objects have.
    address first_field(address object) const { return load(object, after_head); }

    std::string_view text(address string) const {
        char buffer[8];
        const fil_text found = read_text(frames_, string, buffer, sizeof buffer);
        return {found.data, found.data == buffer ? 0 : found.length};  // ASCII, as it lies
    }

  private:
    static constexpr std::uint32_t after_head = 16;

    std::uint64_t length_of(address tuple) const {
        return tuple != 0 ? load<std::uint64_t>(tuple, objects_.tuple_length) : 0;
    }

    // Values that lie apart from the keys; 0: beside them. The dict of an instance, up to 3.12,
    // points to the first one, later to what stands before it.
    address values_of(address dict) const {
        const address values = load(dict, objects_.dict_values);
        return values != 0 ? values + objects_.values_first : 0;
    }

    address find(address keys, address values, std::string_view name) const {
        address found = 0;
        each_entry(keys, values, [&](address key, address value) {
            if (key == 0 || text(key) != name) return true;
            found = value;
            return false;
        });
        return found;
    }

    // Those of interned strings alone are 16 bytes long from 3.11, others have a hash before.
    template <typename Visit>
    void each_entry(address keys, address values, Visit visit) const {
        const fil_block block = fil_block_look(reinterpret_cast<const void*>(keys));
        if (block.callstack == FIL_CALLSTACK_NONE) return;
        std::uint64_t first, count, bytes = 24;
        if (objects_.has_frames_inside()) {
            count = load<std::uint64_t>(keys, 24);
            first = 32 + (std::uint64_t{1} << (load<std::uint8_t>(keys, 9) & 63));
            if (load<std::uint8_t>(keys, 10) != 0) bytes = 16;
        } else {
            const auto size = load<std::uint64_t>(keys, 8);
            count = load<std::uint64_t>(keys, 32);
            first = 40 + size * (size <= 0xff ? 1 : size <= 0xffff ? 2 : size >> 32 == 0 ? 4 : 8);
        }
        constexpr std::uint64_t most = 4096;
        for (std::uint64_t i = 0; i < count && i < most; ++i) {
            const std::uint64_t end = first + (i + 1) * bytes;
            if (end > block.bytes) return;
            const address entry = keys + end - 16;
            const address value =
                values != 0 ? load(values, static_cast<std::uint32_t>(8 * i)) : load(entry, 8);
            if (!visit(load(entry, 0), value)) return;
        }
    }

    const python_layout& frames_;
    const object_layout& objects_;
};

}  // namespace fil::python

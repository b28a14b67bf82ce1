#pragma once
// Structs and messages that cross the C ABI.
//
// A struct of a caller compiled against an older fil.h is shorter: what it lacks is read as zero. A
// longer one of a newer caller is fine as long as its unknown tail is zero, for then it asks for
// nothing that this library does not know.
//
// Hot path: no allocation, no throw.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fil.h"

namespace fil::capi {

// "0.1.0".
#define FIL_QUOTED(number) #number
#define FIL_DOTTED(a, b, c) FIL_QUOTED(a) "." FIL_QUOTED(b) "." FIL_QUOTED(c)
inline constexpr char version[] =
    FIL_DOTTED(FIL_VERSION_MAJOR, FIL_VERSION_MINOR, FIL_VERSION_PATCH);
#undef FIL_DOTTED
#undef FIL_QUOTED

// One of an array, whose caller says how many bytes each has.
template <typename Struct>
fil_status copy_element(Struct& known, const void* element, std::size_t size) {
    if (size == 0) return FIL_ERROR_STRUCT_SIZE;
    const auto* bytes = static_cast<const unsigned char*>(element);
    for (std::size_t i = sizeof(Struct); i < size; ++i) {
        if (bytes[i] != 0) return FIL_ERROR_STRUCT_SIZE;
    }
    std::memcpy(&known, element, size < sizeof(Struct) ? size : sizeof(Struct));
    return FIL_OK;
}

template <typename Struct>
fil_status copy_struct(Struct& known, const Struct* given) {
    if (given == nullptr) return FIL_ERROR_ARGUMENT;
    const std::size_t size = given->struct_size;
    if (size < sizeof(std::size_t)) return FIL_ERROR_STRUCT_SIZE;
    return copy_element(known, given, size);
}

// Fills a caller's struct, which may be shorter or longer than ours.
template <typename Struct>
fil_status fill_struct(Struct* target, Struct value) {
    const std::size_t size = target->struct_size;
    if (size < sizeof(std::size_t)) return FIL_ERROR_STRUCT_SIZE;
    value.struct_size = size;
    std::memcpy(target, &value, size < sizeof(Struct) ? size : sizeof(Struct));
    return FIL_OK;
}

// Writes a message, cut to fit, on one line.
inline void say(fil_error* error, const char* message) {
    if (error == nullptr || error->struct_size <= offsetof(fil_error, message)) return;
    const std::size_t room = error->struct_size < sizeof(fil_error)
                                 ? error->struct_size - offsetof(fil_error, message)
                                 : sizeof error->message;
    std::size_t length = 0;
    for (; length + 1 < room && message[length] != 0; ++length) {
        error->message[length] = message[length] == '\n' ? ' ' : message[length];
    }
    error->message[length] = 0;
}

// The same, if the call failed.
inline void say(fil_error* error, fil_status status, const char* message) {
    if (status != FIL_OK) say(error, message);
}

}  // namespace fil::capi

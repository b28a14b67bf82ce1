#pragma once
// How the cold half of the C ABI turns exceptions into statuses: one guarded([&] { ... }) a
// function.

#include <new>
#include <string>
#include <system_error>

#include "structs.hpp"

namespace fil::capi {

// A failure on its way to the caller.
struct failure {
    fil_status status;
    std::string message;
};

template <typename Body>
fil_status guarded(fil_error* error, Body&& body) noexcept {
    try {
        body();
        return FIL_OK;
    } catch (const failure& f) {
        say(error, f.message.c_str());
        return f.status;
    } catch (const std::bad_alloc&) {
        say(error, "out of memory");
        return FIL_ERROR_MEMORY;
    } catch (const std::system_error& e) {
        say(error, e.what());
        return FIL_ERROR_SYSTEM;
    } catch (const std::exception& e) {
        say(error, e.what());
        return FIL_ERROR_INTERNAL;
    } catch (...) {
        say(error, "unknown failure");
        return FIL_ERROR_INTERNAL;
    }
}

// What body() answers; `otherwise` if it fails.
template <typename Answer, typename Body>
Answer answer_or(Answer otherwise, Body&& body) noexcept {
    guarded(nullptr, [&] { otherwise = body(); });
    return otherwise;
}

inline void check_pointer(const void* pointer, const char* name) {
    if (pointer == nullptr) throw failure{FIL_ERROR_ARGUMENT, std::string(name) + " is NULL"};
}

// Borrowed.
inline fil_text text_of(const std::string& text) {
    return {text.data(), text.size()};
}

// The struct as this library knows it (capi/structs.hpp), or a failure.
template <typename Struct>
Struct checked_copy(const Struct* given, const char* name) {
    Struct known{};
    const fil_status status = copy_struct(known, given);
    if (status == FIL_ERROR_STRUCT_SIZE) {
        throw failure{status, std::string(name) + ": struct_size is of no version that is known"};
    }
    if (status != FIL_OK) throw failure{status, std::string(name) + " is NULL"};
    return known;
}

// Fills a caller's struct (capi/structs.hpp), or fails.
template <typename Struct>
void checked_fill(Struct* target, Struct value, const char* name) {
    check_pointer(target, name);
    if (fill_struct(target, value) != FIL_OK) {
        throw failure{FIL_ERROR_STRUCT_SIZE, std::string(name) + ": struct_size is not set"};
    }
}

}  // namespace fil::capi

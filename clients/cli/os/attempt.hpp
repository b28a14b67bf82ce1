// What fil-profile does for itself while a program is in its hands, or has just ended: whatever
// goes wrong in it costs that, and a line on stderr that says so, but neither the program nor its
// status.
#pragma once

#include <exception>
#include <new>

namespace fil::cli {

// "could not `what`: `why`", once for each of what a program's supervisor does. Takes no memory.
void say_mishap(const char* what, const char* why) noexcept;

// Whether it came to its end. `what` completes "could not ..." and lives for ever.
template <typename Act>
bool attempt(const char* what, Act&& act) noexcept {
    try {
        act();
        return true;
    } catch (const std::bad_alloc&) {
        say_mishap(what, "there is not enough memory");
    } catch (const std::exception& error) {
        say_mishap(what, error.what());
    } catch (...) {
        say_mishap(what, "it failed");
    }
    return false;
}

}  // namespace fil::cli

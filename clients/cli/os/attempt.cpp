#include "os/attempt.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "os/message.hpp"

namespace fil::cli {
namespace {

constexpr std::size_t most = 32;
std::array<const char*, most> said{};

// False: it was said before, or there is no room to remember it.
bool is_news(const char* what) {
    const auto place = std::ranges::find_if(said, [&](const char* before) {
        return before == nullptr || std::string_view(before) == what;
    });
    if (place == said.end() || *place != nullptr) return false;
    *place = what;
    return true;
}

}  // namespace

void say_mishap(const char* what, const char* why) noexcept {
    if (!is_news(what)) return;
    std::array<char, 400> text{};
    std::snprintf(text.data(), text.size(), "WARNING: fil-profile could not %s: %s.", what, why);
    say_without_memory(text.data());
}

}  // namespace fil::cli

#pragma once
// Lines on standard output, for fil-profile: each begins with a mark, since an allocator may write
// there, too.

#include <cstdio>

namespace fil::replay_driver {

inline const char* mark = "";

template <typename... Values>
void tell(const char* format, Values... values) {
    std::printf("%s ", mark);
    std::printf(format, values...);
}

}  // namespace fil::replay_driver

#pragma once
// The mangling that Rust had before "v0" and still has by default: it looks like that of C++.

#include <optional>
#include <string>
#include <string_view>

namespace fil {

// `_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE`; none: it is not such a name.
std::optional<std::string> rust_legacy_name(std::string_view mangled);

}  // namespace fil

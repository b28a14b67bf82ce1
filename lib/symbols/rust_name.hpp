#pragma once
// Names of Rust's functions, as their author wrote them: from the mangling "v0" of today and the
// one before ("legacy"). Without the hashes that tell two crates of one name apart.
//
// The grammar of v0 is that of Rust's RFC 2603. Cold code; throws std::bad_alloc only.

#include <optional>
#include <string>
#include <string_view>

namespace fil {

// None: it is not such a name.
std::optional<std::string> rust_name(std::string_view mangled);

}  // namespace fil

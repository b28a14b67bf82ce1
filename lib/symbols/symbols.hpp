#pragma once
// Names for the addresses of native code in a recording: (module file, its build id, offset in it)
// becomes the frames that a reader sees.
//
// Names are made readable (readable_name.hpp):
//
// - With debug information, `file:line (function)`: the function and those inlined into it.
// - Else `libx.so+0x1234 (function)`, by the symbol table: the file is "libx.so+0x1234", line 0.
// - Else `libx.so+0x1234` with an empty function; "file changed" where the file on disk is not the
//   one that ran, by its build id.
// Files are opened once and answers kept. Looks at this machine's files only, unless servers are
// wished for.
// Cold code, for the process that draws a report; one thread at a time; throws std::bad_alloc only.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fil/report/frame.hpp"
#include "symbols/kept_names.hpp"
#include "symbols/readable_name.hpp"

namespace fil {

class debug_info;

// What is done only when asked for.
struct name_wishes {
    bool from_servers = false;  // debug information that is not here (debug_server.hpp)
    bool whole = false;         // however long they are
};

class symbols {
  public:
    // Keeps nothing for the next report, unless it is told where (kept_names.hpp).
    symbols() : symbols(kept_names("")) {}
    explicit symbols(kept_names kept, name_wishes wishes = {});
    ~symbols();
    symbols(const symbols&) = delete;
    symbols& operator=(const symbols&) = delete;

    // Outermost first, never empty.
    const std::vector<report::frame>& resolve(std::string_view module_path,
                                              std::string_view build_id, std::uint32_t offset);

    // What a reader of the names should know: debug information of another build, servers that
    // cannot be asked.
    std::vector<std::string> notes() const;

  private:
    struct module;

    module& module_of(std::string_view path, std::string_view build_id);

    std::map<std::pair<std::string, std::string>, module> modules_;
    readable_names names_;
    kept_names kept_;
    name_wishes wishes_;
};

}  // namespace fil

#pragma once
// Functions and callstacks that a caller tells of, who then writes a trace of its own: the same
// content gives the same id, and in the end all are a recording, as a process's would be, that says
// who is who. Cold; one thread.

#include <string>
#include <unordered_map>
#include <vector>

#include "fil/base/hash.hpp"
#include "fil/base/ids.hpp"
#include "fil/trace/trace_format.hpp"

namespace fil {

struct told_function {
    function_kind kind;
    std::string name, file, directory;
    std::uint32_t first_line;
    auto operator<=>(const told_function&) const = default;
};

class told_callstacks {
  public:
    // `none` where there is no room for more.
    function_id function(const told_function& one);
    // Of a caller and a function that are known; `unknown` where there is no room.
    callstack_id child(callstack_id caller, function_id function, std::uint32_t line);

    bool knows(callstack_id id) const { return to_index(id) < first_ + calls_.size(); }
    bool knows(function_id id) const {
        return id != function_id::none && to_index(id) <= functions_.size();
    }
    // Throws std::bad_alloc.
    trace::bytes recording(std::int32_t pid, std::int32_t parent) const;

  private:
    static constexpr std::uint32_t first_ = 2;  // after `none` and `unknown`
    struct call {
        callstack_id caller;
        function_id function;
        std::uint32_t line;
        bool operator==(const call&) const = default;
    };
    struct hash {
        std::size_t operator()(const call& one) const { return hash_bytes(&one, sizeof one, 0); }
        std::size_t operator()(const told_function& one) const {
            return hash_bytes(one.name.data(), one.name.size(),
                              hash_bytes(one.file.data(), one.file.size(), one.first_line));
        }
    };

    std::unordered_map<told_function, function_id, hash> function_ids_;
    std::unordered_map<call, callstack_id, hash> call_ids_;
    std::vector<const told_function*> functions_;  // from id 1; the keys of the map
    std::vector<call> calls_;                      // from id 2
};

}  // namespace fil

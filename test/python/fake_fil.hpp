#pragma once
// A small, slow, obvious implementation of the part of fil.h that the Python source calls, for
// tests: ordinary containers under one mutex, and stacks that can be read back. In a library that
// is preloaded into a real interpreter it is also the recorder (preload_for_tests.cpp). Guarded
// against its own allocations.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "fil.h"

namespace fil::fake {

struct function {
    std::string name;
    std::string file;
    std::uint32_t first_line;
    auto operator<=>(const function&) const = default;
};

struct callstack {
    fil_callstack caller;
    fil_function function;
    std::uint32_t line;
    auto operator<=>(const callstack&) const = default;
};

struct block {
    std::size_t bytes;
    fil_callstack who;
    bool watched;
};

class recorder {
  public:
    static recorder& the();

    fil_function intern(function wanted);
    fil_callstack child(callstack wanted);
    std::string text(fil_callstack who);  // "file:line (name)\n", outermost first
    fil_callstack capture();

    std::recursive_mutex lock;
    std::map<function, fil_function> function_ids;
    std::vector<function> functions{1};
    std::map<callstack, fil_callstack> callstack_ids;
    std::vector<callstack> callstacks{2};
    std::unordered_map<const void*, block> blocks;
    std::vector<fil_source> sources;
    std::map<std::string, std::vector<std::string>> facts;
    std::uint64_t generation = 1;
    std::map<std::uint64_t, std::pair<const void*, std::size_t>> causes;  // of each rise
    unsigned long captures = 0;
};

}  // namespace fil::fake

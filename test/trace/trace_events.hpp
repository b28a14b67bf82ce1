#pragma once
// Events for tests, in a line each.

#include "fil/trace/trace_writer.hpp"

namespace fil::trace {

inline event came(std::uint64_t block, std::uint64_t bytes, std::uint32_t thread = 1) {
    event one;
    one.block = one.moved_to = block_number{block};
    one.bytes = bytes;
    one.thread = thread;
    one.callstack = callstack_id{7};
    return one;
}
inline event went(std::uint64_t block, std::uint32_t thread = 1) {
    event one;
    one.what = operation::release;
    one.block = block_number{block};
    one.thread = thread;
    return one;
}
inline event moved(std::uint64_t block, std::uint64_t to, std::uint64_t bytes,
                   std::uint32_t thread = 1) {
    event one = came(block, bytes, thread);
    one.what = operation::reallocate;
    one.moved_to = block_number{to};
    return one;
}
inline event mapped(operation what, std::uint64_t address, std::uint64_t bytes,
                    layer of = layer::program) {
    event one;
    one.what = what;
    one.of = of;
    one.address = address;
    one.bytes = bytes;
    one.thread = 1;
    return one;
}
inline event touched(std::uint64_t block, std::uint64_t bytes) {
    event one = went(block);
    one.what = operation::touched_block;
    one.bytes = bytes;
    return one;
}

// A file in memory, of one process.
inline bytes file_of(const std::vector<event>& events, bool is_finished = true) {
    bytes file;
    writer out([&](const void* data, std::size_t length) {
        const auto* from = static_cast<const std::uint8_t*>(data);
        file.insert(file.end(), from, from + length);
    });
    const std::uint32_t process = out.add_process({42, 1, std::string("cat\0x\0", 6), "/bin/cat"});
    for (const event& one : events) out.add(process, one);
    if (!is_finished) {
        out.flush(process);
        return file;
    }
    out.end_process(process, {events.size(), 0, 0});
    out.finish();
    return file;
}

}  // namespace fil::trace

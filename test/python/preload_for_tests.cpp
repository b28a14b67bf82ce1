// Preloaded into real interpreters by stacks_test.cpp: the Python source over fake_fil, with the
// malloc hooks that it relies on, and probe_ functions that Python reaches through ctypes.

#include <dlfcn.h>

#include <cstring>
#include <string>
#include <vector>

#include "fake_fil.hpp"
#include "line_index.hpp"
#include "runtime.hpp"
#include "runtime_entry.hpp"

namespace fil {
extern const runtime_entry fil_runtime_python;
}

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void __libc_free(void*);
}

#define FIL_EXPORT extern "C" __attribute__((visibility("default")))

using fil::fake::recorder;

FIL_EXPORT void* malloc(size_t bytes) {
    void* block = __libc_malloc(bytes);
    fil_record_alloc(block, bytes);
    return block;
}
FIL_EXPORT void* calloc(size_t count, size_t bytes) {
    void* block = __libc_calloc(count, bytes);
    fil_record_alloc(block, count * bytes);
    return block;
}
FIL_EXPORT void free(void* block) {
    if (block != nullptr) fil_record_free(block);
    __libc_free(block);
}
FIL_EXPORT void* realloc(void* old, size_t bytes) {
    const fil_block forgotten = fil_block_forget(old);
    void* block = __libc_realloc(old, bytes);
    if (block == nullptr && bytes != 0) {
        fil_block_restore(old, forgotten);
    } else {
        fil_record_alloc(block, bytes);
    }
    return block;
}

// The stack of the calling thread, as text.
FIL_EXPORT const char* probe_stack(void) {
    static thread_local std::string text;
    text = recorder::the().text(fil_callstack_current());
    return text.c_str();
}

// The stack and the bytes of the block at an address; -1: none is recorded there.
FIL_EXPORT const char* probe_block_stack(const void* address) {
    static thread_local std::string text;
    const std::lock_guard hold(recorder::the().lock);
    const auto at = recorder::the().blocks.find(address);
    text = at == recorder::the().blocks.end() ? "" : recorder::the().text(at->second.who);
    return text.c_str();
}
FIL_EXPORT long probe_block_bytes(const void* address) {
    const std::lock_guard hold(recorder::the().lock);
    const auto at = recorder::the().blocks.find(address);
    return at == recorder::the().blocks.end() ? -1 : static_cast<long>(at->second.bytes);
}

// Bytes of blocks that overlap their neighbours: something is counted twice. At most `limit`
// blocks.
FIL_EXPORT long probe_overlaps(void) {
    const std::lock_guard hold(recorder::the().lock);
    long overlapping = 0;
    std::map<const char*, std::size_t> ordered;
    for (const auto& [address, block] : recorder::the().blocks) {
        ordered[static_cast<const char*>(address)] = block.bytes;
    }
    const char* end = nullptr;
    for (const auto& [address, bytes] : ordered) {
        if (address < end) ++overlapping;
        end = std::max(end, address + bytes);
    }
    return overlapping;
}

FIL_EXPORT void probe_objects_added(void) {
    fil::fil_runtime_python.objects_added();
}
FIL_EXPORT unsigned long probe_captures(void) {
    return recorder::the().captures;
}
FIL_EXPORT unsigned long probe_generation(void) {
    return fil_generation();
}

// The first offset in a code object, of instructions up to `end`, whose line is not what the
// interpreter says: upwards, downwards, and in leaps. -1: there is none.
FIL_EXPORT int probe_wrong_line(void* code, int end) {
    namespace python = fil::python;
    static python::line_index<64> lines;
    lines.forget();
    std::vector<int> expected;  // the interpreter counts from the first instruction each time
    for (int at = 0; at < end; at += 2)
        expected.push_back(python::the_runtime.symbols.PyCode_Addr2Line(code, at));
    const auto is_wrong = [&](int offset) {
        const int line =
            lines.line(python::the_runtime.layout, reinterpret_cast<python::address>(code),
                       static_cast<std::uint32_t>(offset));
        return line != expected[static_cast<std::size_t>(offset) / 2];
    };
    for (int at = 0; at < end; at += 2) {
        if (is_wrong(at)) return at;
    }
    for (int at = end - 2; at >= 0; at -= 2) {
        if (is_wrong(at)) return at;
    }
    lines.forget();
    for (int at = 0, i = 0; i < end; i += 2, at = (at + 7919 * 2) % end) {
        if (is_wrong(at)) return at;
    }
    return -1;
}

FIL_EXPORT const char* probe_fact(const char* key) {
    static std::string text;
    text.clear();
    for (const std::string& value : recorder::the().facts[key]) text += value + "\n";
    return text.c_str();
}

namespace {
__attribute__((constructor)) void start() {
    recorder::the();
    fil::fil_runtime_python.start();
}
}  // namespace

#include "fake_fil.hpp"

#include <sys/mman.h>

#include <cstring>

namespace fil::fake {
namespace {

thread_local int guard __attribute__((tls_model("initial-exec"))) = 0;
thread_local bool own __attribute__((tls_model("initial-exec"))) =
    false;  // in the containers below, whose blocks are nobody's business
thread_local void* memory[4] __attribute__((tls_model("initial-exec"))) = {};

struct guarded {
    std::lock_guard<std::recursive_mutex> hold{recorder::the().lock};
    bool before = own;
    guarded() { own = true, ++guard; }
    ~guarded() { own = before, --guard; }
};

}  // namespace

recorder& recorder::the() {
    alignas(recorder) static char place[sizeof(recorder)];
    static bool made = false;
    if (!made) {
        made = true;
        own = true;
        new (place) recorder;
        own = false;
    }
    return *reinterpret_cast<recorder*>(place);
}

fil_function recorder::intern(function wanted) {
    const auto [at, is_new] =
        function_ids.try_emplace(wanted, static_cast<fil_function>(functions.size()));
    if (is_new) functions.push_back(wanted);
    return at->second;
}

fil_callstack recorder::child(callstack wanted) {
    const auto [at, is_new] =
        callstack_ids.try_emplace(wanted, static_cast<fil_callstack>(callstacks.size()));
    if (is_new) callstacks.push_back(wanted);
    return at->second;
}

std::string recorder::text(fil_callstack who) {
    std::vector<fil_callstack> stack;
    for (; who > FIL_CALLSTACK_UNKNOWN; who = callstacks[who].caller) stack.push_back(who);
    std::string result;
    for (auto each = stack.rbegin(); each != stack.rend(); ++each) {
        const callstack& it = callstacks[*each];
        const function& of = functions[it.function];
        result += of.file + ":" + std::to_string(it.line) + " (" + of.name + ")\n";
    }
    return result;
}

fil_callstack recorder::capture() {
    ++captures;
    for (std::size_t i = sources.size(); i-- > 0;) {
        if (memory[i] == nullptr) {
            memory[i] = mmap(nullptr, sources[i].thread_bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        }
        own = false;
        const fil_callstack found = sources[i].capture(sources[i].context, memory[i]);
        own = true;
        if (found != FIL_CALLSTACK_NONE) return found;
    }
    return FIL_CALLSTACK_UNKNOWN;
}

}  // namespace fil::fake

using namespace fil::fake;

extern "C" {

uint64_t fil_generation(void) {
    return recorder::the().generation;
}

const uint64_t* fil_generation_address(void) {
    return &recorder::the().generation;
}

int fil_generation_cause(uint64_t generation, const void** address, size_t* bytes) {
    const guarded now;
    const auto at = recorder::the().causes.find(generation);
    if (at == recorder::the().causes.end()) return 0;
    *address = at->second.first;
    *bytes = at->second.second;
    return 1;
}

void* fil_source_map(size_t bytes) {
    void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? nullptr : pages;
}

void fil_source_unmap(void* address, size_t bytes) {
    munmap(address, bytes);
}

int fil_recorder_running(void) {
    return 1;
}

void fil_recorder_describe(fil_text key, fil_text value) {
    const guarded now;
    recorder::the().facts[{key.data, key.length}].emplace_back(value.data, value.length);
}

int fil_source_is_merged(void) {
    return 0;
}

fil_status fil_source_register(const fil_source* source, fil_error*) {
    const guarded now;
    recorder::the().sources.push_back(*source);
    return FIL_OK;
}

fil_function fil_function_intern(fil_function_kind, fil_text name, fil_text file,
                                 uint32_t first_line) {
    const guarded now;
    return recorder::the().intern({{name.data, name.length}, {file.data, file.length}, first_line});
}

fil_callstack fil_callstack_child(fil_callstack caller, fil_function function, uint32_t line) {
    const guarded now;
    return recorder::the().child({caller, function, line});
}

fil_callstack fil_callstack_caller(fil_callstack callstack, fil_function* function,
                                   uint32_t* line) {
    const guarded now;
    const auto& at = recorder::the().callstacks.at(callstack);
    if (function != nullptr) *function = at.function;
    if (line != nullptr) *line = at.line;
    return at.caller;
}

int fil_function_look(fil_function function, fil_text* file) {
    const guarded now;
    const std::string& its = recorder::the().functions.at(function).file;
    if (file != nullptr) *file = {its.data(), its.size()};
    return its.empty() ? FIL_FUNCTION_ERRAND : FIL_FUNCTION_PYTHON;
}

fil_callstack fil_thread_inherited(void) {
    return FIL_CALLSTACK_UNKNOWN;
}

fil_block fil_block_look(const void* address) {
    const guarded now;
    const auto at = recorder::the().blocks.find(address);
    if (at == recorder::the().blocks.end()) return {0, FIL_CALLSTACK_NONE, 0};
    return {at->second.bytes, at->second.who, at->second.watched};
}

fil_callstack fil_callstack_current(void) {
    const guarded now;
    return recorder::the().capture();
}

int fil_block_watch(const void* address) {
    const guarded now;
    const auto at = recorder::the().blocks.find(address);
    if (at == recorder::the().blocks.end() || at->second.bytes <= 16) return 0;
    at->second.watched = true;
    return 1;
}

void fil_record_alloc(const void* address, size_t bytes) {
    if (address == nullptr || own || guard > 0) return;
    const guarded now;
    recorder& r = recorder::the();
    const fil_callstack who = r.capture();
    r.blocks[address] = {bytes, who, false};
}

void* fil_record_alloc_known(void* address, size_t bytes, fil_callstack callstack) {
    if (address == nullptr || own || guard > 0) return address;
    const guarded now;
    recorder& r = recorder::the();
    r.blocks[address] = {bytes, callstack != FIL_CALLSTACK_NONE ? callstack : r.capture(), false};
    return address;
}

void* fil_record_alloc_in_call(void* address, size_t bytes, fil_callstack) {
    return fil_record_alloc_known(address, bytes, FIL_CALLSTACK_NONE);
}

fil_block fil_block_forget(const void* address) {
    if (address == nullptr || own) return {0, FIL_CALLSTACK_NONE, 0};
    const guarded now;
    recorder& r = recorder::the();
    const auto at = r.blocks.find(address);
    if (at == r.blocks.end()) return {0, FIL_CALLSTACK_NONE, 0};
    const block old = at->second;
    r.blocks.erase(at);
    if (old.watched) r.causes[++r.generation] = {address, old.bytes};
    return {old.bytes, old.who, old.watched};
}

void fil_record_free(const void* address) {
    (void)fil_block_forget(address);
}

void fil_record_failed(size_t) {}

size_t fil_block_size(const void* address) {
    const guarded now;
    recorder& r = recorder::the();
    const auto at = r.blocks.find(address);
    return at == r.blocks.end() ? 0 : at->second.bytes;
}

void fil_block_restore(const void* address, fil_block old) {
    if (old.callstack == FIL_CALLSTACK_NONE) return;
    const guarded now;
    recorder::the().blocks[address] = {old.bytes, old.callstack, old.flags != 0};
}

void fil_record_free_range(const void* address, size_t bytes) {
    const guarded now;
    std::erase_if(recorder::the().blocks, [&](const auto& entry) {
        const auto* at = static_cast<const char*>(entry.first);
        const auto* start = static_cast<const char*>(address);
        return at >= start && at < start + bytes;
    });
}

void fil_guard_raise(void) {
    ++guard;
}
void fil_guard_lower(void) {
    --guard;
}

}  // extern "C"

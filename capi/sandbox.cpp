// fil_hooks.h, sandboxes: the program is about to install a seccomp filter for itself.

#include "os/sandbox.hpp"

#include <linux/filter.h>

#include <algorithm>

#include "fil_hooks.h"
#include "os/os.hpp"
#include "os/system_signal_stacks.hpp"
#include "process/process_entry.hpp"

using namespace fil;

static_assert(FIL_CALLS_OF_MAPPED_FILES == sandbox::of_mapped_files);
static_assert(FIL_CALLS_ALL == sandbox::all);

namespace {

// Most of it is never touched: a leaf of the registry is 1 MiB for 4 MiB of blocks.
constexpr std::uint64_t most_reserved = 4ull << 30, least_reserved = 1ull << 20;
constexpr std::uint64_t page_bytes = 64 * 1024;  // whatever the system's are

void reserve(page_reserve& kept, bool wiped_on_fork) {
    if (kept.is_there()) return;
    const std::uint64_t most = std::min(most_reserved, os::share_of_limited_space());
    for (std::uint64_t bytes = most & -page_bytes; bytes >= least_reserved; bytes /= 4) {
        if (void* base = os::map_reserve(bytes, wiped_on_fork)) return kept.fill(base, bytes);
    }
}

// A recording cannot grow by the reserves: it grows now.
void grow(recording_memory& memory) {
    const std::uint64_t most = os::recording_bytes(), before = memory.bytes();
    for (std::uint64_t bytes = most; bytes > before && memory.bytes() == before; bytes /= 4)
        memory.grow_to(bytes);
}

// By calls that are still allowed, for the time when some of them are not. What a filter before
// this one refuses was seen to then, and is no longer allowed.
void prepare(std::uint32_t refused) {
    if (this_process.running() == nullptr) return;  // a new process joins now, or never
    const std::uint32_t lost = refused & ~sandbox::refused.load();
    if (lost == 0) return;
    if (sandbox::allows(sandbox::of_signal_stack)) {
        const alternate_stack stack = system_signal_stacks::of_this_thread();
        if (stack.begin != stack.end) signal_stack = {stack.begin, stack.end - stack.begin};
    }
    // The first filter may leave us memory and the next one take it, when what this needs beside it
    // is gone. It is address space until it is used.
    const bool is_first = sandbox::allows(sandbox::all);
    if (is_first) {
        reserve(sandbox::pages, false);
        reserve(sandbox::pages_wiped_on_fork, true);
    }
    entry::event([=](process_recorder& recorder, thread_state& thread) {
        recorder.capture(thread);  // the source's memory of this thread
        if (is_first) grow(recorder.memory());
        if ((lost & sandbox::of_files) != 0) this_process.recording().make_room_in_file();
        this_process.sources().know_all_modules();
    });
}

}  // namespace

extern "C" {

uint32_t fil_sandbox_enter(const void* filter, size_t instructions) {
    const os::keep_errno keep;
    std::uint32_t refused =
        filter == nullptr
            ? std::uint32_t{sandbox::all}
            : sandbox::refused_by({static_cast<const sock_filter*>(filter), instructions});
    if (!this_process.recording().is_in_files()) refused &= ~std::uint32_t{sandbox::of_files};
    prepare(refused);
    return sandbox::refused.fetch_or(refused);
}

void fil_sandbox_restore(uint32_t before) {
    sandbox::refused.store(before & sandbox::all);
}

int fil_sandbox_allows(uint32_t calls) {
    return sandbox::allows(calls);
}

void fil_sandbox_count(int change) {
    this_process.recording().count_sandboxed(change);
}

}  // extern "C"

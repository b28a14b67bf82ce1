// fil.h, sandboxes: the program is about to install a seccomp filter for itself.

#include "sandbox.hpp"

#include <linux/filter.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fil.h"
#include "os.hpp"
#include "process_recorder.hpp"

using namespace fil;

static_assert(FIL_CALLS_OF_MAPPED_FILES == sandbox::of_mapped_files);
static_assert(FIL_CALLS_ALL == sandbox::all);

namespace {

// Most of it is never touched: a leaf of the registry is 1 MiB for 4 MiB of blocks.
constexpr std::size_t most_reserved = std::size_t{4} << 30;

template <typename Pages>
void reserve(page_reserve& kept) {
    if (kept.is_there()) return;
    for (std::size_t bytes = most_reserved; bytes >= 16u << 20; bytes /= 4) {
        if (bytes > os::recording_bytes()) continue;  // as little as that, where space is limited
        if (void* base = Pages::map(bytes)) return kept.fill(base, bytes);
    }
}

// What is still allowed and will be wanted later.
void prepare() {
    if (this_process.running() == nullptr) return;  // a new process joins now, or never
    if (sandbox::allows(sandbox::of_signal_stack)) {
        stack_t stack;
        if (syscall(SYS_sigaltstack, nullptr, &stack) == 0 && (stack.ss_flags & SS_DISABLE) == 0)
            signal_stack = {reinterpret_cast<std::uintptr_t>(stack.ss_sp), stack.ss_size};
    }
    if (sandbox::allows(sandbox::of_memory | sandbox::of_starting)) {
        reserve<system_pages>(sandbox::pages);
        reserve<system_pages_wiped_on_fork>(sandbox::pages_wiped_on_fork);
    }
    this_process.event([](process_recorder& recorder, thread_state& thread) {
        recorder.capture(thread);  // the source's memory of this thread
        this_process.sources().know_all_modules();
    });
}

}  // namespace

extern "C" {

uint32_t fil_sandbox_enter(const void* filter, size_t instructions) {
    const os::keep_errno keep;
    prepare();
    const std::uint32_t refused =
        filter == nullptr
            ? std::uint32_t{sandbox::all}
            : sandbox::refused_by({static_cast<const sock_filter*>(filter), instructions});
    return sandbox::refused.fetch_or(refused);
}

void fil_sandbox_restore(uint32_t before) {
    sandbox::refused.store(before & sandbox::all);
}

int fil_sandbox_allows(uint32_t calls) {
    return sandbox::allows(calls);
}

void fil_sandbox_count(int change) {
    this_process.count_sandboxed(change);
}

}  // extern "C"

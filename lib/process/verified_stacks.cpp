#include "process/verified_stacks.hpp"

#include <atomic>
#include <cstdio>

#include "process/process_life.hpp"

namespace fil {
namespace {

constinit std::atomic<std::uint64_t> compared{0}, different{0};
constexpr std::uint64_t shown = 20;  // of those that differ

void show(const char* title, callstack_id id) {
    std::fprintf(stderr, "  %s\n", title);
    const recording_view view = this_process.recorder().view();
    for (const callstack_record* frame = view.callstack(id); frame != nullptr;
         frame = view.callstack(frame->caller)) {
        const function_record* function = view.function(frame->function);
        const std::string_view file = function == nullptr ? "" : view.text(function->file);
        std::fprintf(stderr, "    %.*s+0x%x\n", static_cast<int>(file.size()), file.data(),
                     frame->line);
    }
}

[[gnu::destructor]] void say() {
    const std::uint64_t all = compared, unlike = different;
    if (all != 0)
        std::fprintf(stderr, "=fil-verify= %ju stacks compared, %ju differ\n", std::uintmax_t{all},
                     std::uintmax_t{unlike});
}

}  // namespace

void verified_stacks::same() {
    compared.fetch_add(1, std::memory_order_relaxed);
}

void verified_stacks::differs(callstack_id fast, callstack_id portable) {
    same();
    if (different.fetch_add(1) >= shown) return;
    show("native stacks differ; the fast source:", fast);
    show("and the portable one:", portable);
}

}  // namespace fil

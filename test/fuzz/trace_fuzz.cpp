// A trace that was damaged, or that a hostile hand wrote: read, studied and planned as the
// laboratory does. The input is tried as a file; as what a block of events holds, in a file that is
// otherwise right; and as a list of changes to what a small one holds: each eight bytes are a place
// and a word for it, of one byte where the place is odd.

#include "../trace/trace_events.hpp"
#include "driver.hpp"
#include "fil/trace/replay_plan.hpp"
#include "fil/trace/trace_reader.hpp"
#include "fil/trace/trace_study.hpp"

namespace fil {
namespace {

using namespace trace;

constexpr std::uint32_t most_events = 200;

void study(const reader& from, std::size_t process) {
    const std::uint64_t told = from.processes()[process].events;
    std::uint64_t events = 0;
    trace_study counted({0, 1, 2}, 3, told);
    from.for_each_event(process, [&](const event& one) {
        counted.add(one);
        return ++events < most_events;
    });
    fuzz::hold(events <= told, "no more events come than were told of");
}

void plan(const reader& from, std::size_t process) {
    for (const runtime_memory of : {runtime_memory::arenas, runtime_memory::blocks}) {
        const replay_plan made(from, process, of, most_events, think_time::kept);
        std::uint64_t steps = 0;
        for (const replay_plan::thread& one : made.threads()) {
            steps += one.steps.size();
            for (const step& each : one.steps)
                fuzz::hold(each.what == step_kind::wait || each.slot < made.slots(),
                           "a step is of a slot that is there");
        }
        fuzz::hold(steps == made.steps() + made.waits(), "each step is a thread's");
    }
}

void read_all(std::span<const std::uint8_t> file) {
    try {
        const reader from(file);
        for (std::size_t i = 0; i < from.processes().size(); ++i) {
            study(from, i);
            plan(from, i);
        }
    } catch (const unreadable&) {
    }
}

std::vector<event> some_events() {
    event arena = mapped(operation::map, 1 << 20, 1 << 20, layer::runtime_arena);
    event object = came(3, 48, 2);
    object.of = layer::runtime_block;
    event aligned = came(4, 1 << 20, 2);
    aligned.alignment_log2 = 12;
    aligned.milliseconds = 250;
    return {came(0, 100),
            came(1, 5000, 2),
            moved(0, 2, 200),
            arena,
            object,
            aligned,
            touched(4, 4096),
            mapped(operation::map, 16 << 20, 8192),
            mapped(operation::unmap, 16 << 20, 4096),
            mapped(operation::touched_mapping, 20 << 20, 4096),
            went(1, 2),
            went(3, 2)};
}

bytes content_of(const std::vector<event>& events) {
    event_encoder encoder;
    for (const event& one : events) encoder.add(one);
    return encoder.finish();
}

// A file of one process, whose one block of so many events holds this.
bytes file_with(std::span<const std::uint8_t> content, std::uint32_t events) {
    static const bytes empty = file_of({}, false);
    block_header header;
    header.events = events;
    header.raw = content.size();
    bytes stored(ZSTD_compressBound(content.size()));
    header.stored = ZSTD_compress(stored.data(), stored.size(), content.data(), content.size(), 1);
    header.checksum = checksum_of(header, stored.data());
    bytes file = empty;
    const auto* begin = reinterpret_cast<const std::uint8_t*>(&header);
    file.insert(file.end(), begin, begin + sizeof header);
    file.insert(file.end(), stored.begin(), stored.begin() + std::ptrdiff_t(header.stored));
    return file;
}

}  // namespace

void fuzz::run(std::span<const std::uint8_t> input) {
    static const std::vector<event> events = some_events();
    static const bytes small = content_of(events);
    read_all(input);
    read_all(file_with(input, input.empty() ? 0 : input.back()));
    read_all(file_with(changed_by(input, small), static_cast<std::uint32_t>(events.size())));
}

}  // namespace fil

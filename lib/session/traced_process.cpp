#include "session/traced_process.hpp"

#include <algorithm>
#include <charconv>

#include "os/cold/memory_of_others.hpp"
#include "os/os.hpp"
#include "session/parts_in_memory.hpp"

namespace fil {
namespace {

constexpr std::uint64_t none = ~std::uint64_t{0};
constexpr std::uint64_t not_sampled = none - 1;

// 0: there is none.
std::uint32_t root_page_of(const recording_view& recording) {
    for (const fact_record& fact : recording.facts()) {
        if (recording.text(fact.key) != trace_fact) continue;
        const std::string_view digits = recording.text(fact.value);
        std::uint32_t page = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), page);
        return page;
    }
    return 0;
}

bool holds_pages(const recording_view& recording, std::uint32_t first, std::uint32_t pages) {
    return first != 0 && std::uint64_t{first} + pages <= recording.bytes() / recording_page;
}

template <typename Record>
Record* at_page(const recording_view& recording, std::uint32_t page) {
    auto* base = const_cast<char*>(reinterpret_cast<const char*>(&recording.header()));
    return reinterpret_cast<Record*>(base + std::uint64_t{page} * recording_page);
}

}  // namespace

bool traced_process::is_ready(const joined_process& process) {
    return process.has_recording() && root_page_of(process.view()) != 0;
}

traced_process::traced_process(const joined_process& process, trace::writer& to,
                               std::uint32_t sample)
    : process_(&process),
      to_(&to),
      sample_(sample),
      number_(
          to.add_process({process.pid, process.parent_pid, process.command, process.executable})) {
    find_root();
}

trace_root* traced_process::root_of(const joined_process& process) {
    const recording_view recording = process.view();
    const std::uint32_t page = root_page_of(recording);
    if (!holds_pages(recording, page, trace_root_pages)) return nullptr;
    auto* root = at_page<trace_root>(recording, page);
    return root->magic == trace_magic ? root : nullptr;
}

bool traced_process::find_root() {
    root_ = root_of(*process_);
    if (root_ != nullptr) root_page_ = page_number{root_page_of(process_->view())};
    return root_ != nullptr;
}

void traced_process::stop() {
    if (root_ != nullptr) root_->gave_up.store(1);
}
void traced_process::stop(const joined_process& process) {
    if (trace_root* root = root_of(process)) root->gave_up.store(1);
}

void traced_process::find_rings() {
    const recording_view recording = process_->view();
    const std::uint32_t there = std::min(root_->rings.load(), max_trace_rings);
    for (auto number = static_cast<std::uint32_t>(entries_.rings()); number < there; ++number) {
        const std::uint32_t page = to_index(root_->ring[number].load(std::memory_order_acquire));
        if (!holds_pages(recording, page, pages_of_ring(number))) return;  // not yet
        entries_.add_ring(at_page<trace_ring>(recording, page), entries_of_ring(number));
    }
}

bool traced_process::take(std::uint32_t clock) {
    constexpr std::uint64_t at_a_time = 1 << 18;
    constexpr std::int64_t patience_ns = 2'000'000'000;
    constexpr std::uint32_t look_ms = 100;
    if (root_ == nullptr && !find_root()) return false;
    clock_ = clock;
    root_->clock.store(trace_clock_of(clock), std::memory_order_relaxed);
    find_rings();
    const auto each = [&](const ordered_entry& one) { apply(one); };
    const std::uint64_t done = entries_.take(at_a_time, each);
    if (clock >= next_look_) {
        const std::int64_t before = os::monotonic_ns();
        large_.look([&](std::uint64_t address, std::uint64_t bytes) {
            return os::resident_bytes_of(pid(), address, bytes);
        });
        // A twentieth of the time at most.
        const std::int64_t took_ms = (os::monotonic_ns() - before) / 1'000'000;
        next_look_ = clock + std::max(look_ms, static_cast<std::uint32_t>(took_ms) * 20);
    }
    const std::int64_t now = os::monotonic_ns();
    if (done != 0 || !entries_.waits()) {
        waits_since_ns_ = 0;
    } else if (waits_since_ns_ == 0) {
        waits_since_ns_ = now;
    } else if (now - waits_since_ns_ > patience_ns) {
        given_up_ += entries_.give_up(each);
        waits_since_ns_ = 0;
    }
    return done >= at_a_time;
}

void traced_process::end(std::uint32_t clock) {
    const auto each = [&](const ordered_entry& one) { apply(one); };
    stop();  // who runs on runs on untraced
    while (take(clock)) {
    }
    for (int rounds = 0; root_ != nullptr && entries_.waits() && rounds < 1 << 20; ++rounds) {
        given_up_ += entries_.give_up(each);
        entries_.take(none, each);
    }
    for (const auto& [address, one] : large_.all())
        if (one.touched) tell_touched(address, one.number, *one.touched, {});
    to_->flush(number_);
    write_recording();
    to_->end_process(number_, {events_, lost(), process_->header().missed_events.load()});
}

std::uint64_t traced_process::lost() const {
    return given_up_ + entries_.late() + (root_ == nullptr ? 0 : root_->lost.load());
}

// ---- events ----

std::uint64_t& traced_process::moving(std::uint32_t thread) {
    const std::size_t at = std::min<std::uint32_t>(thread, 1 << 20);
    if (moving_.size() <= at) moving_.resize(at + 1, none);
    return moving_[at];
}

void traced_process::add(trace::event& event, const ordered_entry& one) {
    const std::uint32_t then = static_cast<std::uint32_t>(one.entry.order >> 8) & 0xffff;
    event.milliseconds = clock_ - std::min(clock_, (clock_ - then) & 0xffff);
    event.thread = one.thread;
    event.callstack = callstack_id{static_cast<std::uint32_t>(one.entry.what >> 32)};
    event.bytes = one.bytes;
    to_->add(number_, event);
    ++events_;
}

void traced_process::apply(const ordered_entry& one) {
    const auto about = static_cast<unsigned>(one.entry.order >> 3) & 31;
    switch (static_cast<trace_entry_kind>(one.entry.order & 7)) {
        case trace_entry_kind::block_came:
            return block_came(one, about);
        case trace_entry_kind::block_went:
            return block_went(one, about);
        case trace_entry_kind::mapping_came:
            return mapping_changed(one, trace::operation::map, about);
        case trace_entry_kind::mapping_went:
            return mapping_changed(one, trace::operation::unmap, about);
        case trace_entry_kind::not_moved:
            return release(std::exchange(moving(one.thread), none), one);
        case trace_entry_kind::range_went:
            return arena_went(one);
        case trace_entry_kind::size:
            return touched(one, about);
        case trace_entry_kind::thread:
            return;
    }
}

void traced_process::release(std::uint64_t number, const ordered_entry& one) {
    if (number == none || number == not_sampled) return;
    trace::event event{.what = trace::operation::release, .block = trace::block_number{number}};
    add(event, one);
}

void traced_process::block_came(const ordered_entry& one, unsigned about) {
    const std::uint64_t address = one.entry.place & ((std::uint64_t{1} << trace_place_bits) - 1);
    const std::uint64_t old = std::exchange(moving(one.thread), none);
    const bool is_kept = old == not_sampled
                             ? false
                             : old != none || sample_ <= 1 || (mix(++came_) >> 32) % sample_ == 0;
    const std::uint64_t number =
        is_kept ? static_cast<std::uint64_t>(to_->next_block(number_)) : not_sampled;
    // Its free was lost, or the runtime's allocator records what malloc's hook did.
    if (const auto before = live_.insert(address, number)) release(*before, one);
    if (!is_kept) return;
    large_.came(address, one.bytes, number);
    trace::event event;
    event.what = old == none ? trace::operation::allocate : trace::operation::reallocate;
    event.of =
        (about & trace_of_runtime) != 0 ? trace::layer::runtime_block : trace::layer::program;
    event.alignment_log2 = static_cast<std::uint8_t>(one.entry.place >> trace_place_bits);
    event.zeroed = (about & trace_zeroed) != 0;
    event.block = old == none ? trace::block_number{number} : trace::block_number{old};
    event.moved_to = trace::block_number{number};
    add(event, one);
}

void traced_process::block_went(const ordered_entry& one, unsigned about) {
    const std::uint64_t address = one.entry.place & ((std::uint64_t{1} << trace_place_bits) - 1);
    const auto number = live_.take(address);
    if (!number) return;  // it came before the trace, or was lost
    large_.went(address);
    if ((about & trace_moved) == 0) return release(*number, one);
    release(std::exchange(moving(one.thread), *number), one);
}

void traced_process::mapping_changed(const ordered_entry& one, trace::operation what,
                                     unsigned about) {
    trace::event event{.what = what};
    event.address = one.entry.place;
    if (about == trace_runtime_arena) {
        event.of = trace::layer::runtime_arena;
        arenas_[event.address] = one.bytes;
    } else if (about < mapping_kinds) {
        event.kind = static_cast<mapping_kind>(about);
    }
    if (what == trace::operation::map && (about == trace_runtime_arena || is_in_peak(event.kind) ||
                                          event.kind == mapping_kind::arena))
        large_.came(event.address, one.bytes, large_blocks::mapping);
    if (what == trace::operation::unmap) large_.went(event.address, one.bytes);
    add(event, one);
}

void traced_process::touched(const ordered_entry& one, unsigned about) {
    if (about == trace_touched_mapping)
        return tell_touched(one.entry.place, large_blocks::mapping, one.bytes, one);
    if (about != trace_touched_block) return;
    if (const auto number = live_.find(one.entry.place))
        tell_touched(one.entry.place, *number, one.bytes, one);
}

void traced_process::tell_touched(std::uint64_t address, std::uint64_t number, std::uint64_t bytes,
                                  const ordered_entry& one) {
    if (number == not_sampled) return;
    trace::event event;
    event.what = number == large_blocks::mapping ? trace::operation::touched_mapping
                                                 : trace::operation::touched_block;
    if (number == large_blocks::mapping)
        event.address = address;
    else
        event.block = trace::block_number{number};
    ordered_entry told = one;
    told.bytes = bytes;
    told.entry.what &= 0xffff'ffff;  // no callstack
    add(event, told);
}

void traced_process::arena_went(const ordered_entry& one) {
    const auto arena = arenas_.find(one.entry.place);
    if (arena == arenas_.end()) return;
    ordered_entry whole = one;
    whole.bytes = arena->second;
    arenas_.erase(arena);
    mapping_changed(whole, trace::operation::unmap, 0);
}

// ---- the recording ----

// Who is who; without the rings.
void traced_process::write_recording() {
    const recording_view recording = process_->view();
    if (recording.check() != recording_check::good) return;
    constexpr std::uint64_t most = std::uint64_t{1} << 30;
    const std::uint64_t used = recording.used_bytes();
    if (used > most) return;
    auto* copy = static_cast<std::uint8_t*>(os::map_private(used));
    if (copy == nullptr) throw std::bad_alloc();
    const shared_mapping held = shared_mapping::of_memory(copy, used);
    const auto* base = reinterpret_cast<const std::uint8_t*>(&recording.header());
    for (const bytes_range& part : parts_in_memory(recording, used))
        std::memcpy(copy + part.start, base + part.start, part.bytes);
    const auto leave_out = [&](std::uint32_t page, std::uint32_t pages) {
        const std::uint64_t at = std::uint64_t{page} * recording_page;
        if (at < used)
            std::memset(copy + at, 0, std::min(used - at, std::uint64_t{pages} * recording_page));
    };
    for (std::uint32_t i = 0; i < entries_.rings(); ++i)
        leave_out(to_index(root_->ring[i].load()), pages_of_ring(i));
    if (root_ != nullptr) leave_out(to_index(root_page_), trace_root_pages);
    to_->add_recording(number_, {copy, used});
}

}  // namespace fil

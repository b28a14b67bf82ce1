#include "session/compact_recording.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "fil/recording/at_peak.hpp"
#include "fil/recording/memory.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"

namespace fil {
namespace {

struct counted {
    std::uint64_t bytes = 0, allocations = 0;  // parts may be below zero
};

class compaction {
  public:
    // Without a peak: of now.
    compaction(const recording_view& from, std::optional<std::int64_t> peak,
               file_descriptor* file = nullptr)
        : from_(from), peak_(peak), file_(file) {}

    compacting compact(compact_memory& made) {
        const std::uint32_t callstacks = from_.callstacks_there();
        needed_.resize(callstacks);
        count(callstacks);
        if (!mark_needed()) return compacting::damaged;
        if (!holds_anything_) return compacting::held_nothing;
        // Chunks are as many as before at most, and sets of counters one of each kind.
        const std::uint64_t sets = counted_kinds * usage_set_pages * recording_page;
        const std::uint64_t most = 2 * from_.used_bytes() + sets + smallest_recording;
        made = {map(most), most};
        if (made.address == nullptr) throw std::bad_alloc();
        to_.emplace(made.address, most);
        const bool is_written = write();
        cut(made, is_written ? to_->header().pages_used.load() * recording_page : 0);
        return is_written ? compacting::done : compacting::damaged;
    }

  private:
    // Address space may be short, and there may be many.
    static void cut(compact_memory& made, std::uint64_t bytes) {
        os::unmap(static_cast<std::byte*>(made.address) + bytes, made.bytes - bytes);
        made.bytes = bytes;
        if (bytes == 0) made = {};
    }

    void* map(std::uint64_t bytes) const {
        if (file_ != nullptr) {
            *file_ = file_descriptor(os::make_shared_file("fil-compact", bytes));
            void* shared = file_->number() < 0 ? nullptr : os::map_shared(file_->number(), bytes);
            if (shared != nullptr) return shared;
            *file_ = file_descriptor();
        }
        return os::map_private(bytes);
    }

    void count(std::uint32_t callstacks) {
        from_.for_each_usage(callstacks, [&](const usage_set_record& set, callstack_id id,
                                             const usage_record& usage) {
            const auto kind = static_cast<std::size_t>(set.kind);
            if (kind >= counts_.size()) return;
            std::vector<counted>& table = counts_[kind];
            if (table.size() <= to_index(id)) table.resize(to_index(id) + 1);
            counted& sum = table[to_index(id)];
            const std::int64_t bytes = peak_ ? bytes_at_peak(usage, from_.header(), *peak_, false)
                                             : usage.now.load(std::memory_order_relaxed);
            sum.bytes += static_cast<std::uint64_t>(bytes);
            sum.allocations += usage.allocations.load(std::memory_order_relaxed);
        });
    }

    // The callstacks that held something, and their callers. False if they do not fit together.
    bool mark_needed() {
        for (const std::vector<counted>& table : counts_) {
            for (std::uint32_t id = 1; id < table.size(); ++id) {
                if (table[id].bytes == 0) continue;
                holds_anything_ = true;
                for (std::uint32_t at = id; at > 1 && !needed_[at];) {
                    needed_[at] = true;
                    const callstack_record* record = from_.callstack(callstack_id{at});
                    if (record == nullptr || to_index(record->caller) >= at) return false;
                    at = to_index(record->caller);
                }
            }
        }
        return true;
    }

    bool write() {
        const recording_header& old = from_.header();
        if (!to_->format(old.pid, old.parent_pid)) return false;
        for (const fact_record& fact : from_.facts())
            to_->add_fact<system_waiting>(from_.text(fact.key), from_.text(fact.value));
        if (!write_callstacks() || !write_counters()) return false;
        write_sources();
        recording_header& header = to_->header();
        for (const auto word : {&recording_header::missed_events, &recording_header::dropped_events,
                                &recording_header::unprofiled_children})
            (header.*word).store((old.*word).load());
        header.threads_ever.store(old.threads_ever.load());
        header.large_mappings_left_out.store(old.large_mappings_left_out.load());
        header.live.store(old.live.load());
        header.peak.store(old.peak.load());
        for (std::uint32_t i = 0; i < max_arenas; ++i) {
            const arena_record& arena = old.arenas[i];
            header.arenas[i].callstack.store(new_id(arena.callstack));
            header.arenas[i].live_then.store(arena.live_then.load());
            header.arenas[i].resident.store(arena.resident.load());
        }
        header.closed_at.store(peak_.value_or(0));
        header.closed.store(1);
        return true;
    }

    callstack_id new_id(callstack_id old) const {
        const std::uint32_t index = to_index(old);
        return index < ids_.size() ? ids_[index] : callstack_id::none;
    }

    bool write_callstacks() {
        ids_.resize(needed_.size(), callstack_id::none);
        if (ids_.size() > 1) ids_[1] = callstack_id::unknown;
        recording_header& header = to_->header();
        auto* chunks = to_->at<page_directory_entry>(header.callstacks_page);
        std::uint32_t next = header.callstacks.load();
        for (std::uint32_t id = 2; id < needed_.size(); ++id) {
            if (!needed_[id]) continue;
            const callstack_record old = *from_.callstack(callstack_id{id});
            const function_id function = new_function(old.function);
            if (function == function_id::none && old.function != function_id::none) return false;
            auto* chunk = to_->chunk<callstack_record>(chunks[callstack_chunk::chunk_of(next)],
                                                       callstack_chunk::pages);
            if (chunk == nullptr) return false;
            const callstack_id caller = new_id(old.caller);
            chunk[callstack_chunk::slot_of(next)] = {caller, function, old.line,
                                                     callstack_id::none};
            ids_[id] = callstack_id{next++};
        }
        header.callstacks.store(next);
        return true;
    }

    function_id new_function(function_id old) {
        const function_record* there = from_.function(old);
        if (there == nullptr) return function_id::none;
        const auto [known, is_new] = functions_.try_emplace(to_index(old), function_id::none);
        if (!is_new) return known->second;
        recording_header& header = to_->header();
        const std::uint32_t index = header.functions.load();
        auto* chunks = to_->at<page_directory_entry>(header.functions_page);
        auto* chunk = to_->chunk<function_record>(chunks[function_chunk::chunk_of(index)],
                                                  function_chunk::pages);
        if (chunk == nullptr) return function_id::none;
        const function_record record = *there;
        files_.insert(from_.text(record.file));
        chunk[function_chunk::slot_of(index)] = {
            new_text(record.name), new_text(record.file), new_text(record.directory),
            record.first_line,     record.kind,           0};
        header.functions.store(index + 1);
        return known->second = function_id{index};
    }

    // Many functions are of one file.
    text_reference new_text(text_reference old) {
        const std::string_view text = from_.text(old);
        const auto [known, is_new] = texts_.try_emplace(text);
        if (is_new) known->second = to_->add_text<system_waiting>(text.data(), text.size());
        return known->second;
    }

    bool write_counters() {
        recording_header& header = to_->header();
        auto* sets = to_->at<page_directory_entry>(header.usage_sets_page);
        for (std::size_t kind = 0; kind < counts_.size(); ++kind) {
            const std::vector<counted>& table = counts_[kind];
            if (std::ranges::all_of(table, [](const counted& one) { return one.bytes == 0; }))
                continue;
            const std::uint32_t number = header.usage_sets.load();
            auto* set = to_->chunk<usage_set_record>(sets[number], usage_set_pages);
            if (set == nullptr) return false;
            set->kind = static_cast<mapping_kind>(kind);
            for (std::uint32_t id = 1; id < table.size(); ++id) {
                if (table[id].bytes == 0) continue;
                const std::uint32_t index = to_index(ids_[id]);
                auto* chunk = to_->chunk<usage_record>(set->chunks[usage_chunk::chunk_of(index)],
                                                       usage_chunk::pages);
                if (chunk == nullptr) return false;
                usage_record& usage = chunk[usage_chunk::slot_of(index)];
                usage.now.store(static_cast<std::int64_t>(table[id].bytes));
                usage.allocations.store(table[id].allocations);
            }
            header.usage_sets.store(number + 1);
        }
        return true;
    }

    // Of files that are still named. The oldest first, as they were added.
    void write_sources() {
        std::vector<std::pair<std::string_view, std::string_view>> sources;
        from_.for_each_source([&](std::string_view names, std::string_view text) {
            if (files_.contains(names.substr(0, names.find('\0'))))
                sources.push_back({names, text});
        });
        for (auto source = sources.rbegin(); source != sources.rend(); ++source)
            to_->add_source<system_waiting>(source->first, source->second);
    }

    const recording_view& from_;
    const std::optional<std::int64_t> peak_;
    file_descriptor* const file_;
    std::array<std::vector<counted>, counted_kinds> counts_;
    std::vector<bool> needed_;
    bool holds_anything_ = false;
    std::optional<recording_memory> to_;
    std::vector<callstack_id> ids_;  // new ones, by the old
    std::unordered_map<std::uint32_t, function_id> functions_;
    std::unordered_map<std::string_view, text_reference> texts_;
    std::unordered_set<std::string_view> files_;
};

}  // namespace

compacting compact_recording(const recording_view& recording, std::int64_t peak,
                             compact_memory& made) {
    if (recording.check() != recording_check::good) return compacting::damaged;
    return compaction(recording, peak).compact(made);
}

compacting compact_recording(const recording_view& recording, std::int64_t peak,
                             compact_memory& made, file_descriptor& file) {
    if (recording.check() != recording_check::good) return compacting::damaged;
    return compaction(recording, peak, &file).compact(made);
}

compacting compact_recording_of_now(const recording_view& recording, compact_memory& made) {
    if (recording.check() != recording_check::good) return compacting::damaged;
    return compaction(recording, std::nullopt).compact(made);
}

}  // namespace fil

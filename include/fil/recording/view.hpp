#pragma once
// Reading a recording, of a living process or a dead one, perhaps damaged.
//
// The view borrows mapped memory of `bytes` that must not shrink (a sealed memfd, a private copy).
// Every index and offset is checked, so that no content can make a reader leave the memory; what
// does not check out reads as empty. Nor can it make a reader work without end: texts are no longer
// than a writer makes them, and what is gone through is no more than fits into the pages in use.
// What is checked is a copy, since a program may scribble over its recording at any moment.
// Counters are read while their writers go on: each is a whole word, and the sums are exact once
// the writers stopped.
//
// Any thread; no lock. Does not allocate.

#include <algorithm>
#include <span>
#include <string_view>

#include "fil/recording/layout.hpp"

namespace fil {

// No counter of bytes is higher: as much as an address space can hold. So no sum of parts of a
// recording, and no percentage of it, overflows.
inline constexpr std::int64_t most_bytes = std::int64_t{1} << 56;
constexpr std::int64_t plausible(std::int64_t bytes) {
    return std::clamp(bytes, -most_bytes, most_bytes);
}

enum class recording_check { good, too_short, not_a_recording, other_version, damaged };

class recording_view {
  public:
    recording_view(const void* base, std::uint64_t bytes)
        : base_(static_cast<const std::byte*>(base)), bytes_(bytes) {}

    recording_check check() const {
        if (bytes_ < recording_page) return recording_check::too_short;
        if (header().magic != recording_magic) return recording_check::not_a_recording;
        if (header().version != recording_version) return recording_check::other_version;
        const bool sound = header().header_bytes == sizeof(recording_header) &&
                           used_bytes() <= header().total_bytes &&
                           header().functions <= function_chunks * function_chunk::records &&
                           header().callstacks <= max_callstacks && header().callstacks >= 2 &&
                           header().functions >= 1 && header().usage_sets <= max_usage_sets &&
                           header().facts <= max_facts;
        if (!sound) return recording_check::damaged;
        if (used_bytes() > bytes_) return recording_check::too_short;
        return has_what_it_counts() ? recording_check::good : recording_check::damaged;
    }

    const recording_header& header() const {
        return *reinterpret_cast<const recording_header*>(base_);
    }

    std::uint64_t bytes() const { return bytes_; }

    std::uint64_t used_bytes() const {
        return std::uint64_t{header().pages_used.load(std::memory_order_relaxed)} * recording_page;
    }

    // Empty for one that no writer makes.
    std::string_view text(text_reference reference) const { return text(reference, longest_text); }
    bool holds(text_reference reference) const {
        return text(reference).size() == reference.length;
    }

    std::uint32_t function_count() const {
        constexpr std::uint32_t most = function_chunks * function_chunk::records;
        return std::min(header().functions.load(acquire), most);
    }
    std::uint32_t callstack_count() const {
        return std::min(header().callstacks.load(acquire), max_callstacks);
    }

    // As many of them as there are chunks for: what a reader sizes its tables by.
    std::uint32_t callstacks_there() const { return callstacks_there(callstack_count()); }

    // nullptr for an id that is not there.
    const function_record* function(function_id id) const {
        const std::uint32_t index = to_index(id);
        if (index == 0 || index >= function_count()) return nullptr;
        return in_chunk<function_record, function_chunk>(header().functions_page, index);
    }
    const callstack_record* callstack(callstack_id id) const {
        const std::uint32_t index = to_index(id);
        if (index <= to_index(callstack_id::unknown) || index >= callstack_count()) return nullptr;
        return in_chunk<callstack_record, callstack_chunk>(header().callstacks_page, index);
    }

    std::span<const fact_record> facts() const {
        const std::uint32_t count = std::min(header().facts.load(acquire), max_facts);
        const auto* first = at<fact_record>(header().facts_page, count);
        return first == nullptr ? std::span<const fact_record>{} : std::span(first, count);
    }

    // All max_large_mappings of them; large_mapping_list.hpp reads.
    const large_mapping_record* large_mappings() const {
        return at<large_mapping_record>(header().large_mappings_page, max_large_mappings);
    }

    // The last run, if the process records on request and there was one.
    const run_record* run() const {
        const auto* record = at<run_record>(header().run_page, 1);
        return record == nullptr || record->root == callstack_id::none ? nullptr : record;
    }

    // visit(file, text) for each source of code that is in no file, the newest first.
    template <typename Visit>
    void for_each_source(Visit&& visit) const {
        std::uint64_t left = pages_there() * recording_page;
        page_number page = header().newest_source.load(acquire);
        while (const auto* there = at<source_record>(page, 1)) {
            const source_record source = *there;
            const std::string_view file = text(source.file, longest_source);
            const std::string_view content = text(source.text, longest_source);
            if (file.size() + content.size() > left) return;
            left -= file.size() + content.size();
            visit(file, content);
            if (to_index(source.older) >= to_index(page)) return;
            page = source.older;
        }
    }

    // visit(const usage_set_record&) for each set of counters.
    template <typename Visit>
    void for_each_usage_set(Visit&& visit) const {
        const std::uint32_t count = std::min(header().usage_sets.load(acquire), max_usage_sets);
        const auto* pages = at<page_directory_entry>(header().usage_sets_page, count);
        for (std::uint32_t i = 0; pages != nullptr && i < count; ++i) {
            const auto* set = at<usage_set_record>(pages[i].load(acquire), 1);
            if (set != nullptr) visit(*set);
        }
    }

    // visit(const usage_set_record&, callstack_id, const usage_record&) for each counter that was
    // ever used, of all sets and of `count` callstacks.
    template <typename Visit>
    void for_each_usage(std::uint32_t count, Visit&& visit) const {
        std::uint64_t chunks_left = pages_there() / usage_chunk::pages;
        for_each_usage_set([&](const usage_set_record& set) {
            for (std::uint32_t first = 0; first < count; first += usage_chunk::records) {
                const page_number page = set.chunks[usage_chunk::chunk_of(first)].load(acquire);
                const auto* chunk = at<usage_record>(page, usage_chunk::records);
                if (chunk == nullptr || chunks_left == 0) continue;
                --chunks_left;
                for (std::uint32_t i = 0; i < usage_chunk::records && first + i < count; ++i) {
                    if (was_used(chunk[i])) visit(set, callstack_id{first + i}, chunk[i]);
                }
            }
        });
    }

    // nullptr for one that nobody counted in yet. The callstack's id is below callstack_count().
    const usage_record* usage(const usage_set_record& set, callstack_id id) const {
        const std::uint32_t index = to_index(id);
        const page_number page = set.chunks[usage_chunk::chunk_of(index)].load(acquire);
        const auto* chunk = at<usage_record>(page, usage_chunk::records);
        return chunk == nullptr ? nullptr : chunk + usage_chunk::slot_of(index);
    }

    // Changes to `live` that threads have not published yet.
    std::int64_t pending() const {
        std::uint64_t sum = 0;
        for_each_usage_set([&](const usage_set_record& set) {
            sum += static_cast<std::uint64_t>(set.pending.load(std::memory_order_relaxed));
        });
        return plausible(static_cast<std::int64_t>(sum));
    }

  private:
    static constexpr auto acquire = std::memory_order_acquire;

    std::uint64_t pages_there() const {
        return std::min<std::uint64_t>(header().pages_used.load(acquire), bytes_ / recording_page);
    }

    // Each count is read once: its writer goes on.
    bool has_what_it_counts() const {
        const std::uint32_t callstacks = callstack_count(), functions = function_count();
        const std::uint32_t sets = header().usage_sets.load(acquire);
        const auto* set_pages = at<page_directory_entry>(header().usage_sets_page, sets);
        for (std::uint32_t i = 0; i < sets; ++i) {
            if (set_pages == nullptr ||
                at<usage_set_record>(set_pages[i].load(acquire), 1) == nullptr)
                return false;
        }
        return at<fact_record>(header().facts_page, max_facts) != nullptr &&
               callstacks_there(callstacks) == callstacks &&
               functions_there(functions) == functions;
    }

    std::uint32_t callstacks_there(std::uint32_t count) const {
        return records_there<callstack_record, callstack_chunk>(header().callstacks_page, count, 2);
    }
    std::uint32_t functions_there(std::uint32_t count) const {
        return records_there<function_record, function_chunk>(header().functions_page, count, 1);
    }

    // Of `count` records of a table, those in chunks that are there and follow one another, as
    // they were taken; the `unwritten` first ones need none.
    template <typename Record, typename Chunk>
    std::uint32_t records_there(page_number directory, std::uint32_t count,
                                std::uint32_t unwritten) const {
        const std::uint32_t chunks = Chunk::chunk_of(count - 1) + 1;
        const auto* pages = at<page_directory_entry>(directory, chunks);
        std::uint32_t there = 0;
        for (std::uint32_t end = 0; count > unwritten && pages != nullptr && there < chunks;) {
            const page_number page = pages[there].load(acquire);
            if (at<Record>(page, Chunk::records) == nullptr || to_index(page) < end) break;
            end = to_index(page) + Chunk::pages;
            ++there;
        }
        return std::min(count, std::max(there * Chunk::records, unwritten));
    }

    static bool was_used(const usage_record& usage) {
        constexpr auto relaxed = std::memory_order_relaxed;
        return usage.settled_at.load(relaxed) != 0 || usage.now.load(relaxed) != 0 ||
               usage.allocations.load(relaxed) != 0;
    }

    std::string_view text(text_reference reference, std::size_t longest) const {
        if (reference.length > longest) return {};
        if (reference.offset > bytes_ || reference.length > bytes_ - reference.offset) return {};
        return {reinterpret_cast<const char*>(base_) + reference.offset, reference.length};
    }

    // `count` records from the start of a page, or nullptr if they are not all in the memory.
    template <typename Record>
    const Record* at(page_number page, std::size_t count) const {
        const std::uint64_t offset = std::uint64_t{to_index(page)} * recording_page;
        if (page == page_number::none || offset > bytes_) return nullptr;
        if (count * sizeof(Record) > bytes_ - offset) return nullptr;
        return reinterpret_cast<const Record*>(base_ + offset);
    }

    template <typename Record, typename Chunk>
    const Record* in_chunk(page_number directory, std::uint32_t index) const {
        const auto* pages = at<page_directory_entry>(directory, Chunk::chunk_of(index) + 1);
        if (pages == nullptr) return nullptr;
        const auto* chunk = at<Record>(pages[Chunk::chunk_of(index)].load(acquire), Chunk::records);
        return chunk == nullptr ? nullptr : chunk + Chunk::slot_of(index);
    }

    const std::byte* base_;
    std::uint64_t bytes_;
};

}  // namespace fil

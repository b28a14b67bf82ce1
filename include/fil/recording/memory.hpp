#pragma once
// The writer's end of a recording: mapped memory, and chunks taken from it.
//
// Where the memory comes from (private, memfd) is decided by whoever maps it; here it is `bytes` of
// zeroed, sparse memory, which may grow in place. Chunks are taken under the caller's lock or by
// the atomic bump counter, and appear in a directory by one release store. Hot path: no allocation,
// no throw; nullptr when the recording is full.

#include <algorithm>
#include <cstring>
#include <string_view>

#include "fil/base/inlining.hpp"
#include "fil/base/pages.hpp"
#include "fil/base/spin_lock.hpp"
#include "fil/recording/layout.hpp"

namespace fil {

class recording_memory {
  public:
    recording_memory(void* base, std::uint64_t bytes)
        : base_(static_cast<std::byte*>(base)),
          pages_(static_cast<std::uint32_t>(bytes / recording_page)) {}

    // Where the memory behind it is free, up to `bytes`, more of it is taken when that is wanted.
    // To be called before format(). `System` can extend memory in place, and wait.
    template <typename System>
    void let_grow(std::uint64_t bytes) {
        most_pages_ = static_cast<std::uint32_t>(bytes / recording_page);
        extend_ = &System::extend;
        yield_ = &System::yield;
    }
    // More at once, for a time when no more can be had.
    void grow_to(std::uint64_t bytes) {
        const std::uint64_t wanted = std::min<std::uint64_t>(bytes / recording_page, most_pages_);
        if (wanted > pages_.load(std::memory_order_relaxed)) grow(wanted);
    }

    // Asked before pages are used for the first time, where writing there could fail later: in a
    // file, on a disk that may be full. False: they are not to be used.
    using make_room = bool (*)(void* address, std::uint64_t bytes);
    void ask_before_use(make_room ask) { ask_ = ask; }

    // What format() writes to, and a little more, without asking.
    static constexpr std::uint64_t formatted_bytes = 32 * recording_page;

    recording_header& header() const { return *reinterpret_cast<recording_header*>(base_); }

    // Writes the header of a fresh recording. False if even that does not fit.
    bool format(std::int32_t pid = 0, std::int32_t parent_pid = 0) {
        recording_header& h = header();
        h.version = recording_version;
        h.header_bytes = sizeof(recording_header);
        h.total_bytes =
            std::uint64_t{std::max<std::uint32_t>(pages_, most_pages_)} * recording_page;
        h.pid = pid;
        h.parent_pid = parent_pid;
        h.pages_used.store(1, std::memory_order_relaxed);
        h.functions.store(1, std::memory_order_relaxed);
        h.callstacks.store(2, std::memory_order_relaxed);  // 1 is `unknown`, the root
        h.facts_page = take_for<fact_record>(max_facts);
        h.usage_sets_page = take_for<page_directory_entry>(max_usage_sets);
        h.functions_page = take_for<page_directory_entry>(function_chunks);
        h.callstacks_page = take_for<page_directory_entry>(callstack_chunks);
        h.large_mappings_page = take_for<large_mapping_record>(max_large_mappings);
        if (h.large_mappings_page == page_number::none) return false;
        std::atomic_ref(h.magic).store(recording_magic, std::memory_order_release);
        return true;
    }

    // `count` fresh, zeroed, consecutive pages; none when the recording is full. Of a directory
    // there needs to be room for its beginning only: chunk() asks for the rest.
    page_number take(std::uint32_t count, std::uint32_t with_room = ~std::uint32_t{0}) {
        std::atomic<std::uint32_t>& used = header().pages_used;
        std::uint32_t first = used.load(std::memory_order_relaxed);
        do {
            if (count > pages_.load(std::memory_order_acquire) - first) [[unlikely]]
                if (!grow(std::uint64_t{first} + count)) return page_number::none;
            if (!has_room(first, std::min(count, with_room))) return page_number::none;
        } while (!used.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
        return page_number{first};
    }

    // Gives the reserved rest back to the system, down to `bytes` or what is used and a little
    // more.
    template <page_source Pages>
    void shrink(std::uint64_t bytes) {
        const std::uint32_t before = pages_.load(std::memory_order_relaxed);
        const std::uint32_t kept = cut_to(bytes);
        most_pages_ = std::min(most_pages_, static_cast<std::uint32_t>(bytes / recording_page));
        if (kept == before) return;
        Pages::unmap(at<std::byte>(page_number{kept}), std::size_t{before - kept} * recording_page);
    }

    // Between fold() and unfold() the unused rest cannot be made resident, by mlockall() say, but
    // for a little. `Pages` can forbid and allow them.
    template <typename Pages>
    void fold() {
        const std::uint32_t before = pages_.load(std::memory_order_relaxed);
        const std::uint32_t kept = cut_to(0);
        if (kept == before || folded_from_ != 0) return;
        folded_from_ = kept;
        folded_to_ = before;
        Pages::forbid(at<std::byte>(page_number{kept}),
                      std::size_t{before - kept} * recording_page);
    }
    template <typename Pages>
    void unfold() {
        const std::uint32_t kept = folded_from_;
        if (kept == 0) {  // by its last page it will grow, unlocked
            Pages::allow(at<std::byte>(page_number{pages_.load() - 1}), recording_page);
            return;
        }
        Pages::allow(at<std::byte>(page_number{kept}),
                     std::size_t{folded_to_ - kept} * recording_page);
        pages_.store(folded_to_, std::memory_order_relaxed);
        folded_from_ = 0;
    }

    template <typename T>
    T* at(page_number page) const {
        return reinterpret_cast<T*>(base_ + std::size_t{to_index(page)} * recording_page);
    }

    // The chunk that `entry` names, made on first touch. Any thread may make it: the loser's pages
    // are lost, which sparse memory does not mind.
    template <typename T>
    FIL_HOT T* chunk(page_directory_entry& entry, std::uint32_t pages) {
        page_number page = entry.load(std::memory_order_acquire);
        if (page == page_number::none) [[unlikely]]
            page = make_chunk(entry, pages);
        return page == page_number::none ? nullptr : at<T>(page);
    }

    // Copies text to the recording; a long one is cut.
    template <waiting Waiting>
    text_reference add_text(const char* data, std::size_t length) {
        const locked<Waiting> hold(text_lock_);
        if (length > longest_text) length = longest_text;
        if (length == 0) return {};
        if (length > text_left_) {
            page_number page = take(text_pages);
            if (page == page_number::none) return {};
            text_offset_ = std::uint64_t{to_index(page)} * recording_page;
            text_left_ = text_pages * recording_page;
        }
        text_reference text{text_offset_, static_cast<std::uint32_t>(length), 0};
        std::memcpy(base_ + text_offset_, data, length);
        text_offset_ += length;
        text_left_ -= length;
        return text;
    }

    // A fact for the report; there is room for a few dozen, later ones are dropped.
    template <waiting Waiting>
    void add_fact(std::string_view key, std::string_view value) {
        const locked<Waiting> hold(notes_lock_);
        const std::uint32_t index = header().facts.load(std::memory_order_relaxed);
        if (index == max_facts) return;
        at<fact_record>(header().facts_page)[index] = {
            add_text<Waiting>(key.data(), key.size()),
            add_text<Waiting>(value.data(), value.size())};
        header().facts.store(index + 1, std::memory_order_release);
    }

    // Keeps the source of code that is in no file, for the report. Counted as dropped if there is
    // no room.
    template <waiting Waiting>
    void add_source(std::string_view file, std::string_view text) {
        const locked<Waiting> hold(notes_lock_);
        const std::size_t bytes = sizeof(source_record) + file.size() + text.size();
        const page_number page = take_for<std::byte>(bytes);
        if (page == page_number::none) {
            header().dropped_events.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        const auto offset = std::uint64_t{to_index(page)} * recording_page + sizeof(source_record);
        std::memcpy(base_ + offset, file.data(), file.size());
        std::memcpy(base_ + offset + file.size(), text.data(), text.size());
        std::atomic<page_number>& newest = header().newest_source;
        *at<source_record>(page) = {
            {offset, static_cast<std::uint32_t>(file.size()), 0},
            {offset + file.size(), static_cast<std::uint32_t>(text.size()), 0},
            newest.load(std::memory_order_relaxed)};
        newest.store(page, std::memory_order_release);
    }

    void* base() const { return base_; }
    std::uint64_t bytes() const {
        return std::uint64_t{pages_.load(std::memory_order_relaxed)} * recording_page;
    }

  private:
    static constexpr std::uint32_t text_pages = 16;

    // From now on chunks are taken only below the page that is returned. A thread that takes one
    // right now finds room in the little that is left above what is used.
    std::uint32_t cut_to(std::uint64_t bytes) {
        constexpr std::uint32_t little = 1024;
        const std::uint32_t used = header().pages_used.load(std::memory_order_relaxed);
        const std::uint64_t wanted = std::max<std::uint64_t>(bytes / recording_page, used + little);
        const std::uint32_t before = pages_.load(std::memory_order_relaxed);
        if (wanted >= before) return before;
        const auto kept = static_cast<std::uint32_t>(wanted) & ~std::uint32_t{15};  // 64 KiB pages
        pages_.store(kept, std::memory_order_relaxed);
        return kept;
    }

    // By as much again, so that few calls do; one thread at a time, the others wait.
    FIL_RARE bool grow(std::uint64_t needed) {
        if (extend_ == nullptr) return false;
        while (grows_.exchange(true, std::memory_order_acquire)) yield_();
        const std::uint64_t before = pages_.load(std::memory_order_relaxed);
        const bool may = needed > before && needed <= most_pages_ && folded_from_ == 0;
        if (may) {
            const std::uint64_t half_more = before + before / 2, most = most_pages_;
            for (std::uint64_t wanted : {std::clamp(before * 2, needed, most),
                                         std::clamp(half_more, needed, most), needed}) {
                if (!extend_(at<std::byte>(page_number{static_cast<std::uint32_t>(before)}),
                             (wanted - before) * recording_page))
                    continue;
                pages_.store(static_cast<std::uint32_t>(wanted), std::memory_order_release);
                break;
            }
        }
        const bool is_enough = needed <= pages_.load(std::memory_order_relaxed);
        grows_.store(false, std::memory_order_release);
        return is_enough;
    }

    FIL_RARE page_number make_chunk(page_directory_entry& entry, std::uint32_t pages) {
        const auto at = static_cast<std::uint32_t>(
            static_cast<std::size_t>(reinterpret_cast<std::byte*>(&entry) - base_) /
            recording_page);
        if (!has_room(at, 1)) return page_number::none;
        const page_number fresh = take(pages);
        page_number found = page_number::none;
        if (fresh == page_number::none) return fresh;
        return entry.compare_exchange_strong(found, fresh, std::memory_order_acq_rel) ? fresh
                                                                                      : found;
    }

    bool has_room(std::uint32_t first, std::uint32_t count) const {
        if (ask_ == nullptr) return true;
        return ask_(base_ + std::size_t{first} * recording_page,
                    std::uint64_t{count} * recording_page);
    }

    template <typename Record>
    page_number take_for(std::size_t records) {
        return take(static_cast<std::uint32_t>((records * sizeof(Record) + recording_page - 1) /
                                               recording_page));
    }

    std::byte* base_ = nullptr;
    make_room ask_ = nullptr;
    std::atomic<std::uint32_t> pages_{0};
    std::uint32_t most_pages_ = 0;
    bool (*extend_)(void* end, std::size_t bytes) = nullptr;
    void (*yield_)() = nullptr;
    std::atomic<bool> grows_{false};
    std::uint32_t folded_from_ = 0, folded_to_ = 0;
    spin_lock text_lock_, notes_lock_;
    std::uint64_t text_offset_ = 0;
    std::size_t text_left_ = 0;
};

}  // namespace fil

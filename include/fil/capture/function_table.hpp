#pragma once
// Functions, interned by content: the same kind, name, file, first line and directory give one id.
//
// Records and texts live in the recording; the index over them is private to the process: a
// Boost.Intrusive hash set whose nodes come from an arena. Everything happens under one lock.
// Called when a source meets a function for the first time; sources cache ids. Hot path (uncommon
// part): no malloc, no throw; function_id::none when there is no room
// (counted as dropped), also where a text does not fit: a function without its name is none.

#include <boost/intrusive/unordered_set.hpp>
#include <string_view>

#include "fil/base/arena.hpp"
#include "fil/base/hash.hpp"
#include "fil/base/spin_lock.hpp"
#include "fil/base/system.hpp"
#include "fil/recording/memory.hpp"

namespace fil {

struct function_text {
    function_kind kind;
    std::string_view name;
    std::string_view file;
    std::string_view directory;
    std::uint32_t first_line;
};

template <system_below System>
class function_table {
  public:
    explicit function_table(recording_memory& memory) : memory_(memory) {}

    function_id intern(const function_text& text) {
        const locked<System> hold(lock_);
        const std::uint64_t hash = hash_of(text);
        const auto same = [&](const function_text&, const node& other) {
            return other.hash == hash && equal(text, record_of(other.id));
        };
        if (!grow_if_full()) return function_id::none;
        typename node_set::insert_commit_data commit;
        auto [found, is_new] = nodes_.insert_check(
            text, [&](const function_text&) { return std::size_t(hash); }, same, commit);
        if (!is_new) return found->id;
        node* fresh = append(text, hash);
        if (fresh == nullptr) return function_id::none;
        nodes_.insert_commit(*fresh, commit);
        return fresh->id;
    }

    function_kind kind_of(function_id id) const { return record_of(id).kind; }
    // Borrowed from the recording.
    function_text text_of(function_id id) const {
        const function_record& record = record_of(id);
        return {record.kind, text_at(record.name), text_at(record.file), text_at(record.directory),
                record.first_line};
    }

  private:
    struct node : boost::intrusive::unordered_set_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::normal_link>> {
        std::uint64_t hash;
        function_id id;
        friend std::size_t hash_value(const node& n) { return std::size_t(n.hash); }
        friend bool operator==(const node& a, const node& b) { return a.id == b.id; }
    };
    using node_set = boost::intrusive::unordered_set<node, boost::intrusive::power_2_buckets<true>>;
    using bucket = typename node_set::bucket_type;
    static constexpr std::size_t first_buckets = 256;

    static std::uint64_t hash_of(const function_text& text) {
        std::uint64_t hash =
            hash_bytes(text.name.data(), text.name.size(),
                       std::uint64_t{text.first_line} << 8 | static_cast<std::uint64_t>(text.kind));
        hash = hash_bytes(text.file.data(), text.file.size(), hash);
        return hash_bytes(text.directory.data(), text.directory.size(), hash);
    }

    function_record& record_of(function_id id) const {
        const std::uint32_t index = to_index(id);
        auto* directory = memory_.at<page_directory_entry>(memory_.header().functions_page);
        auto page = directory[function_chunk::chunk_of(index)].load(std::memory_order_relaxed);
        return memory_.at<function_record>(page)[function_chunk::slot_of(index)];
    }

    std::string_view text_at(text_reference text) const {
        return {static_cast<const char*>(memory_.base()) + text.offset, text.length};
    }

    bool equal(const function_text& text, const function_record& record) const {
        // A text that was cut for the recording equals its beginning.
        const auto starts = [](std::string_view whole, std::string_view kept) {
            return whole.substr(0, longest_text) == kept;
        };
        return record.first_line == text.first_line && record.kind == text.kind &&
               starts(text.name, text_at(record.name)) && starts(text.file, text_at(record.file)) &&
               starts(text.directory, text_at(record.directory));
    }

    node* append(const function_text& text, std::uint64_t hash) {
        node* fresh = append_if_it_fits(text, hash);
        if (fresh == nullptr)
            memory_.header().dropped_events.fetch_add(1, std::memory_order_relaxed);
        return fresh;
    }

    node* append_if_it_fits(const function_text& text, std::uint64_t hash) {
        recording_header& header = memory_.header();
        const std::uint32_t index = header.functions.load(std::memory_order_relaxed);
        if (index == function_chunks * function_chunk::records) return nullptr;
        auto* chunks = memory_.at<page_directory_entry>(header.functions_page);
        auto* chunk = memory_.chunk<function_record>(chunks[function_chunk::chunk_of(index)],
                                                     function_chunk::pages);
        auto* fresh = static_cast<node*>(arena_.take(sizeof(node)));
        if (chunk == nullptr || fresh == nullptr) return nullptr;
        text_reference name, file, directory;
        if (!add_text(text.name, name) || !add_text(text.file, file) ||
            !add_text(text.directory, directory)) {
            return nullptr;
        }
        chunk[function_chunk::slot_of(index)] = {name,      file, directory, text.first_line,
                                                 text.kind, 0};
        fresh = new (fresh) node;
        fresh->hash = hash;
        fresh->id = function_id{index};
        header.functions.store(index + 1, std::memory_order_release);
        return fresh;
    }

    bool add_text(std::string_view text, text_reference& reference) {
        reference = memory_.add_text<System>(text.data(), text.size());
        return reference.length != 0 || text.empty();
    }

    bool grow_if_full() {
        if (nodes_.size() < bucket_count_) return true;
        const std::size_t count = bucket_count_ == 0 ? first_buckets : bucket_count_ * 2;
        auto* buckets = static_cast<bucket*>(arena_.take(count * sizeof(bucket)));
        if (buckets == nullptr) return bucket_count_ != 0;
        for (std::size_t i = 0; i < count; ++i) new (buckets + i) bucket;
        nodes_.rehash({buckets, count});
        bucket_count_ = count;
        return true;
    }

    recording_memory& memory_;
    arena<System> arena_;
    bucket no_buckets_[1];
    std::size_t bucket_count_ = 0;
    node_set nodes_{{no_buckets_, 1}};
    spin_lock lock_;
};

}  // namespace fil

#pragma once
// Events of a process, to the bytes of one block and back: kinds, sites, ages, mappings, each a
// column of its own, since like compresses with like.
//
// A *site* is what is asked for: (callstack, bytes, alignment, zeroed, layer); most events repeat
// one of a few hundred. What goes is named by its *age*: how many blocks of memory have come since.
// Both are small numbers most of the time. Reading throws `unreadable` where the bytes make no
// sense.
//
// Cold; one thread.

#include <algorithm>
#include <array>
#include <unordered_map>

#include "fil/trace/trace_event.hpp"
#include "fil/trace/trace_format.hpp"

namespace fil::trace {

// What a column's next byte says, beside the operations.
inline constexpr std::uint8_t code_thread = 5, code_time = 6;
inline constexpr std::size_t columns = 5;  // codes, sites, ages, others, table of sites

class event_encoder {
  public:
    // The number of the next block of memory, and the time, where the block of events begins.
    std::uint64_t first_block() const { return first_block_; }
    std::uint64_t first_milliseconds() const { return first_time_; }
    std::uint32_t count() const { return count_; }
    std::uint64_t next_block() const { return next_block_; }

    void add(const event& one) {
        if (count_++ == 0) first_time_ = time_ = std::max(time_, one.milliseconds);
        if (one.milliseconds > time_) {
            codes_.push_back(code_time);
            put_number(others_, one.milliseconds - time_);
            time_ = one.milliseconds;
        }
        if (one.thread != thread_) {
            codes_.push_back(code_thread);
            put_number(others_, one.thread);
            thread_ = one.thread;
        }
        codes_.push_back(static_cast<std::uint8_t>(one.what));
        switch (one.what) {
            case operation::allocate:
                put_number(sites_, site_of(one));
                ++next_block_;
                break;
            case operation::reallocate:
                put_number(ages_, next_block_ - static_cast<std::uint64_t>(one.block));
                put_number(sites_, site_of(one));
                ++next_block_;
                break;
            case operation::release:
                put_number(ages_, next_block_ - static_cast<std::uint64_t>(one.block));
                break;
            case operation::touched_block:
                put_number(ages_, next_block_ - static_cast<std::uint64_t>(one.block));
                put_number(others_, one.bytes);
                break;
            case operation::touched_mapping:
                put_number(others_, one.address);
                put_number(others_, one.bytes);
                break;
            case operation::map:
            case operation::unmap:
                others_.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(one.of) << 4 |
                                                            static_cast<unsigned>(one.kind)));
                put_number(others_, one.address);
                put_number(others_, one.bytes);
                put_number(others_, to_index(one.callstack));
        }
    }

    // The content of the block, which ends here.
    bytes finish() {
        bytes whole;
        put_number(whole, first_thread_);
        for (const bytes* column : {&codes_, &sites_, &ages_, &others_, &table_})
            put_number(whole, column->size());
        for (bytes* column : {&codes_, &sites_, &ages_, &others_, &table_}) {
            whole.insert(whole.end(), column->begin(), column->end());
            column->clear();
        }
        known_.clear();
        count_ = 0;
        first_block_ = next_block_;
        first_thread_ = thread_;
        return whole;
    }

  private:
    struct site {
        std::uint64_t bytes;
        std::uint32_t callstack;
        std::uint32_t about;
        bool operator==(const site&) const = default;
    };
    struct site_hash {
        std::size_t operator()(const site& one) const {
            return mix(one.bytes ^ mix(std::uint64_t{one.callstack} << 32 | one.about));
        }
    };

    std::uint64_t site_of(const event& one) {
        const site asked{one.bytes, to_index(one.callstack),
                         std::uint32_t{one.alignment_log2} << 4 | (one.zeroed ? 4u : 0u) |
                             static_cast<std::uint32_t>(one.of)};
        const auto [found, is_new] = known_.try_emplace(asked, known_.size());
        if (is_new) {
            put_number(table_, asked.bytes);
            put_number(table_, asked.callstack);
            put_number(table_, asked.about);
        }
        return found->second;
    }

    bytes codes_, sites_, ages_, others_, table_;
    std::unordered_map<site, std::uint64_t, site_hash> known_;
    std::uint32_t count_ = 0, thread_ = 0, first_thread_ = 0;
    std::uint64_t next_block_ = 0, first_block_ = 0, time_ = 0, first_time_ = 0;
};

class event_decoder {
  public:
    event_decoder() = default;
    // Borrows `content`.
    event_decoder(const block_header& header, std::span<const std::uint8_t> content)
        : left_(header.events), next_block_(header.first_block), time_(header.milliseconds) {
        number_reader whole(content);
        thread_ = static_cast<std::uint32_t>(whole.number());
        std::array<std::uint64_t, columns> lengths{};
        for (std::uint64_t& length : lengths) length = whole.number();
        codes_ = number_reader(whole.part(lengths[0]));
        asked_ = number_reader(whole.part(lengths[1]));
        ages_ = number_reader(whole.part(lengths[2]));
        others_ = number_reader(whole.part(lengths[3]));
        for (number_reader table(whole.part(lengths[4])); !table.is_at_end();) {
            event site;
            site.bytes = table.number();
            site.callstack = callstack_id{static_cast<std::uint32_t>(table.number())};
            const auto about = static_cast<unsigned>(table.number());
            site.alignment_log2 = static_cast<std::uint8_t>(about >> 4 & 63);
            site.zeroed = (about & 4) != 0;
            site.of = layer_of(about & 3);
            sites_.push_back(site);
        }
    }

    // False: there is none left.
    bool next(event& one) {
        if (left_ == 0) return false;
        --left_;
        std::uint8_t code = codes_.byte();
        for (; code == code_time || code == code_thread; code = codes_.byte()) {
            if (code == code_time)
                time_ += others_.number();
            else
                thread_ = static_cast<std::uint32_t>(others_.number());
        }
        if (code > static_cast<std::uint8_t>(operation::touched_mapping))
            throw unreadable("it is damaged");
        one = {};
        const auto what = static_cast<operation>(code);
        if (what == operation::reallocate || what == operation::release ||
            what == operation::touched_block)
            one.block = aged();
        if (what == operation::reallocate || what == operation::allocate) {
            const block_number old = one.block;
            const std::uint64_t site = asked_.number();
            if (site >= sites_.size()) throw unreadable("it is damaged");
            one = sites_[site];
            one.block = what == operation::allocate ? block_number{next_block_} : old;
            one.moved_to = block_number{next_block_++};
        }
        if (what == operation::map || what == operation::unmap) read_mapping(one);
        if (what == operation::touched_mapping) one.address = others_.number();
        if (what == operation::touched_mapping || what == operation::touched_block)
            one.bytes = others_.number();
        one.what = what;
        one.thread = thread_;
        one.milliseconds = time_;
        return true;
    }

  private:
    static layer layer_of(unsigned number) {
        if (number > static_cast<unsigned>(layer::runtime_arena)) throw unreadable("it is damaged");
        return static_cast<layer>(number);
    }

    block_number aged() {
        const std::uint64_t age = ages_.number();
        if (age == 0 || age > next_block_) throw unreadable("it is damaged");
        return block_number{next_block_ - age};
    }

    void read_mapping(event& one) {
        const unsigned about = others_.byte();
        if ((about & 15) >= mapping_kinds) throw unreadable("it is damaged");
        one.of = layer_of(about >> 4);
        one.kind = static_cast<mapping_kind>(about & 15);
        one.address = others_.number();
        one.bytes = others_.number();
        one.callstack = callstack_id{static_cast<std::uint32_t>(others_.number())};
    }

    std::uint32_t left_ = 0, thread_ = 0;
    std::uint64_t next_block_ = 0, time_ = 0;
    number_reader codes_, asked_, ages_, others_;
    std::vector<event> sites_;
};

}  // namespace fil::trace

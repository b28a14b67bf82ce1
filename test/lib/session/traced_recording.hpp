#pragma once
// A process that is traced, with one ring that a test writes into as the process would.

#include <string>

#include "made_process.hpp"
#include "process/trace_rings.hpp"

namespace fil::test {

class traced_recording {
  public:
    explicit traced_recording(std::int32_t pid = 42) : process(made_process(pid, 0, bytes)) {
        memory_of(process).add_fact<linux_system>(trace_fact, std::to_string(root_page));
        root().magic = trace_magic;
        root().ring[0] = page_number{ring_page};
        root().rings = 1;
        ring().mask = entries_of_ring(0) - 1;
    }

    // The next entry; `bytes`: of what comes.
    void add(trace_entry_kind kind, std::uint64_t place, std::uint64_t size = 0,
             unsigned about = 0) {
        const std::uint64_t at = ring().written.load();
        (&ring().first[0])[at & ring().mask] = {
            next++ * trace_order_step | about << 3 | static_cast<unsigned>(kind), place,
            std::uint64_t{7} << 32 | size};
        ring().written.store(at + 1);
    }
    void came(std::uint64_t address, std::uint64_t size, unsigned about = 0) {
        add(trace_entry_kind::block_came, address, size, about);
    }
    void went(std::uint64_t address, unsigned about = 0) {
        add(trace_entry_kind::block_went, address, 0, about);
    }
    trace_root& root() { return *at<trace_root>(root_page); }
    trace_ring& ring() { return *at<trace_ring>(ring_page); }

    joined_process process;
    std::uint64_t next = 0;  // number of an entry

  private:
    static constexpr std::uint64_t bytes = 32 << 20;
    static constexpr std::uint32_t root_page = 1000, ring_page = 2000;

    template <typename Record>
    Record* at(std::uint32_t page) {
        return memory_of(process).at<Record>(page_number{page});
    }
};

}  // namespace fil::test

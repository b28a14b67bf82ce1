#include "report/resident_note.hpp"

#include "fil/recording/layout.hpp"
#include "fil/report/mib_text.hpp"

namespace fil {

namespace {

// Of what was told to be shown where it is taken.
std::string and_how_much(std::int64_t mapped) {
    if (mapped == 0) return ".";
    return "; " + report::size_text(mapped) + " of that were resident at the peak.";
}

}  // namespace

std::string note_of_allocator(const std::string& allocator, std::int64_t mapped) {
    const bool has_name = !allocator.starts_with("a ");
    return "The program has " + (has_name ? allocator + " linked into it" : allocator) +
           ", which does not tell of its blocks: what it takes from the system is shown, where it "
           "takes it" +
           and_how_much(mapped);
}

std::string note_of_allocator_inside(const std::string& object, std::int64_t mapped) {
    const std::size_t colon = object.find(": ");
    const std::string text =
        object.substr(0, colon) + " has " + object.substr(colon + 2) +
        " inside, which does not tell of its blocks: what it takes from the system is shown, where "
        "it takes it" +
        and_how_much(mapped);
    const bool is_arrows_choice = object.starts_with("libarrow") && object.ends_with("mimalloc");
    return is_arrows_choice
               ? text +
                     " ARROW_DEFAULT_MEMORY_POOL or the program chose it; of \"system\" and "
                     "\"jemalloc\" each block is seen."
               : text;
}

std::string note_of_earlier_allocator(const std::string& library, std::int64_t mapped) {
    return library +
           " was preloaded before our library, so its blocks are not seen. They are if LD_PRELOAD "
           "names it after what stands there already. What it takes from the system is shown, "
           "where it takes it" +
           and_how_much(mapped);
}

std::string note_of_many_mappings() {
    return "It had more than " + report::with_commas(max_large_mappings) +
           " mappings of 64 MiB and more at a time: how much of them was touched is known of the "
           "largest only.";
}

bool is_far_above(std::int64_t anonymous, std::int64_t counted) {
    constexpr std::int64_t always_there = 32 << 20;
    const std::int64_t above = anonymous - counted;
    return above > always_there && above > counted / 5 * 6;
}

std::string note_of_resident(std::int64_t anonymous, std::int64_t counted,
                             const std::string& allocator) {
    const std::string known =
        allocator.empty() ? "by an allocator inside the program or a library, where no hook sees it"
                          : "by the allocator inside the program, past the C library";
    return report::size_text(anonymous) + " of memory were resident at the peak, and only " +
           report::size_text(counted) + " of memory are counted. The rest may have been taken " +
           known +
           "; or be blocks that were freed and that their allocator keeps, variables of the "
           "program "
           "and its libraries, stacks of threads.";
}

}  // namespace fil

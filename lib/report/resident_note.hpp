#pragma once
// What a report says where memory is not counted: of an allocator inside the program, and of
// resident memory far above the peak. Cold.

#include <cstdint>
#include <string>

namespace fil {

// `mapped`: what it had taken from the system that was resident at the peak; 0: not known.
std::string note_of_allocator(const std::string& allocator, std::int64_t mapped);

// Of a library's own: "libx.so: jemalloc 5.1.0".
std::string note_of_allocator_inside(const std::string& object, std::int64_t mapped);

// Of a library that was preloaded before ours.
std::string note_of_earlier_allocator(const std::string& library, std::int64_t mapped);

// Of a process whose list of large mappings had no room for all.
std::string note_of_many_mappings();

// `anonymous`: resident at the peak, with no file behind it and not shared. Small blocks may take
// twice what was asked for, with malloc's bookkeeping and ours; and a little is always there.
bool is_far_above(std::int64_t anonymous, std::int64_t counted);

// `allocator`: the one inside the program; "": none that is known.
std::string note_of_resident(std::int64_t anonymous, std::int64_t counted,
                             const std::string& allocator);

}  // namespace fil

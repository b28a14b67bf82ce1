#pragma once
// Files by their descriptors: opened, looked at, read and written at a place.
//
// What fails leaves its reason in errno. Cold; any thread, no state.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/file_descriptor.hpp"

namespace fil::os {

// To be read; -1 if refused. A pipe of that name does not block.
file_descriptor open_to_read(const std::string& path);

// A new one, to be written, and by nobody else read; -1 if refused, as where one has that name.
file_descriptor make_private_file(const std::string& path);
// The same, or the one of that name, emptied; what is no plain file is refused, and left as it is.
file_descriptor make_file_anew(const std::string& path);
// One that has no path, in memory; -1 if refused.
file_descriptor make_file_in_memory();
void remove_file(const std::string& path);
// Over whatever had that name; false if refused.
bool rename_file(const std::string& from, const std::string& to);
void remove_folder(const std::string& path);  // an empty one; no link to one

// Another number for it; -1 if there is none.
file_descriptor duplicate(int descriptor);

struct file_facts {
    bool is_regular;
    std::uint64_t bytes;
    std::int64_t modified;  // seconds since 1970
};
std::optional<file_facts> facts_of(int descriptor);
std::optional<file_facts> facts_of(const std::string& path);  // links are followed

// How many bytes; less than wanted at the end only, however many the system takes at once (2 GiB);
// < 0: failed.
std::int64_t read_at(int descriptor, char* to, std::size_t bytes, std::uint64_t offset);
// All of them, or false.
bool write_at(int descriptor, const char* from, std::size_t bytes, std::uint64_t offset);

// Where data begins at `offset` or beyond, and where it ends: what lies between is holes. False if
// there is no more.
bool next_data(int descriptor, std::uint64_t offset, std::uint64_t& start, std::uint64_t& end);

// All of it, and then its end, where a network's file system says that it is full.
bool write_and_close(file_descriptor file, std::string_view text);

// Who maps a file privately and writable, as libdw does, has all of it counted as its memory
// (RLIMIT_DATA), although it is only read: as much more is allowed.
void allow_for_mapping(int descriptor);

// What is beyond its end is a hole.
bool set_length(int descriptor, std::uint64_t bytes);

}  // namespace fil::os

#pragma once
// Files that a process counts in without a supervisor: made, lengthened and looked at from inside a
// malloc hook. By their names each time: a descriptor that stays open is one that the program sees,
// closes, and takes for its own.
//
// No malloc, no throw; errno says why something failed. lib/os/recording_files_linux.cpp.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fil::os {

// For reading and writing; -1 if refused. The first makes it, 0600, where nothing has that name.
int make_file(const char* path, std::uint64_t bytes);
int open_file(const char* path);
std::uint64_t file_bytes(int file);

// False if refused. A limit (RLIMIT_FSIZE) refuses; the call itself would kill.
bool set_length(const char* path, std::uint64_t bytes);

// Room on the disk for these pages of a mapped file, which starts at `offset` of them: what is
// written there from now on finds it. Where the disk is full, writing without would kill (SIGBUS).
// `path` is needed on kernels before 5.14. Nobody has written there yet.
bool make_room(void* address, std::uint64_t bytes, const char* path, std::uint64_t offset);

// The same for all of a file, of which at least the beginning is mapped at `address` and in use:
// what is in it stays.
bool make_all_room(void* address, std::uint64_t bytes, const char* path);

bool make_folder(const char* path);  // 0700; one that is there is no success
bool make_folders(char* path);       // with those above it; what is there is fine
void remove_file(const char* path);

// As much of a file as there is; -1 if it cannot be read.
long read_file(const char* path, void* to, std::size_t bytes);
long read_link(const char* path, char* to, std::size_t bytes);

// Whether a process of that number is there, as far as can be told.
bool is_running(std::int32_t pid);

// The machine's name, in letters that any file system takes.
void host_name(char* to, std::size_t capacity);

// A number that only processes of one machine have in common, between two of its starts.
std::uint64_t machine_number();

// Calls visit(context, name) for the names in a folder, "." and ".." among them, until that returns
// false.
using name_visitor = bool (*)(void* context, const char* name);
void for_each_name(const char* folder, name_visitor visit, void* context);

}  // namespace fil::os

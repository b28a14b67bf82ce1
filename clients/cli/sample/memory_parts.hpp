// What the resident memory of processes is made of: by the kernel's list of their mappings
// (kernel_mappings.hpp), and by what each knows of its own memory (known_memory.hpp). Each resident
// byte is in one part; what nobody knows is a part, too.
#pragma once

#include <fil_supervisor.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "os/process.hpp"
#include "sample/kernel_mappings.hpp"
#include "sample/known_memory.hpp"
#include "sample/untouched.hpp"

namespace fil::cli {

struct memory_part {
    fil_resident_kind kind;
    std::string name;  // of a ground
    std::int64_t bytes = 0;
    std::int64_t live = 0;
    bool operator==(const memory_part&) const = default;
};

// How pages count that several processes share: wholly, or each process's share of them.
enum class shared_pages { wholly, in_parts };

// One process after the other, parents first: what a forked child has from its parent is what the
// parent knows it to be.
class memory_look {
  public:
    memory_look(const fil_session* session, shared_pages how) : session_(session), how_(how) {}

    // One that runs; nothing of it if the kernel does not tell.
    void add(pid_t pid, pid_t parent);

    // The same of a text of the kernel's. `present` counts the resident bytes of a range.
    void add(pid_t pid, pid_t parent, const std::string& smaps, known_memory known, bool is_known,
             const counter_of_pages& present);

    // Of who has no child to come: what a parent knows is kept until then.
    void forget(pid_t pid) { seen_.erase(pid); }

    const std::vector<memory_part>& parts() const { return all_; }
    // Of a process: whose blocks keep sparse memory.
    const std::map<pid_t, std::vector<kept_memory>>& sparse() const { return sparse_; }

    // Of those that were forked by another one here: what each has made its own of what it
    // inherited (copied_memory.hpp).
    const std::map<pid_t, std::int64_t>& copied() const { return copied_; }
    // And how much memory, of no file's, each still shares.
    const std::map<pid_t, std::int64_t>& shared() const { return shared_; }

  private:
    struct process {
        std::uint64_t end_of_stack = 0;  // no two have the same, unless one was forked
        known_memory known;
        std::vector<kernel_mapping> mappings = {};
    };

    void add_part(fil_resident_kind kind, const std::string& name, std::int64_t bytes,
                  std::int64_t live);
    std::int64_t share_of(const kernel_mapping& one, std::int64_t resident) const;
    void add_mapping(const kernel_mapping& one, const known_memory& known,
                     const counter_of_pages& present);
    memory_part sum_of_kind(fil_resident_kind kind) const;
    void tell_vacant(const memory_part& heaps_before, const known_memory& known,
                     const kernel_mapping& memory);
    void add_memory(const kernel_mapping& one, process& now, const known_memory* parents,
                    std::int64_t copied_left, const counter_of_pages& present);

    const fil_session* session_;
    shared_pages how_;
    std::map<pid_t, process> seen_;
    std::vector<memory_part> all_;
    std::map<pid_t, std::vector<kept_memory>> sparse_;
    std::map<pid_t, std::int64_t> copied_, shared_;
};

std::int64_t sum_of(std::span<const memory_part> parts);

}  // namespace fil::cli

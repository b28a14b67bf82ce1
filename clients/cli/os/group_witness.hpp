// Who else got a signal? A process of ours in the same group, that does nothing but get signals:
// what it has, everybody has who was sent it together with us (a group, all of a control group, all
// of a tree), and the program needs no second one from us. It holds no file of anybody's, and ends
// with this object or with the supervisor. Signals must be blocked already (signals.hpp).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "os/descriptor.hpp"

namespace fil::cli {

// Bit n - 1 is signal n.
enum class signal_bits : std::uint64_t {};
bool contains(signal_bits signals, int number);

class group_witness {
  public:
    // Without one, where there can be no other process, nothing was seen by anybody.
    group_witness();
    ~group_witness();
    group_witness(const group_witness&) = delete;

    // What has come to it since it was asked before: asks, and is told a moment later. Neither
    // blocks.
    void ask();
    std::optional<signal_bits> take_answer();

    // Somebody may have stopped it. What it was asked it answers then.
    void wake();

  private:
    descriptor ours_;
    pid_t pid_ = -1;
};

}  // namespace fil::cli

#pragma once
// Should the supervisor be killed, the program dies with it, and all that was recorded would go
// with both. So another process, the keeper, is told of each recording, holds its memory as the
// supervisor does, and leaves it as files then (keeper.hpp). This is the supervisor's end of it.
//
// The keeper takes each message at once. Where it does not for a while (somebody has stopped it)
// it has lost track, and says so should it come to that; nobody waits for it twice. One thread.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "os/file_descriptor.hpp"
#include "session/joined_process.hpp"

namespace fil {

enum class keeping : std::uint32_t { on, over, lost };

// What is sent; a text follows: the command, whose arguments are each ended by a zero, and the
// executable.
struct keeper_message {
    enum class kind : std::uint32_t { joined, replaced, let_go } what;
    std::uint32_t number;  // of the process, in the order of joining
    std::int32_t pid, parent_pid;
    std::int32_t segment;  // where the recording is no file that comes along; else -1
    std::uint32_t command_length;
    std::int64_t peak;
};
inline constexpr std::size_t longest_keeper_message = 8192;

// Shared by both: how it stands, whoever is gone.
class keeper_state {
  public:
    keeper_state() = default;
    static keeper_state make();

    bool is_there() const { return memory_.base() != nullptr; }
    void say(keeping how) const { word().store(how); }
    keeping how() const { return word().load(); }

  private:
    std::atomic<keeping>& word() const {
        return *static_cast<std::atomic<keeping>*>(memory_.base());
    }

    shared_mapping memory_;
};

class keeper_line {
  public:
    // The other end is the keeper's; -1: there can be none.
    file_descriptor begin();
    bool is_there() const { return socket_.number() >= 0; }
    const keeper_state& state() const { return state_; }
    void hang_up() { socket_ = file_descriptor(); }  // in the keeper

    // `recording` is its file, or -1: then it is that segment.
    void tell_joined(const joined_process& process, int recording, int segment);
    // `recording` is all that is needed of it now.
    void tell_replaced(const joined_process& process, int recording);
    void tell_let_go(const joined_process& process);
    // The supervisor ends as it should. Waits for the keeper to have ended as well.
    void tell_over();

  private:
    void send(keeper_message::kind what, const joined_process& process, int recording = -1,
              int segment = -1);

    file_descriptor socket_;
    keeper_state state_;
};

}  // namespace fil

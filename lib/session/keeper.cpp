#include "session/keeper.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "fil/recording/memory.hpp"
#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"
#include "os/cold/memory_of_others.hpp"
#include "os/cold/place_and_time.hpp"
#include "os/cold/process_end.hpp"
#include "os/linux_system.hpp"
#include "process/session_files.hpp"
#include "session/compact_recording.hpp"
#include "session/held_peak.hpp"
#include "session/kept_recording.hpp"
#include "session/temporary_directories.hpp"

namespace fil {
namespace {

constexpr std::string_view note =
    "fil-profile was killed, and the program with it: this is what was recorded until then.";

struct held {
    std::int32_t pid, parent_pid;
    std::string command, executable;
    shared_mapping memory;

    recording_view view() const {
        memory.cover(recording_view(memory.base(), memory.bytes()).used_bytes());
        return {memory.base(), memory.bytes()};
    }
    bool is_closed() const { return view().header().closed.load(std::memory_order_acquire) != 0; }
};

struct compacted {
    const held* of;
    shared_mapping memory;

    recording_view view() const { return {memory.base(), memory.bytes()}; }
};

// What processes without a supervisor know from the start.
struct surroundings {
    std::string directory, host = os::host_name(), started;

    explicit surroundings(std::int64_t seconds_since_1970)
        : started(std::to_string(seconds_since_1970)) {
        char text[4096];
        directory.assign(text, os::working_directory(text, sizeof text));
    }
};

class keeper {
  public:
    // False: the line is dead.
    bool hear(int socket) {
        std::array<char, longest_keeper_message> text;
        const os::arrived_message arrived = os::receive_at_once(socket, text.data(), text.size());
        if (arrived.bytes < 0 && errno == EAGAIN) return os::wait_for_message(socket);
        keeper_message message{};
        if (arrived.bytes < static_cast<long>(sizeof message)) return false;
        std::memcpy(&message, text.data(), sizeof message);
        std::string_view rest(text.data(), static_cast<std::size_t>(arrived.bytes));
        rest.remove_prefix(sizeof message);
        try {
            note_message(message, rest, arrived.attached.number());
        } catch (const std::exception&) {  // there is no memory for this one
            ++lost_;
        }
        return true;
    }

    bool holds_anything() const { return !all_.empty(); }

    // The program dies with the supervisor; others may, and are given a moment.
    void wait_for_deaths() const {
        constexpr int for_program = 2000, for_others = 100;
        wait_until(for_program, [&] { return os::has_ended(program_); });
        wait_until(for_others, [&] { return running() == 0; });
    }

    std::uint64_t running() const {
        return static_cast<std::uint64_t>(std::ranges::count_if(all_, [](const auto& one) {
            return !one.second.is_closed() && !os::has_ended(one.second.pid);
        }));
    }

    kept_files write(session_page& page, const std::string& directory) {
        const std::vector<compacted> made = compact_all(page);
        kept_files kept{new_folder(directory), lost_, running()};
        write_page(page, made, kept.folder);
        const surroundings around(began_);
        for (const compacted& one : made) {
            try {
                write_one(one, around, kept.folder);
            } catch (const std::system_error&) {  // a smaller one may find room
                ++kept.missing;
            }
        }
        return kept;
    }

  private:
    void note_message(const keeper_message& message, std::string_view text, int recording) {
        if (message.what == keeper_message::kind::let_go) {
            all_.erase(message.number);
            ++gone_;
            gone_peak_ = std::max(gone_peak_, message.peak);
            return;
        }
        shared_mapping memory =
            message.segment >= 0 ? shared_mapping::of_segment(message.segment) : mapped(recording);
        if (message.what == keeper_message::kind::replaced) {
            const auto known = all_.find(message.number);
            if (known != all_.end()) known->second.memory = std::move(memory);
            return;
        }
        if (message.number == 0) program_ = message.pid;
        all_.insert_or_assign(
            message.number,
            held{message.pid, message.parent_pid,
                 std::string(text.substr(0, message.command_length)),
                 std::string(text.substr(message.command_length)), std::move(memory)});
    }

    static shared_mapping mapped(int recording) {
        const std::optional<std::uint64_t> bytes = os::sealed_bytes(recording);
        if (!bytes) throw std::system_error(errno, std::generic_category());
        return {recording, *bytes};
    }

    template <typename Condition>
    static void wait_until(int milliseconds, const Condition& is_true) {
        using namespace std::chrono_literals;
        for (int i = 0; i < milliseconds && !is_true(); ++i) std::this_thread::sleep_for(1ms);
    }

    std::int64_t live(const session_page& page) const {
        std::int64_t sum = plausible(page.live.load());
        for (const auto& [_, one] : all_)
            if (!one.is_closed()) sum = plausible(sum + one.view().pending());
        return sum;
    }

    // Who is still there goes on; then it may take more than one attempt.
    std::vector<compacted> compact_all(session_page& page) {
        std::vector<compacted> made;
        for (int attempt = 0; attempt < 3; ++attempt) {
            const held_peak at(page, live(page));
            made.clear();
            for (const auto& [_, one] : all_) {
                compact_memory small;
                if (compact_recording(one.view(), at.peak(), small) != compacting::done) continue;
                const shared_mapping cut = shared_mapping::of_memory(small.address, small.bytes);
                shared_mapping memory = with_room_for_facts({cut.base(), cut.bytes()});
                if (memory.base() == nullptr)
                    throw std::system_error(errno, std::generic_category());
                made.push_back({&one, std::move(memory)});
            }
            peak_ = at.peak();
            if (!at.rose()) break;
        }
        return made;
    }

    std::string new_folder(const std::string& directory) const {
        std::vector<std::string> places = temporary_directories();
        places.insert(places.begin(), directory);
        int first_error = 0;
        for (const std::string& place : places) {
            file_name session, tried;
            if (begin_session_in_files(place.c_str(), program_, session, tried)) {
                files_address address;
                parse_files_address(session.view(), address);
                return std::string(address.folder);
            }
            if (first_error == 0) first_error = errno;
        }
        throw std::system_error(first_error, std::generic_category(), directory);
    }

    void write_page(const session_page& page, const std::vector<compacted>& made,
                    const std::string& folder) const {
        session_page* written = map_session_page(folder);
        if (written == nullptr) return;
        const auto held_nothing = static_cast<std::uint32_t>(all_.size() - made.size());
        std::int64_t highest = gone_peak_;
        for (const auto& [_, one] : all_) {
            const auto is_it = [&one = one](const compacted& other) { return other.of == &one; };
            if (std::ranges::none_of(made, is_it))
                highest = std::max(highest, plausible(one.view().header().peak.load()));
        }
        written->peak.store(peak_);
        written->sandboxed.store(page.sandboxed.load());
        written->gone.store(gone_ + held_nothing);
        written->gone_peak.store(highest);
        os::unmap(written, recording_page);
    }

    void write_one(const compacted& one, const surroundings& around, const std::string& folder) {
        recording_memory memory(one.memory.base(), one.memory.bytes());
        const auto add = [&](std::string_view key, std::string_view value) {
            if (!value.empty()) memory.add_fact<linux_system>(key, value);
        };
        add("command", one.of->command);
        add("executable", one.of->executable);
        add("directory", around.directory);
        add("host", around.host);
        add("started", around.started);
        if (one.of->pid == program_) add("note", note);
        const file_name path = recording_name(folder, one.of->pid, ++images_[one.of->pid]);
        keep_recording(one.view(), path.text());
    }

    std::map<std::uint32_t, held> all_;  // by number
    std::map<std::int32_t, std::uint32_t> images_;
    const std::int64_t began_ = os::seconds_since_1970();
    std::int32_t program_ = 0;
    std::uint64_t lost_ = 0;
    std::uint32_t gone_ = 0;
    std::int64_t gone_peak_ = 0, peak_ = 0;
};

}  // namespace

std::optional<kept_files> keep_until_end(int socket, const keeper_state& state, session_page& page,
                                         std::string_view directory) {
    keeper all;
    while (all.hear(socket)) {
    }
    if (state.how() == keeping::over || !all.holds_anything()) return std::nullopt;
    if (state.how() == keeping::lost)
        throw std::system_error(ETIMEDOUT, std::generic_category(), "the keeper was stopped");
    all.wait_for_deaths();
    return all.write(page, std::string(directory));
}

}  // namespace fil

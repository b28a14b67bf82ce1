#include "os/group_witness.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "os/child.hpp"
#include "os/small_file.hpp"

namespace fil::cli {
namespace {

signal_bits take_all() {
    sigset_t all;
    sigfillset(&all);
    const timespec now{};
    std::uint64_t bits = 0;
    for (int number; (number = ::sigtimedwait(&all, nullptr, &now)) > 0;)
        bits |= std::uint64_t{1} << (number - 1);
    return signal_bits{bits};
}

// Where the kernel reads this process's command line: the fields of /proc/self/stat.
std::span<char> own_command_line() {
    constexpr int fields_between = 45;  // from the state, which follows the name, to arg_start
    std::string text = read_small_file("/proc/self/stat");
    std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
    for (int i = 0; i < fields_between; ++i) fields >> text;
    std::uintptr_t begin = 0, end = 0;
    if (!(fields >> begin >> end) || begin == 0 || end <= begin) return {};
    return {reinterpret_cast<char*>(begin), end - begin};
}

// People send signals by name. One for fil-profile is for the supervisor, and it alone; one for
// the program's name finds the program too, the supervisor, and must find the witness. So that is
// called what the user typed after `run`.
void take_programs_name() {
    using namespace std::string_view_literals;
    ::prctl(PR_SET_NAME, "fil-witness");
    const std::span<char> line = own_command_line();
    const std::string_view all(line.data(), line.size());
    const std::size_t run = all.find("\0run\0"sv);
    const std::string words(run == all.npos ? ""sv : all.substr(run + 5));
    std::ranges::fill(line, '\0');
    std::ranges::copy(words, line.begin());
}

[[noreturn]] void testify(int question) {
    take_programs_name();
    for (int number : open_descriptors())
        if (number != question) ::close(number);
    for (char asked;;) {
        const auto size = ::read(question, &asked, sizeof asked);
        if (size < 0 && errno == EINTR) continue;
        if (size != sizeof asked) ::_exit(0);
        const signal_bits seen = take_all();
        [[maybe_unused]] const auto written = ::write(question, &seen, sizeof seen);
    }
}

}  // namespace

bool contains(signal_bits signals, int number) {
    return (static_cast<std::uint64_t>(signals) >> (number - 1) & 1) != 0;
}

group_witness::group_witness() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
    ours_ = descriptor(ends[0]);
    const descriptor its(ends[1]);
    pid_ = start_child([&] { testify(its.get()); });
    if (pid_ < 0) ours_.close();
}

group_witness::~group_witness() {
    if (pid_ < 0) return;
    ours_.close();  // it ends by that; the signal is for one that somebody stopped
    ::kill(pid_, SIGKILL);
    wait_for_end(pid_);
}

void group_witness::wake() {
    if (pid_ > 0) ::kill(pid_, SIGCONT);
}

void group_witness::ask() {
    const char now = 0;
    if (::send(ours_.get(), &now, sizeof now, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof now)
        ours_.close();  // somebody killed it
}

std::optional<signal_bits> group_witness::take_answer() {
    signal_bits seen{};
    const auto size = ::recv(ours_.get(), &seen, sizeof seen, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
    if (size != sizeof seen) ours_.close();
    return seen;
}

}  // namespace fil::cli

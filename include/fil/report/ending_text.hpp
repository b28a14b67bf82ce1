#pragma once
// How the program ended, and how that is called: by the page, the terminal and other programs. Pure
// functions.

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>

namespace fil::report {

struct ending_facts {
    enum class how : std::uint8_t { unknown, running, exited, signalled, out_of_memory };
    how kind = how::unknown;
    int value = 0;  // exit status, or the signal
};

// "SIGKILL". (The C library can name signals only since 2.32.)
inline std::string signal_text(int signal) {
    struct named {
        int signal;
        const char* name;
    };
    constexpr std::array signals{
        named{SIGHUP, "SIGHUP"},   named{SIGINT, "SIGINT"},   named{SIGQUIT, "SIGQUIT"},
        named{SIGILL, "SIGILL"},   named{SIGTRAP, "SIGTRAP"}, named{SIGABRT, "SIGABRT"},
        named{SIGBUS, "SIGBUS"},   named{SIGFPE, "SIGFPE"},   named{SIGKILL, "SIGKILL"},
        named{SIGUSR1, "SIGUSR1"}, named{SIGSEGV, "SIGSEGV"}, named{SIGUSR2, "SIGUSR2"},
        named{SIGPIPE, "SIGPIPE"}, named{SIGALRM, "SIGALRM"}, named{SIGTERM, "SIGTERM"},
        named{SIGXCPU, "SIGXCPU"}, named{SIGXFSZ, "SIGXFSZ"}, named{SIGSYS, "SIGSYS"}};
    const auto known = std::ranges::find(signals, signal, &named::signal);
    return known != signals.end() ? known->name : "signal " + std::to_string(signal);
}

inline std::string ending_text(const ending_facts& ending) {
    switch (ending.kind) {
        case ending_facts::how::running:
            return "still running";
        case ending_facts::how::exited:
            return "exit " + std::to_string(ending.value);
        case ending_facts::how::signalled:
            return "killed by " + signal_text(ending.value);
        case ending_facts::how::out_of_memory:
            return "out of memory, exit " + std::to_string(ending.value);
        case ending_facts::how::unknown:
            break;
    }
    return "";
}

// For programs: the same five words, whatever the language of the page.
inline const char* ending_word(ending_facts::how kind) {
    constexpr std::array words{"unknown", "running", "exit", "signal", "oom"};
    return words[static_cast<std::size_t>(kind)];
}

}  // namespace fil::report

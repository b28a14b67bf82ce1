#include "driver.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace fil::fuzz {
namespace {

using bytes = std::vector<std::uint8_t>;
constexpr std::size_t longest = 64 << 10, page = 4096;

class guarded_memory {
  public:
    guarded_memory() {
        void* room = mmap(nullptr, longest + page, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED) std::abort();
        end_ = static_cast<std::uint8_t*>(room) + longest;
        mprotect(end_, page, PROT_NONE);
    }
    std::span<const std::uint8_t> put(const bytes& input) {
        std::uint8_t* const begin = end_ - input.size();
        if (!input.empty()) std::memcpy(begin, input.data(), input.size());
        return {begin, input.size()};
    }

  private:
    std::uint8_t* end_;
};

std::span<const std::uint8_t> current;

// Async-signal-safe.
void leave_input(int signal) {
    constexpr char file[] = "fuzz-failure";
    const int to = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written =
        to >= 0 && write(to, current.data(), current.size()) == ssize_t(current.size());
    const std::string_view text = written ? "the input is in ./fuzz-failure\n" : "no file for it\n";
    (void)!write(2, text.data(), text.size());
    ::signal(signal, SIG_DFL);
    raise(signal);
}

bytes changed(const std::vector<bytes>& corpus, std::mt19937& random) {
    const auto below = [&](std::size_t end) { return end == 0 ? 0 : random() % end; };
    bytes input = corpus[below(corpus.size())];
    for (std::size_t changes = 1 + below(6); changes > 0; --changes) {
        const std::size_t at = below(input.size() + 1);
        const auto place = input.begin() + std::ptrdiff_t(at);
        const std::size_t rest = std::min<std::size_t>(input.size() - at, 1 + below(16));
        switch (below(6)) {
            case 0:
                if (at < input.size()) input[at] ^= std::uint8_t(1u << below(8));
                break;
            case 1:
                if (at < input.size()) input[at] = std::uint8_t(random());
                break;
            case 2:
                input.insert(place, std::uint8_t(random()));
                break;
            case 3:
                input.erase(place, place + std::ptrdiff_t(rest));
                break;
            case 4: {
                const bytes again(place, place + std::ptrdiff_t(rest));
                input.insert(input.begin() + std::ptrdiff_t(below(input.size() + 1)), again.begin(),
                             again.end());
                break;
            }
            default: {
                const bytes& other = corpus[below(corpus.size())];
                const std::size_t from = below(other.size() + 1);
                const std::size_t some = std::min<std::size_t>(other.size() - from, below(64));
                input.insert(place, other.begin() + std::ptrdiff_t(from),
                             other.begin() + std::ptrdiff_t(from + some));
            }
        }
    }
    input.resize(std::min(input.size(), longest));
    return input;
}

std::vector<bytes> corpus_in(const char* folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<bytes> corpus;
    for (const auto& file : files) {
        std::ifstream from(file, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>());
    }
    return corpus;
}

}  // namespace

void hold(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

}  // namespace fil::fuzz

int main(int count, char** words) {
    using namespace fil::fuzz;
    if (count != 3) return 2;
    const std::vector<bytes> corpus = corpus_in(words[1]);
    if (corpus.empty()) return 2;
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE}) ::signal(signal, leave_input);
    guarded_memory memory;
    const auto run_one = [&](const bytes& input) { run(current = memory.put(input)); };
    for (const bytes& input : corpus) run_one(input);

    const bool by_time = std::string_view(words[2]).ends_with('s');
    const long most = std::strtol(words[2], nullptr, 10);
    const char* seed = std::getenv("FIL_FUZZ_SEED");
    std::mt19937 random(seed == nullptr ? 1 : unsigned(std::strtoul(seed, nullptr, 10)));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(by_time ? most : 0);
    long rounds = 0;
    while (by_time ? std::chrono::steady_clock::now() < end : rounds < most) {
        run_one(changed(corpus, random));
        ++rounds;
    }
    std::printf("%zu inputs of the corpus and %ld changed ones passed\n", corpus.size(), rounds);
}

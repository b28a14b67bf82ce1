// What a native program pays inside, measured by itself:
//
//     native_work WORK FILE        the CPU seconds of the work go into FILE
//
// words: containers of strings. churn: a million live blocks, replaced at random. threads: two of
// them give each other's blocks back. depth: blocks at each of 50 depths and at the deepest.
// pair1, pair50, pair900: malloc and free at that depth, the same caller again.

#include <pthread.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

struct random_numbers {
    std::uint64_t state;
    std::uint32_t next() {
        state = state * 6364136223846793005 + 1442695040888963407;
        return static_cast<std::uint32_t>(state >> 33);
    }
};

// The compiler must neither leave out an allocation nor turn the recursion into a loop.
void keep(void* block) {
    asm volatile("" : : "r"(block) : "memory");
}

void words() {
    random_numbers random{1};
    for (int round = 0; round < 4; ++round) {
        std::unordered_map<std::string, std::vector<std::string>> index;
        std::map<std::string, int> counts;
        for (int i = 0; i < 200'000; ++i) {
            std::string word =
                "a word that is long enough " + std::to_string(random.next() % 50'000);
            ++counts[word];
            index[word].push_back("line " + std::to_string(i) + " of the text it is in");
        }
        keep(&index);
    }
}

template <int Path>
[[gnu::noinline]] void* block_by(std::size_t bytes) {
    void* block = std::malloc(bytes);
    keep(block);
    return block;
}

void churn() {
    using way = void* (*)(std::size_t);
    static constexpr way ways[] = {block_by<0>, block_by<1>, block_by<2>, block_by<3>,
                                   block_by<4>, block_by<5>, block_by<6>, block_by<7>};
    random_numbers random{2};
    std::vector<void*> live(1'000'000);
    const auto renew = [&](void*& block) {
        std::free(block);
        const std::uint32_t number = random.next();
        const std::size_t bytes = 16 + (number % 16 == 0 ? number % 4096 : number % 256);
        block = ways[number / 256 % 8](bytes);
        *static_cast<char*>(block) = 1;
    };
    for (void*& block : live) renew(block);
    for (int i = 0; i < 3'000'000; ++i) renew(live[random.next() % live.size()]);
    for (void* block : live) std::free(block);
}

void* shared[4096];

void* exchange(void* seed) {
    random_numbers random{reinterpret_cast<std::uintptr_t>(seed)};
    for (int i = 0; i < 6'000'000; ++i) {
        void* fresh = std::malloc(16 + random.next() % 500);
        *static_cast<char*>(fresh) = 1;
        std::free(__atomic_exchange_n(&shared[random.next() % 4096], fresh, __ATOMIC_ACQ_REL));
    }
    return nullptr;
}

void threads() {
    pthread_t two[2];
    for (pthread_t& one : two) pthread_create(&one, nullptr, exchange, &one);
    for (pthread_t one : two) pthread_join(one, nullptr);
}

template <typename Work>
[[gnu::noinline]] void at_depth(int depth, const Work& work) {
    if (depth <= 1) {
        work(depth);
    } else {
        at_depth(depth - 1, work);
        work(depth);
    }
    asm volatile("");
}

void pair(int) {
    void* block = std::malloc(100);
    keep(block);
    std::free(block);
}

void depth() {
    for (int i = 0; i < 100'000; ++i) {
        at_depth(50, [](int at) {
            for (int more = at == 1 ? 50 : 1; more > 0; --more) pair(at);
        });
    }
}

void pairs(int depth, int count) {
    at_depth(depth, [&](int at) {
        for (int i = at == 1 ? count : 0; i > 0; --i) pair(at);
    });
}

double cpu_seconds() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) return 2;
    const std::string_view work = arguments[1];
    const int number = count > 3 ? std::atoi(arguments[3]) : 5'000'000;
    const double before = cpu_seconds();
    if (work == "words") words();
    if (work == "churn") churn();
    if (work == "threads") threads();
    if (work == "depth") depth();
    if (work == "pair1") pairs(1, number);
    if (work == "pair50") pairs(50, number);
    if (work == "pair900") pairs(900, number / 10);
    std::FILE* file = std::fopen(arguments[2], "w");
    if (file == nullptr) return 1;
    std::fprintf(file, "%.6f\n", cpu_seconds() - before);
    std::fclose(file);
}

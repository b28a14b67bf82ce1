// Memory by each of C++'s ways, held until the end.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>

struct alignas(64) cache_line {
    char bytes[64];
};

char* by_new(std::size_t bytes) {
    return new char[bytes];
}
cache_line* by_aligned(std::size_t bytes) {
    return new cache_line[bytes / sizeof(cache_line)];
}
char* by_malloc(std::size_t bytes) {
    return static_cast<char*>(std::malloc(bytes));
}

int main(int count, char**) {
    char* first = by_new(10 << 20);
    cache_line* second = by_aligned(4 << 20);
    char* third = by_malloc(3 << 20);
    std::memset(first, 1, 10 << 20);
    std::memset(static_cast<void*>(second), 1, 4 << 20);
    std::memset(third, 1, 3 << 20);
    std::list<long> small(2'000'000 / 24);
    std::puts("allocated");
    if (count > 1) usleep(300'000);  // long enough to be looked at
    delete[] first;
    delete[] second;
    std::free(third);
}

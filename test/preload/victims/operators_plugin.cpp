// A plugin in C++ that brings operators of its own. (See operators_host.c.)
#include <cstdio>
#include <cstdlib>
#include <new>

static int taken, given;

void* operator new(std::size_t bytes) {
    ++taken;
    return std::malloc(bytes);
}
void operator delete(void* block) noexcept {
    ++given;
    std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    ++given;
    std::free(block);
}

extern "C" void run() {
    auto* volatile number = new int(7);
    delete number;
    char* volatile text = nullptr;
    try {
        text = new char[8 << 20];  // by this new, from within the C++ library's new[]
        throw std::bad_alloc();
    } catch (const std::bad_alloc& e) {
        delete[] text;
        std::printf("%s, %d taken, %d given\n", e.what(), taken, given);
    }
}

// Every form of new and delete, in pairs that the language allows, and what happens when there is
// no memory: a new handler is asked, then std::bad_alloc is thrown, or nullptr returned.
// expect peak 20 MiB
#include <cstdio>
#include <cstdlib>
#include <new>

constexpr std::size_t MIB = 1 << 20;
constexpr std::align_val_t aligned{256};
static int asked;

static void handler() {
    delete[] new char[100];  // counted like any other
    if (++asked == 3) std::set_new_handler(nullptr);
}

template <typename Take>
static void fails(const char* how, Take take) {
    asked = 0;
    std::set_new_handler(handler);
    try {
        std::printf("%s: %s, asked %d times\n", how, take() == nullptr ? "null" : "taken", asked);
    } catch (const std::bad_alloc& e) {
        std::printf("%s: %s, asked %d times\n", how, e.what(), asked);
    }
}

static void* used(void* block) {
    asm volatile("" : : "r"(block) : "memory");
    *static_cast<char*>(block) = 1;
    return block;
}

int main() {
    void* all[] = {
        used(operator new(1 * MIB)),
        used(operator new[](2 * MIB)),
        used(operator new(3 * MIB, std::nothrow)),
        used(operator new[](4 * MIB, std::nothrow)),
        used(operator new(1 * MIB, aligned)),
        used(operator new[](2 * MIB, aligned)),
        used(operator new(3 * MIB, aligned, std::nothrow)),
        used(operator new[](3 * MIB, aligned, std::nothrow)),
        used(operator new(1 * MIB)),
    };
    operator delete(all[0]);
    operator delete[](all[1]);
    operator delete(all[2], std::nothrow);
    operator delete[](all[3], std::nothrow);
    operator delete(all[4], aligned);
    operator delete[](all[5], aligned);
    operator delete(all[6], aligned, std::nothrow);
    operator delete[](all[7], aligned, std::nothrow);
    operator delete(all[8], 1 * MIB);
    // Again, for the forms of delete that are told the size.
    operator delete[](used(operator new[](20 * MIB)), 20 * MIB);
    operator delete(used(operator new(20 * MIB, aligned)), 20 * MIB, aligned);
    operator delete[](used(operator new[](20 * MIB, aligned)), 20 * MIB, aligned);
    operator delete(nullptr);

    volatile std::size_t too_much = ~std::size_t{0} - MIB;
    fails("new", [&] { return operator new(too_much); });
    fails("new[]", [&] { return operator new[](too_much); });
    fails("nothrow", [&] { return operator new(too_much, std::nothrow); });
    fails("aligned", [&] { return operator new(too_much, aligned); });
    fails("aligned, nothrow", [&] { return operator new(too_much, aligned, std::nothrow); });

    // Counted as before.
    operator delete(used(operator new(20 * MIB)));
}

// Destructors of thread-local objects and of pthread keys allocate and free after everything that a
// library keeps for a thread may be gone.
// expect peak 20 MiB
#include <pthread.h>

#include <cstdio>
#include <cstdlib>

constexpr std::size_t MIB = 1 << 20;
static char* left_over[2];

struct late {
    char* block = new char[4 * MIB];
    ~late() {
        delete[] block;
        left_over[0] = new char[8 * MIB];
    }
};
thread_local late object;

static pthread_key_t key;
static int rounds;

static void destroy(void* block) {
    std::free(block);
    if (++rounds < 4) {
        pthread_setspecific(key, std::malloc(1000));
    } else {
        left_over[1] = static_cast<char*>(std::malloc(12 * MIB));
    }
}

int main() {
    pthread_key_create(&key, destroy);
    pthread_t thread;
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
            object.block[0] = 1;
            pthread_setspecific(key, std::malloc(1000));
            return nullptr;
        },
        nullptr);
    pthread_join(thread, nullptr);
    delete[] left_over[0];
    std::free(left_over[1]);
    std::puts("destroyed");
}

#include "os/os.hpp"
#include "os/thread_key.hpp"

namespace fil::os {

void thread_key::set(void* value) const {
    constexpr pthread_key_t keys_without_calloc = 32;
    if (key_ < keys_without_calloc || !is_first_thread()) pthread_setspecific(key_, value);
}

}  // namespace fil::os

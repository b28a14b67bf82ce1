#pragma once
// A value of each thread that is given to a function when the thread ends.
//
// No malloc, no throw. It may be made once; it stays for ever.

#include <pthread.h>

namespace fil::os {

class thread_key {
  public:
    // 0, or the error's number.
    int make(void (*at_end_of_thread)(void*)) {
        return pthread_key_create(&key_, at_end_of_thread);
    }

    // Of the calling thread. Not where the C library would ask calloc for room, and no moment was
    // before that: that may be the program's own, in whose mmap this is, with its lock held. A
    // thread that pthread_create made is here before it begins; the first thread has no such
    // moment, and its end is the process's.
    void set(void* value) const;

  private:
    pthread_key_t key_ = 0;
};

}  // namespace fil::os

#pragma once
// A flag that one thread holds at a time, and nobody in a forked child: there, who held it is gone.
//
// Async-signal-safe; a system call each time it is taken.

#include <unistd.h>

#include <atomic>

namespace fil::preload {

class process_flag {
  public:
    // False: another thread of this process has it.
    bool try_take() {
        const int self = getpid();
        int holder = holder_.load();
        return holder != self && holder_.compare_exchange_strong(holder, self);
    }
    // What others left undone since is seen after it: no load passes this store.
    void give_back() { holder_.store(0); }

  private:
    std::atomic<int> holder_ = 0;
};

}  // namespace fil::preload

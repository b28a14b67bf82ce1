#include "os/progress_line.hpp"

#include <chrono>
#include <utility>

#include "os/message.hpp"

namespace fil::cli {

progress_line::progress_line(std::string what)
    : what_(harmless(what)), looks_([this] { look(); }) {}

progress_line::~progress_line() {
    {
        const std::lock_guard held(lock_);
        is_over_ = true;
    }
    is_over_now_.notify_one();
    looks_.join();
}

void progress_line::say(std::string what) {
    const std::lock_guard held(lock_);
    what_ = harmless(what);
}

void progress_line::look() {
    std::unique_lock held(lock_);
    progress shown(what_);
    while (
        !is_over_now_.wait_for(held, std::chrono::milliseconds(200), [this] { return is_over_; }))
        shown.look(what_);
}

}  // namespace fil::cli

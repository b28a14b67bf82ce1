#include "os/cold/watch_list.hpp"

#include <sys/epoll.h>

namespace fil::os {

watch_list::watch_list() : list_(epoll_create1(EPOLL_CLOEXEC)) {}

bool watch_list::add(int descriptor) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    return epoll_ctl(list_.number(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void watch_list::remove(int descriptor) const {
    epoll_ctl(list_.number(), EPOLL_CTL_DEL, descriptor, nullptr);
}

int watch_list::ready() const {
    epoll_event event{};
    return epoll_wait(list_.number(), &event, 1, 0) == 1 ? event.data.fd : -1;
}

}  // namespace fil::os

#pragma once
// A message over a local socket with one descriptor attached: as Linux wants it laid out.
//
// For what is in os/ alone. No malloc, no throw.

#include <string.h>
#include <sys/socket.h>

#include <cstddef>

namespace fil::os {

class attached_message {
  public:
    // `descriptor` < 0: room for one to arrive, and not for two.
    attached_message(void* data, std::size_t length, int descriptor) : part_{data, length} {
        header_.msg_iov = &part_;
        header_.msg_iovlen = 1;
        header_.msg_control = control_;
        header_.msg_controllen = CMSG_LEN(sizeof(int));  // without the room left by alignment
        if (descriptor < 0) return;
        cmsghdr* attached = CMSG_FIRSTHDR(&header_);
        attached->cmsg_level = SOL_SOCKET;
        attached->cmsg_type = SCM_RIGHTS;
        attached->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(attached), &descriptor, sizeof descriptor);
    }
    attached_message(const attached_message&) = delete;

    void attach_nothing() { header_.msg_controllen = 0; }
    msghdr* header() { return &header_; }

    int received_descriptor() {
        cmsghdr* attached = CMSG_FIRSTHDR(&header_);
        if (attached == nullptr || attached->cmsg_type != SCM_RIGHTS) return -1;
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(attached), sizeof descriptor);
        return descriptor;
    }

  private:
    iovec part_;
    alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
    msghdr header_{};
};

}  // namespace fil::os

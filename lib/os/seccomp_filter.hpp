#pragma once
// What a seccomp filter says to a system call, found out by interpreting it as the kernel does.
//
// Classic BPF over `struct seccomp_data`. A value that is not known beforehand (an address, a
// length) is followed as unknown: a filter whose answer depends on it is taken to refuse. So is
// whatever is not plainly allowed: an errno, a signal, a tracer, a line in the audit log.
//
// No state, no malloc, no throw; time is bounded by the filter's length, as it cannot jump back.

#include <linux/filter.h>

#include <cstdint>
#include <span>

namespace fil {

struct system_call {
    static constexpr std::uint64_t unknown = 0xb5c0'ffee'0ddb'a115;  // as an argument: any value

    std::uint32_t number;
    std::uint64_t arguments[6];
};

bool filter_allows(std::span<const sock_filter> filter, const system_call& call);

}  // namespace fil

#pragma once
// Numbers of Linux's interface that the build machine's headers need not have.

namespace fil::os {

constexpr int populate_write = 23;  // MADV_POPULATE_WRITE, of Linux 5.14; before it, EINVAL

// None of what rt_sigprocmask() can do: it reads the mask that it is given, and then says EINVAL.
constexpr int no_such_change = 3;

}  // namespace fil::os

#pragma once
// The name of a system call that may be refused (refusal.hpp): "memfd_create". Cold.

namespace fil::os {

const char* call_name(long call);

}  // namespace fil::os

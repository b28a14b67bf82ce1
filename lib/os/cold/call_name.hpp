#pragma once
// The name of a system call that may be refused (refused_call.hpp): "memfd_create"; "a system call"
// of one that nobody notes. Cold.

namespace fil::os {

const char* call_name(long call);

}  // namespace fil::os

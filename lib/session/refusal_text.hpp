#pragma once
// A refusal in words: "memfd_create: Operation not permitted". Cold.

#include <string>

#include "os/refused_call.hpp"

namespace fil {

std::string text_of(refusal why);

}  // namespace fil

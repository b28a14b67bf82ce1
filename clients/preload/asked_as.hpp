#pragma once
// While one is there, the blocks of this thread are recorded as asked for so: by calloc, or
// aligned. Only traces want to know (fil_record_request); the library without one is built without
// it.

#include <cstddef>

#include "fil_hooks.h"

namespace fil::preload {

#ifdef FIL_TRACE
class asked_as {
  public:
    explicit asked_as(fil_request request, std::size_t alignment = 0) {
        fil_record_request(request, alignment);
    }
    ~asked_as() { fil_record_request(FIL_REQUEST_PLAIN, 0); }
    asked_as(const asked_as&) = delete;
};
inline void only_freed() {
    fil_record_request(FIL_REQUEST_ONLY_FREED, 0);
}
#else
struct asked_as {
    constexpr explicit asked_as(fil_request, std::size_t = 0) {}
};
inline void only_freed() {}
#endif

}  // namespace fil::preload

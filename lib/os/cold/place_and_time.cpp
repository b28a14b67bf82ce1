#include "os/cold/place_and_time.hpp"

#include <unistd.h>

#include <ctime>

namespace fil::os {

std::int64_t seconds_since_1970() {
    return std::time(nullptr);
}

std::int32_t utc_offset(std::int64_t seconds_since_1970) {
    const std::time_t moment = seconds_since_1970;
    std::tm local{};
    if (localtime_r(&moment, &local) == nullptr) return 0;
    return static_cast<std::int32_t>(local.tm_gmtoff);
}

std::string host_name() {
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0) return {};
    return name;
}

}  // namespace fil::os

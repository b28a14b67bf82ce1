#pragma once
// Whether this process is recorded, decided once: at the first event at which the environment is
// known, which is before any constructor of the program, or else in our own constructor.

namespace fil::preload {

// Starts the recorder if FIL_SESSION is set. True once it is decided, either way; false while the
// environment is not there yet or another call is deciding: events go by unrecorded until then.
bool decide_whether_to_record(bool last_chance);

}  // namespace fil::preload

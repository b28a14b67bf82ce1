#pragma once
// Numba's number of threads, set to one where `fil-profile run` wants that.
//
// No variable says how many threads numba uses, only how many there are (clients/cli/
// environment.cpp). It sets the number when it starts them, in a function of its module
// `parallel` that it calls once it has loaded the library that runs them. So when that library is
// about to be loaded, the function is replaced by one that calls it and then sets one. No Python
// code is run for it, so no frame, no signal handler and no tracer comes in; what goes wrong, with
// another numba say, leaves numba as it is. Cold; called with no lock of ours.

namespace fil::python {

// `file` is about to be loaded by dlopen; may be NULL.
void limit_numba(const char* file);

}  // namespace fil::python

#pragma once
// SIGUSR2 writes a report of the peak so far, and the program goes on.
//
// Our action stands where the program's would be the default one. A program that asks sees the
// default action; when it sets that, ours stands behind it again; any other of its own replaces
// ours. What the kernel holds is all there is to know, so handlers, threads and a child of vfork
// may ask and set at any time.

namespace fil::preload {

// Answers the signal from now on. Once, when recording has started.
void answer_report_signal();

}  // namespace fil::preload

#pragma once
// SIGUSR2 writes a report of the peak so far, and the program goes on.

namespace fil::preload {

// Answers the signal where the program has no action of its own for it; a program that sets one
// later has its way. Once, when recording has started.
void answer_report_signal();

}  // namespace fil::preload

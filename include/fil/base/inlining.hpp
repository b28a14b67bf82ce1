#pragma once
// Which functions belong into the path of an event, and which must stay out of it.
//
// The path of a block is a chain of small functions over a few loads and stores; called one by one
// they would cost more than their work. What happens rarely is kept out of line and away.

#define FIL_HOT [[gnu::always_inline]] inline
#define FIL_INLINED __attribute__((always_inline))  // for a lambda
#define FIL_RARE [[gnu::noinline, gnu::cold]]

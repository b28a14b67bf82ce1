#pragma once
// Code whose addresses the tests of lib/symbols/symbols.hpp know by name and line.

extern "C" {
// The return address of a call in inlined(), which is inlined into outer().
const void* sample_inlined_call();
// The return address of a call in a function that no dynamic symbol names.
const void* sample_hidden_call();
// The return address of a call in a lambda.
const void* sample_local_call();
}

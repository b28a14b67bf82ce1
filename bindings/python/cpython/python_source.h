/* python_source.h - what the preload library calls so that Python programs are counted by line.
 *
 * All functions are safe in a process without Python, from any thread, and inside a malloc hook:
 * nothing here allocates. Nothing of Python is run or changed but its allocator table.
 */
#ifndef FIL_PYTHON_SOURCE_H
#define FIL_PYTHON_SOURCE_H

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the main program is a Python interpreter whose stacks can be read: its callstacks are
 * Python's alone. A program that embeds Python is not. Call before the recorder starts. */
int fil_python_is_program(void);

/* Looks for an interpreter in this process, wraps its allocators and registers its frames as a
 * source of callstacks. Call once, after fil_recorder_start() and, where possible, before the
 * interpreter allocates. */
void fil_python_start(void);

/* New shared objects may have been loaded: looks again. Cheap if there is nothing new, or if an
 * interpreter was found before. */
void fil_python_objects_added(void);

#ifdef __cplusplus
}
#endif

#endif

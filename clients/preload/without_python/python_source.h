#pragma once
static inline void fil_python_start() {}
static inline void fil_python_objects_added() {}

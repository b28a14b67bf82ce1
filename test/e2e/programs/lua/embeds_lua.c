/* Lua inside a C program, in the ways that programs do it. Each way keeps memory made at a line of
 * its own in embedded.lua, and a little in C. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char* script;

/* An allocator of the program's own, which counts. */
static size_t used;
static void* counting(void* ud, void* block, size_t old_bytes, size_t bytes) {
    *(size_t*)ud += bytes - (block == NULL ? 0 : old_bytes);
    if (bytes != 0) return realloc(block, bytes);
    free(block);
    return NULL;
}

/* And one that puts a header before each block. */
static void* with_header(void* ud, void* block, size_t old_bytes, size_t bytes) {
    char* begin = block == NULL ? NULL : (char*)block - 16;
    (void)ud, (void)old_bytes;
    if (bytes == 0) return free(begin), NULL;
    begin = realloc(begin, bytes + 16);
    return begin == NULL ? NULL : begin + 16;
}

static lua_State* with_functions(lua_State* L) {
    luaL_openlibs(L);
    if (luaL_dofile(L, script) != LUA_OK) exit(fprintf(stderr, "%s\n", lua_tostring(L, -1)));
    return L;
}

static void* in_thread(void* argument) {
    lua_State* L = with_functions(lua_newstate(with_header, NULL));
    lua_getglobal(L, argument);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) exit(1);
    return L; /* kept */
}

/* A state that another thread has made. */
static void* with_given(void* given) {
    lua_State* L = given;
    lua_getglobal(L, "given");
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) exit(1);
    return NULL;
}

/* A function that uses a state of its own. */
static int nested(lua_State* outer) {
    lua_State* L = with_functions(luaL_newstate());
    lua_getglobal(L, "inside");
    lua_call(L, 0, 1);
    lua_pushlightuserdata(outer, L);
    return 1;
}

/* Calls a function of either state, in the same way and without a pcall. */
static lua_State* other;
static int calls_either(lua_State* L) {
    if (other == NULL) other = with_functions(lua_newstate(counting, &used));
    lua_State* which = lua_toboolean(L, 1) ? other : L;
    lua_getglobal(which, which == L ? "adds" : "adds_too");
    lua_call(which, 0, 0);
    return 0;
}

static char* in_c;

int main(int count, char** arguments) {
    script = arguments[count - 1];
    lua_State* L = with_functions(lua_newstate(counting, &used));

    lua_getglobal(L, "unprotected");
    lua_call(L, 0, 1); /* no pcall around it */

    /* A coroutine of C's own, which stands in no Lua stack while it runs. */
    lua_State* coroutine = lua_newthread(L);
    const int reference = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_getglobal(coroutine, "scheduled");
    int results;
    while (lua_resume(coroutine, NULL, 0, &results) == LUA_YIELD) lua_pop(coroutine, results);
    luaL_unref(L, LUA_REGISTRYINDEX, reference);

    lua_register(L, "nested", nested);
    lua_getglobal(L, "nests");
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) return 1;

    lua_register(L, "calls_either", calls_either);
    lua_getglobal(L, "alternates");
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) return 1;

    pthread_t threads[3];
    lua_State* given = with_functions(luaL_newstate());
    pthread_create(&threads[0], NULL, in_thread, "first");
    pthread_create(&threads[1], NULL, in_thread, "second");
    pthread_create(&threads[2], NULL, with_given, given);
    for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);

    in_c = malloc(300000);
    printf("%d %d\n", used > 600000, in_c != NULL);
    return 0;
}

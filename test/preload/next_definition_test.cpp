// What the hooks find behind them is what dlsym(RTLD_NEXT) would have found.

#include "next_definition.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>

namespace {

using fil::preload::next_definition;

constexpr const char* hooked[] = {
#define FIL_HOOK(result, name, parameters, arguments) #name,
#define FIL_HOOK_OPTIONAL(result, name, parameters, arguments) #name,
#define FIL_HOOK_ALONE(name) #name,
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE
#define FIL_OPERATOR(kind, name) #name,
#include "operators.def"
#undef FIL_OPERATOR
};

TEST(next_definition, is_the_one_that_dlsym_finds) {
    for (const char* name : hooked) {
        EXPECT_EQ(next_definition(name).address, dlsym(RTLD_NEXT, name)) << name;
    }
}

TEST(next_definition, of_several_versions_is_the_newest) {
    // Both have an older one in the C library as well.
    for (const char* name : {"posix_spawn", "regexec", "realpath"}) {
        EXPECT_EQ(next_definition(name).address, dlsym(RTLD_NEXT, name)) << name;
        EXPECT_NE(next_definition(name).address, nullptr) << name;
    }
}

TEST(next_definition, is_what_the_resolver_of_a_name_says) {
    EXPECT_EQ(next_definition("strlen").address, dlsym(RTLD_NEXT, "strlen"));
    EXPECT_EQ(next_definition("time").address, dlsym(RTLD_NEXT, "time"));
}

TEST(next_definition, of_a_name_that_is_nowhere_is_none) {
    EXPECT_EQ(next_definition("fil_no_such_function").address, nullptr);
}

TEST(our_object, is_the_one_that_this_code_is_in) {
    Dl_info here;
    ASSERT_NE(dladdr(reinterpret_cast<const void*>(&next_definition), &here), 0);
    link_map* map = nullptr;
    dladdr1(reinterpret_cast<const void*>(&next_definition), &here, reinterpret_cast<void**>(&map),
            RTLD_DL_LINKMAP);
    EXPECT_EQ(fil::preload::our_object(), map);
}

}  // namespace

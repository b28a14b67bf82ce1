// What one compilation unit says of its code.

#include "symbols/debug_unit.hpp"

#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sample.hpp"

namespace fil {
namespace {

// The unit of the sample's only source file.
class debug_unit_test : public testing::Test {
  protected:
    debug_unit_test() {
        static const Dwfl_Callbacks callbacks = {nullptr, dwfl_standard_find_debuginfo,
                                                 dwfl_offline_section_address, nullptr};
        session.reset(dwfl_begin(&callbacks));
        const std::string file = std::string(FIL_SAMPLES) + "/libsample.so";
        Dwfl_Module* const module = dwfl_report_offline(session.get(), "", file.c_str(), -1);
        dwfl_report_end(session.get(), nullptr, nullptr);
        die = dwfl_module_nextcu(module, nullptr, &bias);
    }
    std::vector<code_place> places_of(const void* return_address) {
        Dl_info module;
        EXPECT_NE(dladdr(return_address, &module), 0);
        return debug_unit(*die, lines)
            .places_at(static_cast<Dwarf_Addr>(static_cast<const char*>(return_address) - 1 -
                                               static_cast<const char*>(module.dli_fbase)));
    }

    std::unique_ptr<Dwfl, void (*)(Dwfl*)> session{nullptr, dwfl_end};
    Dwarf_Addr bias = 0;
    Dwarf_Die* die = nullptr;
    line_reader lines;
};

TEST_F(debug_unit_test, a_function_comes_before_what_is_inlined_into_it) {
    ASSERT_NE(die, nullptr);
    const std::vector<code_place> places = places_of(sample_inlined_call());
    ASSERT_EQ(places.size(), 2u);
    EXPECT_EQ(places[0].function, "void sample::outer<int>(int&)");
    EXPECT_EQ(places[1].function, "sample::inlined(int&)");
    EXPECT_LT(places[1].line, places[0].line);  // where it is called, which stands below
}

TEST_F(debug_unit_test, code_of_no_function_of_it_is_one_place_without_one) {
    const std::vector<code_place> places = debug_unit(*die, lines).places_at(0);
    ASSERT_EQ(places.size(), 1u);
    EXPECT_EQ(places[0].function, "");
}

TEST(demangled, a_symbol_is_as_its_author_wrote_it) {
    EXPECT_EQ(demangled("_ZN3fil10debug_infoC1ERKSs"),
              "fil::debug_info::debug_info(std::string const&)");
    EXPECT_EQ(demangled("main"), "main");
    EXPECT_EQ(demangled("_Znot"), "_Znot");
    EXPECT_EQ(demangled(""), "");
}

}  // namespace
}  // namespace fil

#include "live/page.hpp"

#include <gtest/gtest.h>

#include "fake_session.hpp"
#include "fil/report/characters.hpp"

namespace fil::cli {
namespace {

class page_test : public testing::Test {
  protected:
    page_test() {
        state_.title = "python grow.py";
        test::fake_look look;
        look.numbers.seconds = 12;
        look.numbers.used = look.numbers.peak = 60 << 20;
        look.numbers.processes = 3;
        look.numbers.samples = samples_;
        look.numbers.sample_count = 2;
        for (int i = 0; i < 50; ++i)
            look.rows[FIL_LOOK_LINES].push_back({(60 - i) << 10, 0,
                                                 "/home/somebody/a/long/way/flights_of_" +
                                                     std::to_string(i) +
                                                     ".py:12 a_function\033[2J"});
        seen_.take(look.handle());
    }

    std::vector<std::string> texts(page_size size) {
        std::vector<std::string> all;
        for (const page_line& line : page_of(seen_, state_, size)) {
            std::string& text = all.emplace_back();
            for (const piece& one : line) text += one.text;
        }
        return all;
    }

    const fil_sample samples_[2] = {{1, 0, 30 << 20, -1}, {11, 0, 60 << 20, -1}};
    looks seen_;
    page_state state_;
};

TEST_F(page_test, fits_any_terminal) {
    state_.keeps_output = true;
    state_.output = {"one", std::string(300, 'x'), "a wide 漢字 text " + std::string(80, 'y')};
    state_.told = "report: ";
    state_.told_path = std::string(200, '/');
    for (const bool helps : {false, true}) {
        state_.shows_help = helps;
        for (const std::size_t columns : {1, 2, 7, 20, 39, 40, 41, 80, 200}) {
            for (const std::size_t rows : {1, 2, 5, 10, 15, 24, 60}) {
                const auto page = texts({columns, rows});
                EXPECT_EQ(page.size(), rows);
                for (const std::string& line : page)
                    EXPECT_LE(report::cells(line), columns) << line;
            }
        }
    }
}

TEST_F(page_test, shows_numbers_and_rows_and_nothing_that_a_terminal_obeys) {
    const auto page = texts({80, 24});
    EXPECT_NE(page[0].find("python grow.py"), std::string::npos);
    EXPECT_NE(page[0].find("3 processes"), std::string::npos);
    EXPECT_NE(page[1].find("now 60.0 MiB  peak 60.0 MiB"), std::string::npos);
    EXPECT_NE(page[6].find("flights_of_0.py:12 a_function?[2J"), std::string::npos);
    for (const std::string& line : page) EXPECT_EQ(line.find('\033'), std::string::npos);
}

TEST_F(page_test, goes_with_the_selected_row) {
    state_.selected = 40;
    const auto page = texts({80, 24});
    EXPECT_NE(page[22].find("flights_of_40.py"), std::string::npos);
    state_.selected = 1000;
    texts({80, 24});
    EXPECT_EQ(state_.selected, 49u);
}

TEST_F(page_test, shows_all_of_a_row_on_request) {
    state_.shows_detail = true;
    std::string all;
    for (const std::string& line : texts({40, 24})) all += line;
    EXPECT_NE(all.find("/home/somebody/a/long/way/flights_of_0.py:12 a_function"),
              std::string::npos);
}

}  // namespace
}  // namespace fil::cli

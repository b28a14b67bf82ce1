// Who is not of a session visits it: finds it by a process's number, asks, and is answered.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <optional>
#include <string>

#include "fil/report/usage_reader.hpp"
#include "fil_supervisor.h"
#include "os/cold/files.hpp"
#include "os/os.hpp"
#include "report/look_rows.hpp"
#include "session_child.hpp"

namespace fil {
namespace {

// A program of a session that holds 1,500 bytes, until it is let go.
class visited : public testing::Test {
  protected:
    visited() {
        if (pipe(ends_) != 0 || pipe(ready_) != 0) std::abort();
        child_ = start_child(session_, [&] {
            close(ends_[1]);
            fil_record_alloc_at(blocks[0], 1000, stack(1));
            fil_record_alloc_at(blocks[1], 500, stack(2));
            char byte = 1;
            if (write(ready_[1], &byte, 1) != 1 || read(ends_[0], &byte, 1) > 0) _exit(9);
        });
        serve_until([&] {
            pollfd is_ready{ready_[0], POLLIN, 0};
            return poll(&is_ready, 1, 0) == 1;
        });
    }
    ~visited() override {
        for (const int end : {ends_[0], ends_[1], ready_[0], ready_[1]}) close(end);
        waitpid(child_, nullptr, 0);
    }

    template <typename Condition>
    void serve_until(Condition is_over) {
        for (int i = 0; i < 5000 && !is_over(); ++i) {
            pollfd waits{session_.descriptor(), POLLIN, 0};
            poll(&waits, 1, 1);
            session_.serve();
        }
        EXPECT_TRUE(is_over());
    }

    // What `visit` does and returns, in a thread of its own, while the session is served; `hear` is
    // told of each visit.
    template <typename Visit, typename Hear>
    auto during(Visit visit, Hear hear) {
        auto result = std::async(std::launch::async, visit);
        serve_until([&] {
            std::uint64_t number = 0;
            fil_visit_kind kind{};
            while (fil_session_visit(handle(), &number, &kind) == FIL_OK) hear(number, kind);
            return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
        });
        return result.get();
    }
    template <typename Visit>
    auto during(Visit visit) {
        return during(visit, [](std::uint64_t, fil_visit_kind) {});
    }

    fil_session* handle() { return reinterpret_cast<fil_session*>(&session_); }
    void show(std::uint64_t number, fil_visit_kind) {
        fil_report_options options = FIL_REPORT_OPTIONS_INIT;
        options.seconds = 3;
        fil_session_facts facts = FIL_SESSION_FACTS_INIT;
        facts.pid = child_;
        EXPECT_EQ(fil_session_show(handle(), number, &options, &facts, nullptr), FIL_OK);
    }
    void answer(std::uint64_t number, fil_status status, const std::string& text) {
        fil_session_answer_visit(handle(), number, status, {text.data(), text.size()});
    }

    session session_;
    int ends_[2], ready_[2];
    pid_t child_ = -1;
};

struct outcome {
    fil_status status;
    std::string text;
};

outcome ask(std::int32_t pid, fil_visit_kind kind) {
    fil_visit* visit = nullptr;
    fil_error error = FIL_ERROR_INIT;
    char path[200] = "";
    fil_status status = fil_visit_new(&visit, pid, &error);
    if (status == FIL_OK) status = fil_visit_ask(visit, kind, &error);
    while (status == FIL_OK) {
        status = fil_visit_hear(visit, 50, path, sizeof path, &error);
        if (status == FIL_OK) break;
        if (status == FIL_ERROR_EMPTY) status = FIL_OK;
    }
    fil_visit_free(visit);
    return {status, status == FIL_OK ? path : error.message};
}

TEST_F(visited, is_found_by_the_supervisor_and_by_a_process_and_by_nobody_else) {
    for (const std::int32_t pid : {getpid(), child_}) {
        const outcome found = during([&] { return ask(pid, FIL_VISIT_REPORT_OF_NOW); },
                                     [&](std::uint64_t number, fil_visit_kind kind) {
                                         EXPECT_EQ(kind, FIL_VISIT_REPORT_OF_NOW);
                                         answer(number, FIL_OK, "/reports/1");
                                     });
        EXPECT_EQ(found.status, FIL_OK) << found.text;
        EXPECT_EQ(found.text, "/reports/1");
    }
    const outcome stranger = during([] { return ask(getppid(), FIL_VISIT_REPORT_OF_NOW); });
    EXPECT_EQ(stranger.status, FIL_ERROR_STATE);
    EXPECT_NE(stranger.text.find("is not profiled"), std::string::npos) << stranger.text;
}

TEST_F(visited, says_in_words_why_there_is_no_report) {
    const outcome refused = during([&] { return ask(child_, FIL_VISIT_REPORT_OF_PEAK); },
                                   [&](std::uint64_t number, fil_visit_kind kind) {
                                       EXPECT_EQ(kind, FIL_VISIT_REPORT_OF_PEAK);
                                       answer(number, FIL_ERROR_SYSTEM, "the disk is full");
                                   });
    EXPECT_EQ(refused.status, FIL_ERROR_STATE);
    EXPECT_EQ(refused.text, "the disk is full");
}

TEST_F(visited, shows_what_is_held_now) {
    struct seen {
        fil_look look = FIL_LOOK_INIT;
        std::string callstack, process;
        std::int64_t bytes = 0, process_bytes = 0;
    };
    const auto look = [&] {
        seen result;
        fil_visit* visit = nullptr;
        EXPECT_EQ(fil_visit_new(&visit, child_, nullptr), FIL_OK);
        EXPECT_EQ(fil_visit_look(visit, &result.look), FIL_ERROR_EMPTY);
        EXPECT_EQ(fil_visit_ask(visit, FIL_VISIT_LOOK, nullptr), FIL_OK);
        fil_status status = FIL_ERROR_EMPTY;
        for (int i = 0; i < 100 && status == FIL_ERROR_EMPTY; ++i)
            status = fil_visit_hear(visit, 50, nullptr, 0, nullptr);
        EXPECT_EQ(status, FIL_OK);
        EXPECT_EQ(fil_visit_look(visit, &result.look), FIL_OK);
        fil_look_row row = FIL_LOOK_ROW_INIT;
        EXPECT_EQ(fil_visit_row(visit, FIL_LOOK_CALLSTACKS, 0, &row), FIL_OK);
        result.callstack.assign(row.text.data, row.text.length);
        result.bytes = row.bytes;
        EXPECT_EQ(fil_visit_row(visit, FIL_LOOK_CALLSTACKS, 2, &row), FIL_ERROR_EMPTY);
        EXPECT_EQ(fil_visit_row(visit, FIL_LOOK_PROCESSES, 0, &row), FIL_OK);
        result.process_bytes = row.bytes;
        EXPECT_EQ(row.pid, child_);
        fil_visit_free(visit);
        return result;
    };
    const seen now = during(look, [&](auto number, auto kind) { show(number, kind); });
    EXPECT_EQ(now.look.used, 1500);
    EXPECT_GE(now.look.peak, 1500);
    EXPECT_EQ(now.look.seconds, 3);
    EXPECT_EQ(now.look.processes, 1u);
    EXPECT_EQ(now.callstack, "work.c:1 work");
    EXPECT_EQ(now.bytes, 1000);
    EXPECT_EQ(now.process_bytes, 1500);
}

TEST(visit, of_a_session_that_ends_meanwhile_says_so) {
    std::optional<session> over(std::in_place);
    auto asking = std::async(std::launch::async, [] { return ask(getpid(), FIL_VISIT_LOOK); });
    fil_visit_kind kind{};
    for (std::uint64_t number = 0; number == 0;) {
        over->serve();
        fil_session_visit(reinterpret_cast<fil_session*>(&*over), &number, &kind);
    }
    over.reset();
    const outcome ended = asking.get();
    EXPECT_EQ(ended.status, FIL_ERROR_STATE);
    EXPECT_EQ(ended.text, "the program has ended");
}

// Whoever answers may be anybody's program, where root asks: no content harms the reader.
TEST_F(visited, a_look_that_somebody_scribbled_over_is_damaged_or_read_and_no_more) {
    report::facts run;
    run.duration = 1;
    run.timelines.push_back({0, "", {{0.5, 100, -1}}});
    const file_descriptor whole = write_look(session_, child_, run);
    look_reader reader;
    EXPECT_EQ(reader.read(read_look(whole.number())).used, 1500);
    const std::uint64_t bytes = os::facts_of(whole.number())->bytes;
    std::string facts(400, 0);
    os::read_at(whole.number(), facts.data(), facts.size(), 0);
    int damaged = 0;
    for (std::size_t at = 0; at < facts.size(); ++at) {
        std::string changed = facts;
        changed[at] = static_cast<char>(~changed[at]);
        const file_descriptor other(os::make_shared_file("fil-look", bytes));
        os::write_at(other.number(), changed.data(), changed.size(), 0);
        try {
            reader.read(read_look(other.number()));
        } catch (const damaged_recording&) {
            ++damaged;
        }
    }
    EXPECT_GT(damaged, 12);  // the magic number and the version at least
    const file_descriptor nothing(os::make_shared_file("fil-look", recording_page));
    EXPECT_THROW(read_look(nothing.number()), damaged_recording);
}

}  // namespace
}  // namespace fil

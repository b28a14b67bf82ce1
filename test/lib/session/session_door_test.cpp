// Through a whole session: test/capi/session_door_test.cpp.

#include "session/session_door.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include "checking_child.hpp"
#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"
#include "os/local_socket.hpp"
#include "scratch_folder.hpp"

namespace fil {
namespace {

struct doors : testing::Test {
    doors() { EXPECT_TRUE(os::listen_at(listening.number(), folder / "door")); }

    std::unique_ptr<os::local_socket> come() const {
        auto caller = std::make_unique<os::local_socket>();
        EXPECT_TRUE(caller->connect_to(folder / "door"));
        return caller;
    }
    static void ask(const os::local_socket& caller, std::int32_t segment, int descriptor = -1) {
        join_request request{};
        request.segment = segment;
        EXPECT_TRUE(caller.send(&request, sizeof request, descriptor));
    }
    // As long as it lasts.
    static bool was_hung_up(os::local_socket& caller) {
        char byte;
        caller.limit_receiving(1);
        const long bytes = caller.receive(&byte, 1).bytes;
        return bytes == 0 || (bytes < 0 && errno == ECONNRESET);  // what it said was not heard
    }
    void serve(session_door& door) {
        door.serve([&](file_descriptor& connection, const join_request& request, int recording) {
            heard.push_back(request.segment);
            has_recording = recording >= 0;
            if (request.segment != 99) return;
            door.leave(connection);
            kept = std::move(connection);
        });
    }
    bool is_readable(const session_door& door) const {
        pollfd wanted{door.descriptor(), POLLIN, 0};
        return poll(&wanted, 1, 0) == 1;
    }

    const test::scratch_folder folder;
    const file_descriptor listening = os::make_listening_socket();
    std::vector<std::int32_t> heard;
    bool has_recording = false;
    file_descriptor kept;
};

TEST_F(doors, each_ones_first_word_is_heard_and_then_they_are_hung_up_on) {
    session_door door({listening.number(), -1});
    EXPECT_FALSE(is_readable(door));
    const auto one = come(), two = come();
    ask(*one, 1);
    ask(*two, 2, os::make_file_in_memory().number());
    EXPECT_TRUE(is_readable(door));
    serve(door);
    EXPECT_EQ(heard, (std::vector<std::int32_t>{1, 2}));
    EXPECT_TRUE(has_recording);
    EXPECT_TRUE(was_hung_up(*one));
    EXPECT_FALSE(is_readable(door));
}

TEST_F(doors, who_is_silent_is_heard_later_and_half_a_word_is_none) {
    session_door door({listening.number(), -1});
    const auto silent = come(), mumbles = come();
    serve(door);
    EXPECT_FALSE(was_hung_up(*silent));
    ASSERT_TRUE(mumbles->send("x", 1, -1));
    EXPECT_TRUE(is_readable(door));
    serve(door);
    EXPECT_TRUE(was_hung_up(*mumbles));
    EXPECT_TRUE(heard.empty());
    ask(*silent, 7);
    serve(door);
    EXPECT_EQ(heard, std::vector<std::int32_t>{7});
}

TEST_F(doors, who_is_moved_away_stays) {
    session_door door({listening.number(), -1});
    const auto asks = come();
    serve(door);
    ask(*asks, 99);
    serve(door);
    EXPECT_FALSE(was_hung_up(*asks));
    ask(*asks, 5);
    EXPECT_FALSE(is_readable(door)) << "it is another's";
    kept = file_descriptor();
    EXPECT_TRUE(was_hung_up(*asks));
}

TEST_F(doors, of_many_who_are_silent_the_first_has_to_go) {
    session_door door({listening.number(), -1});
    std::vector<std::unique_ptr<os::local_socket>> silent;
    for (int i = 0; i < 49; ++i) silent.push_back(come());
    serve(door);
    EXPECT_TRUE(was_hung_up(*silent[0]));
    EXPECT_FALSE(was_hung_up(*silent[1]));
    usleep(1'100'000);
    serve(door);
    EXPECT_TRUE(was_hung_up(*silent[48])) << "a second is long enough";
}

TEST_F(doors, whom_no_descriptor_is_left_for_is_turned_away) {
    EXPECT_EQ(status_of_child([&] {
                  session_door door({listening.number(), -1});
                  const auto one = come();
                  ask(*one, 1);
                  const int next = dup(0);
                  close(next);
                  const rlimit none{rlim_t(next), rlim_t(next)};
                  HOLDS(1, setrlimit(RLIMIT_NOFILE, &none) == 0);
                  serve(door);
                  HOLDS(2, heard.empty() && door.turned_away() == 1);
                  HOLDS(3, was_hung_up(*one));
                  bool is_refused = false;
                  try {
                      const session_door another({listening.number(), -1});
                  } catch (const std::system_error& error) {
                      is_refused = error.code().value() == EMFILE;
                  }
                  HOLDS(4, is_refused);
              }),
              0);
}

}  // namespace
}  // namespace fil

// SPDX-License-Identifier: MIT
#include "sys/poll_set.h"

#include <csignal>
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/descriptor.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::sys;

namespace {

struct Pipe {
    Descriptor reader;
    Descriptor writer;

    Pipe() {
        int ends[2];
        REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }
};

}  // namespace

TEST_CASE("the set tells which descriptor is ready for what") {
    Pipe quiet;
    Pipe loud;
    REQUIRE(::write(loud.writer.get(), "x", 1) == 1);

    PollSet poll;
    const auto q = poll.add(quiet.reader.get(), true);
    const auto l = poll.add(loud.reader.get(), true);
    const auto w = poll.add(quiet.writer.get(), false, true);
    const auto none = poll.add(-1, true, true);
    REQUIRE(poll.wait(std::nullopt, monotonic_now()));
    CHECK_FALSE(poll.readable(q));
    CHECK(poll.readable(l));
    CHECK_FALSE(poll.writable(l));
    CHECK(poll.writable(w));
    CHECK_FALSE(poll.readable(none));
    CHECK_FALSE(poll.failed(none));

    poll.clear();
    const auto again = poll.add(quiet.reader.get(), true);
    CHECK(again == 0);
    REQUIRE(poll.wait(monotonic_now(), monotonic_now()));
    CHECK_FALSE(poll.readable(again));
}

TEST_CASE("a hang-up is readable, a reader's death fails the writer") {
    Pipe ended;
    ended.writer.reset();
    Pipe broken;
    broken.reader.reset();
    PollSet poll;
    const auto e = poll.add(ended.reader.get(), true);
    const auto b = poll.add(broken.writer.get(), false, false);
    REQUIRE(poll.wait(std::nullopt, monotonic_now()));
    CHECK(poll.readable(e));
    CHECK_FALSE(poll.failed(e));
    CHECK(poll.failed(b));
    CHECK(poll.readable(b));
}

TEST_CASE("a deadline is never early, and one in the past does not wait") {
    Pipe quiet;
    PollSet poll;
    poll.add(quiet.reader.get(), true);
    for (const std::int64_t us : {std::int64_t{1}, std::int64_t{999}, std::int64_t{20'001}}) {
        const Instant now = monotonic_now();
        const Instant deadline = now + microseconds(us);
        REQUIRE(poll.wait(deadline, now));
        CHECK(monotonic_now() >= deadline);
    }
    const Instant now = monotonic_now();
    REQUIRE(poll.wait(now - seconds(5), now));
    CHECK_FALSE(poll.readable(0));
}

TEST_CASE("a signal ends the wait, with nothing ready") {
    Pipe quiet;
    PollSet poll;
    poll.add(quiet.reader.get(), true);
    struct sigaction action{};
    action.sa_handler = [](int) {};
    struct sigaction before{};
    sigaction(SIGALRM, &action, &before);
    // Again and again, as the first might come before the wait begins.
    const itimerval often{{0, 5000}, {0, 5000}};
    const itimerval never{};
    setitimer(ITIMER_REAL, &often, nullptr);
    const auto result = poll.wait(std::nullopt, monotonic_now());
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before, nullptr);
    CHECK(result);
    CHECK_FALSE(poll.readable(0));
}

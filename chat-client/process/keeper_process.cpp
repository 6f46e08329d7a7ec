// SPDX-License-Identifier: MIT
#include "chat-client/process/keeper_process.h"

#include <cerrno>
#include <cstring>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include "sys/clock.h"
#include "sys/poll_set.h"
#include "sys/sandbox.h"
#include "sys/signals.h"
#include "sys/terminal_state.h"

namespace chat::client {
namespace {

constexpr Duration start_time_max = seconds(5);
constexpr Duration stop_time_max = seconds(1);
constexpr std::byte screen_is_on{1};
constexpr std::byte screen_is_off{0};

// A frame is one byte, or the byte, the modes and the sequence. Both ends are one program.
struct ScreenState {
    bool on = false;
    termios modes{};
    std::string leave_sequence;
};

ScreenState decode(std::span<const std::byte> frame) {
    ScreenState state;
    if (frame.size() < 1 + sizeof state.modes || frame[0] != screen_is_on) return state;
    state.on = true;
    std::memcpy(&state.modes, &frame[1], sizeof state.modes);
    const auto rest = frame.subspan(1 + sizeof state.modes);
    state.leave_sequence.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
    return state;
}

bool wait_readable(int fd, Duration time_max) {
    sys::PollSet poll;
    const Instant give_up_at = sys::monotonic_now() + time_max;
    for (Instant now = sys::monotonic_now(); now < give_up_at; now = sys::monotonic_now()) {
        poll.clear();
        const auto index = poll.add(fd, true);
        if (!poll.wait(give_up_at, now)) return false;
        if (poll.readable(index)) return true;
    }
    return false;
}

int run(sys::Channel channel, const sys::TerminalState& terminal) {
    for (const int signal :
         {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE}) {
        sys::ignore(signal);
    }
    // This child alone is there to outlive its parent, for an instant.
    prctl(PR_SET_PDEATHSIG, 0);
    channel.send(std::span(&screen_is_off, 1));
    // It cannot send any more then, so nobody hears how that went; a kernel that refuses has
    // refused the terminal process too, which says so.
    static_cast<void>(sys::enter_keeper_sandbox(channel.fd(), STDIN_FILENO, STDOUT_FILENO));

    ScreenState state;
    for (;;) {
        if (!wait_readable(channel.fd(), seconds(3600))) continue;
        std::span<const std::byte> frame;
        const auto status = channel.receive(frame);
        if (status == sys::ReceiveStatus::closed) break;
        if (status == sys::ReceiveStatus::frame) state = decode(frame);
    }
    if (!state.on) return 0;
    // The shell is being woken too and prints its prompt; the sooner the screen is left, the better
    // the chance that the prompt comes after it.
    const auto& bytes = state.leave_sequence;
    const bool written = ::write(STDOUT_FILENO, bytes.data(), bytes.size()) >= 0;
    terminal.restore_if_still(state.modes);
    return written ? 0 : 1;
}

}  // namespace

sys::Result<Keeper> Keeper::start(const std::optional<termios>& modes_to_restore) {
    auto terminal = sys::TerminalState::of(STDIN_FILENO);
    if (!terminal) return sys::os_error(ENOTTY, "watch over the terminal");
    if (modes_to_restore) terminal->set_modes(*modes_to_restore);
    auto pair = sys::Channel::make_pair();
    if (!pair) return std::unexpected(pair.error());
    auto& [ours, theirs] = *pair;
    auto child = sys::ChildProcess::fork("chat-keeper", [&]() -> int {
        const int kept[] = {theirs.fd()};
        sys::close_descriptors_except(kept);
        return run(std::move(theirs), *terminal);
    });
    if (!child) return std::unexpected(child.error());
    theirs.close();
    std::span<const std::byte> ready;
    if (!wait_readable(ours.fd(), start_time_max) ||
        ours.receive(ready) != sys::ReceiveStatus::frame) {
        return sys::os_error(ETIMEDOUT, "start the keeper of the terminal");
    }
    return Keeper(std::move(*child), std::move(ours), terminal->modes());
}

void Keeper::screen_on(const termios& screen_modes, const std::string& leave_sequence) {
    std::vector<std::byte> frame(1 + sizeof screen_modes + leave_sequence.size(), screen_is_on);
    std::memcpy(&frame[1], &screen_modes, sizeof screen_modes);
    std::memcpy(&frame[1 + sizeof screen_modes], leave_sequence.data(), leave_sequence.size());
    channel_.send(frame);
}

void Keeper::screen_off() {
    channel_.send(std::span(&screen_is_off, 1));
}

void Keeper::stop() {
    channel_.close();
    process_.wait_until(sys::monotonic_now() + stop_time_max);
}

}  // namespace chat::client

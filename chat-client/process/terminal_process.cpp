// SPDX-License-Identifier: MIT
#include "chat-client/process/terminal_process.h"

#include <fmt/format.h>
#include <random>
#include <signal.h>
#include <sysexits.h>

#include "chat-client/process/receiver_process.h"
#include "proto/wire/text.h"
#include "sys/clock.h"
#include "sys/socket_address.h"

namespace chat::client {
namespace {

constexpr Duration healthy_after = seconds(10);
// A host with several addresses (localhost has two) may listen on one only.
constexpr Duration address_patience = milliseconds(1200);

Now read_clocks() {
    return {sys::monotonic_now(), sys::wall_now()};
}

// The session's datagrams into the connected socket.
class SocketSink final : public TransmitSink {
  public:
    explicit SocketSink(sys::UdpSocket& socket) : socket_(socket) {}

    bool send(const Path&, std::span<const std::byte> datagram) override {
        for (int attempt = 0; attempt < 2; ++attempt) {
            const auto outcome = socket_.send(datagram);
            if (!outcome) return true;  // too long or forbidden: as good as lost
            if (*outcome == sys::SendOutcome::sent) return true;
            if (*outcome == sys::SendOutcome::would_block) {
                blocked_ = true;
                return false;
            }
            // An earlier datagram's fate; this one has not gone out yet.
        }
        return true;
    }
    bool blocked() const { return blocked_; }

  private:
    sys::UdpSocket& socket_;
    bool blocked_ = false;
};

}  // namespace

TerminalProcess::TerminalProcess(std::vector<Endpoint> addresses, std::string server,
                                 std::string room, std::string name, sys::SignalQueue signals)
    : addresses_(std::move(addresses)),
      server_(std::move(server)),
      signals_(std::move(signals)),
      session_(std::move(room), std::random_device{}()),
      first_name_(std::move(name)) {}

int TerminalProcess::run(
    const std::function<std::unique_ptr<FrontEnd>(TerminalProcess&)>& make_front_end,
    bool watched) {
    now_ = read_clocks();
    if (!start_receiver()) return EX_UNAVAILABLE;
    if (watched) start_keeper();
    front_end_ = make_front_end(*this);
    if (!front_end_) return EX_UNAVAILABLE;
    // A person at a full screen decides alone how long to wait for a server that was there.
    session_.set_gives_up(!watched);

    if (first_name_.empty()) {
        want_name();
    } else {
        session_.log_in(now_, first_name_);
        transmit();
    }
    show_events();
    front_end_->flush(now_);
    while (!session_.end() && !nobody_to_ask_)
        turn();

    const int status = front_end_->output_gone() ? EX_IOERR : exit_status();
    front_end_.reset();
    from_receiver_.reset();
    receiver_.reset();
    if (keeper_) keeper_->stop();
    if (status == EX_UNAVAILABLE || status == EX_NOPERM) {
        fmt::print(stderr, "chat-client: {}.\n", last_error_);
    }
    return status;
}

int TerminalProcess::exit_status() const {
    if (nobody_to_ask_) return EX_NOPERM;
    switch (*session_.end()) {
        case Session::End::left:
            return 0;
        case Session::End::unreachable:
            return EX_UNAVAILABLE;
        case Session::End::refused:
            return EX_NOPERM;
    }
    return EX_SOFTWARE;
}

bool TerminalProcess::start_receiver() {
    receiver_revival_.due_at.reset();
    receiver_revival_.started_at = now_.at;
    if (!socket_) {
        for (std::size_t i = 0; i < addresses_.size() && !socket_; ++i) {
            auto socket = sys::UdpSocket::connect(addresses_[address_]);
            if (socket) {
                socket_.emplace(std::move(*socket));
            } else {
                if (i + 1 == addresses_.size()) {
                    fmt::print(stderr, "chat-client: {}. Is this machine on the network?\n",
                               socket.error().sentence());
                }
                address_ = (address_ + 1) % addresses_.size();
            }
        }
        if (!socket_) return false;
    }
    auto pair = sys::Channel::make_pair(receiver_queue_bytes_max);
    if (!pair) {
        receiver_lost(pair.error().sentence());
        return false;
    }
    auto& [ours, theirs] = *pair;
    auto child = sys::ChildProcess::fork(nullptr, [&]() -> int {
        const int kept[] = {theirs.fd(), socket_->fd()};
        sys::close_descriptors_except(kept);
        if (!sys::redirect_to_null({0, 1, 2})) return EX_OSERR;
        return run_receiver_process(std::move(theirs), *socket_);
    });
    if (!child) {
        receiver_lost(child.error().sentence());
        return false;
    }
    receiver_.emplace(std::move(*child));
    from_receiver_.emplace(std::move(ours));
    return true;
}

void TerminalProcess::receiver_lost(const std::string& how) {
    if (now_.at - receiver_revival_.started_at >= healthy_after) {
        receiver_revival_.backoff.reset();
    }
    receiver_revival_.due_at = now_.at + receiver_revival_.backoff.next();
    if (front_end_) {
        front_end_->show(Error{ErrorCode::receiver_died,
                               fmt::format("the receiving process is gone ({}); it is started "
                                           "again, what came in between may be missing",
                                           how)},
                         now_);
    }
}

void TerminalProcess::start_keeper() {
    keeper_revival_.due_at.reset();
    keeper_revival_.started_at = now_.at;
    auto keeper = Keeper::start(modes_to_restore_);
    if (!keeper) {
        keeper_revival_.due_at = now_.at + keeper_revival_.backoff.next();
        return;
    }
    modes_to_restore_ = keeper->modes_to_restore();
    keeper_.emplace(std::move(*keeper));
    if (screen_) keeper_->screen_on(screen_->modes, screen_->leave_sequence);
}

void TerminalProcess::screen_on(const termios& screen_modes, const std::string& leave_sequence) {
    screen_.emplace(screen_modes, leave_sequence);
    if (keeper_) keeper_->screen_on(screen_modes, leave_sequence);
}

void TerminalProcess::screen_off() {
    screen_.reset();
    if (keeper_) keeper_->screen_off();
}

// Only while no address has answered yet.
void TerminalProcess::try_next_address() {
    address_ = (address_ + 1) % addresses_.size();
    from_receiver_.reset();
    receiver_.reset();
    socket_.reset();
    if (!start_receiver()) receiver_lost("no socket");
    session_.address_changed(now_);
}

std::optional<Instant> TerminalProcess::next_deadline() const {
    std::optional<Instant> next = send_blocked_ ? std::nullopt : session_.next_deadline();
    const auto consider = [&next](std::optional<Instant> at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    consider(receiver_revival_.due_at);
    consider(keeper_revival_.due_at);
    if (addresses_.size() > 1 && session_.never_reached()) {
        consider(receiver_revival_.started_at + address_patience);
    }
    return next;
}

void TerminalProcess::turn() {
    poll_.clear();
    const auto signal = poll_.add(signals_.fd(), true);
    const bool shows = front_end_->accepts_events();
    const auto receiver = poll_.add(from_receiver_ && shows ? from_receiver_->fd() : -1, true);
    const bool reads = session_.accepts_input() && shows;
    const auto input = poll_.add(reads ? front_end_->input_fd() : -1, true);
    const auto output = poll_.add(front_end_->blocked_output_fd(), false, true);
    const auto socket = poll_.add(send_blocked_ && socket_ ? socket_->fd() : -1, false, true);
    if (!poll_.wait(next_deadline(), now_.at)) return;
    now_ = read_clocks();

    if (poll_.readable(signal)) take_signals();
    if (poll_.readable(receiver)) take_receiver_frames();
    if (poll_.readable(input)) front_end_->read_input(now_);
    for (const UserInput& given : front_end_->take_inputs())
        act(given);
    if (poll_.writable(socket) || poll_.failed(socket)) send_blocked_ = false;
    if (poll_.failed(output)) front_end_->flush(now_);

    session_.on_deadline(now_);
    if (receiver_revival_.due_at && now_.at >= *receiver_revival_.due_at) start_receiver();
    if (keeper_revival_.due_at && now_.at >= *keeper_revival_.due_at) start_keeper();
    if (addresses_.size() > 1 && session_.never_reached() &&
        now_.at >= receiver_revival_.started_at + address_patience) {
        try_next_address();
    }
    transmit();
    show_events();
    front_end_->set_waiting(session_.waiting());
    front_end_->flush(now_);
    if (front_end_->output_gone() && !leaving_) {
        leaving_ = true;
        session_.quit_at_once(now_);
        transmit();
    }
}

void TerminalProcess::take_signals() {
    while (const auto signal = signals_.take()) {
        switch (*signal) {
            case SIGINT:
            case SIGTERM:
            case SIGHUP:
                session_.quit_at_once(now_);
                break;
            case SIGWINCH:
                front_end_->resize(now_);
                break;
            case SIGTSTP:
                suspend();
                break;
            case SIGCHLD:
                reap_children();
                break;
        }
    }
}

void TerminalProcess::reap_children() {
    if (receiver_) {
        if (const auto status = receiver_->reap()) {
            take_receiver_frames();  // what it had handed over before
            receiver_.reset();
            from_receiver_.reset();
            receiver_lost(status->sentence());
        }
    }
    if (keeper_ && keeper_->process().reap()) {
        keeper_.reset();
        if (now_.at - keeper_revival_.started_at >= healthy_after) keeper_revival_.backoff.reset();
        keeper_revival_.due_at = now_.at + keeper_revival_.backoff.next();
    }
}

void TerminalProcess::take_receiver_frames() {
    std::span<const std::byte> frame;
    while (from_receiver_ && front_end_->accepts_events()) {
        switch (from_receiver_->receive(frame)) {
            case sys::ReceiveStatus::empty:
                return;
            case sys::ReceiveStatus::closed:
                // It is dead or dying, and SIGCHLD follows; make sure of it.
                from_receiver_.reset();
                if (receiver_) receiver_->kill(SIGKILL);
                return;
            case sys::ReceiveStatus::frame:
                if (const auto events = decode_event_frame(frame)) {
                    for (const auto& event : *events)
                        session_.on_server_event(now_, event);
                }
                show_events();
                break;
        }
    }
}

void TerminalProcess::act(const UserInput& input) {
    if (const auto* say = std::get_if<Say>(&input)) {
        session_.say(now_, say->text);
    } else if (const auto* given = std::get_if<NameGiven>(&input)) {
        name_wanted_ = false;
        session_.log_in(now_, given->name);
    } else if (std::holds_alternative<Quit>(input)) {
        session_.quit(now_);
    } else if (std::holds_alternative<QuitAtOnce>(input)) {
        session_.quit_at_once(now_);
    } else if (std::holds_alternative<Suspend>(input)) {
        suspend();
    } else if (std::holds_alternative<Help>(input)) {
        front_end_->show_help(now_);
    } else if (const auto* refused = std::get_if<Refused>(&input)) {
        front_end_->show(refused->error, now_);
    }
}

// What a terminal's own Ctrl-Z does: the whole process group stops, the shell takes over.
void TerminalProcess::suspend() {
    front_end_->suspend();
    sigset_t stop_signal;
    sigemptyset(&stop_signal);
    sigaddset(&stop_signal, SIGTSTP);
    ::kill(0, SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop_signal, nullptr);  // stops here, and goes on here
    sigprocmask(SIG_BLOCK, &stop_signal, nullptr);
    now_ = read_clocks();
    front_end_->resume(now_);
}

void TerminalProcess::want_name() {
    if (name_wanted_) return;
    name_wanted_ = front_end_->ask_name(now_);
    if (!name_wanted_) nobody_to_ask_ = true;
}

void TerminalProcess::transmit() {
    if (send_blocked_ || !socket_) return;
    SocketSink sink(*socket_);
    session_.poll_transmit(now_, sink);
    send_blocked_ = sink.blocked();
    // The error that belongs to both processes came up in this one.
    if (socket_->take_refused()) {
        session_.on_server_event(now_, {ServerEvent::Kind::refused, {}, {}});
    }
}

void TerminalProcess::show_events() {
    for (Event& event : session_.take_events()) {
        if (auto* error = std::get_if<Error>(&event)) {
            if (error->code == ErrorCode::unreachable) {
                error->text = fmt::format(
                    "no server answers at {}; check the address, and that the server runs",
                    server_);
            }
            last_error_ = clean_line(error->text);
        }
        front_end_->show(event, now_);
    }
    if (session_.wants_name()) want_name();
}

}  // namespace chat::client

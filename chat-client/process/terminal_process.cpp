// SPDX-License-Identifier: MIT
#include "chat-client/process/terminal_process.h"

#include <algorithm>
#include <fmt/format.h>
#include <signal.h>
#include <sysexits.h>
#include <utility>

#include "chat-client/core/classic_session.h"
#include "chat-client/core/secure_session.h"
#include "chat-client/process/known_servers.h"
#include "chat-client/process/socket_sink.h"
#include "proto/wire/text.h"
#include "sys/clock.h"
#include "sys/sandbox.h"
#include "sys/socket_address.h"

namespace chat::client {
namespace {

// A host with several addresses (localhost has two) may listen on one only.
constexpr Duration address_patience = milliseconds(1200);
// Lines read that the session does not take yet. Beyond that a pipe is not read, and a person is
// told.
constexpr std::size_t inputs_max = 64;
constexpr int packets_per_turn_max = 64;

Now read_clocks() {
    return {sys::monotonic_now(), sys::wall_now()};
}

}  // namespace

TerminalProcess::TerminalProcess(const Options& options, std::vector<Endpoint> addresses,
                                 bool on_terminal, sys::SignalQueue signals)
    : options_(options),
      addresses_(std::move(addresses)),
      server_(server_address(options.host, options.port)),
      on_terminal_(on_terminal),
      signals_(std::move(signals)),
      receiver_(options.protocol) {}

int TerminalProcess::run(
    const std::function<std::unique_ptr<FrontEnd>(TerminalProcess&)>& make_front_end,
    bool watched) {
    now_ = read_clocks();
    watched_ = watched;
    // Fork first, keys later.
    if (!start_receiver()) return EX_UNAVAILABLE;
    if (watched) keeper_.start(now_.at);
    if (const int status = make_session(); status != 0) return status;
    front_end_ = make_front_end(*this);
    if (!front_end_) return EX_UNAVAILABLE;
    give_up_rights();
    if (credentials_) {
        for (std::string& sentence : std::exchange(credentials_->remarks, {}))
            remark(std::move(sentence));
    }
    // A person at a full screen decides alone how long to wait for a server that was there.
    session_->set_gives_up(!watched);

    if (options_.name.empty()) {
        want_name();
    } else {
        session_->log_in(now_, options_.name);
        transmit();
    }
    show_events();
    front_end_->flush(now_);
    while (!session_->end() && !nobody_to_ask_)
        turn();

    const int status = front_end_->output_gone() ? EX_IOERR : exit_status();
    front_end_.reset();
    receiver_.stop();
    keeper_.stop();
    if (status == EX_UNAVAILABLE || status == EX_NOPERM) {
        fmt::print(stderr, "chat-client: {}.\n", last_error_);
    }
    return status;
}

int TerminalProcess::make_session() {
    if (options_.protocol == Protocol::classic) {
        session_ = std::make_unique<ClassicSession>(options_.room, random_.u64());
        return 0;
    }
    auto credentials = load_credentials(options_, on_terminal_, random_, secrets_);
    if (!credentials) {
        fmt::print(stderr, "chat-client: {}.\n", credentials.error().sentence);
        return credentials.error().exit_status;
    }
    credentials_.emplace(std::move(*credentials));
    SecureSessionConfig config;
    config.room = options_.room;
    config.trust = credentials_->trust;
    config.password = std::exchange(credentials_->password, {});
    session_ = std::make_unique<SecureSession>(config, *credentials_->identity, random_, secrets_);
    if (config.password) wipe(std::as_writable_bytes(std::span(*config.password)));
    return 0;
}

// From here on no file but the user's own data and the system's harmless ones, and no program.
void TerminalProcess::give_up_rights() {
    auto files = sys::system_files();
    if (credentials_) files.writable.push_back(credentials_->folder.path());
    const auto report = sys::enter_terminal_sandbox(files);
    if (report && report->seccomp) return;
    told_of_freedom_ = true;
    remark("this system refuses the sandbox (seccomp), so the program runs without it");
}

void TerminalProcess::remark(std::string sentence) {
    front_end_->show(Remark{std::move(sentence)}, now_);
}

int TerminalProcess::exit_status() const {
    if (nobody_to_ask_) return EX_NOPERM;
    switch (*session_->end()) {
        case Session::End::left:
            return 0;
        case Session::End::unreachable:
            return EX_UNAVAILABLE;
        case Session::End::refused:
            return EX_NOPERM;
    }
    return EX_SOFTWARE;
}

bool TerminalProcess::open_socket() {
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
        auto socket = sys::UdpSocket::connect(addresses_[address_]);
        if (socket) {
            socket_.emplace(std::move(*socket));
            return true;
        }
        if (i + 1 == addresses_.size() && !front_end_) {
            fmt::print(stderr, "chat-client: {}. Is this machine on the network?\n",
                       socket.error().sentence());
        }
        address_ = (address_ + 1) % addresses_.size();
    }
    return false;
}

// False: there is no socket, or no process; it is tried again.
bool TerminalProcess::start_receiver() {
    if (!socket_ && !open_socket()) {
        receiver_.postpone(now_.at);
        return false;
    }
    if (const auto started = receiver_.start(now_.at, *socket_); !started) {
        receiver_lost(started.error().sentence());
        return false;
    }
    if (session_) session_->on_receiver_started(now_);
    return true;
}

void TerminalProcess::receiver_lost(const std::string& how) {
    const std::string text = fmt::format(
        "the receiving process is gone ({}); it is started again, what came in between may be "
        "{}",
        how, credentials_ ? "late" : "missing");
    if (front_end_) {
        front_end_->show(Error{ErrorCode::receiver_died, text}, now_);
    } else {
        fmt::print(stderr, "chat-client: {}.\n", how);
    }
}

// Only while no address has answered yet.
bool TerminalProcess::may_try_next_address() const {
    return addresses_.size() > 1 && session_->never_reached() && receiver_.fd() >= 0;
}

void TerminalProcess::try_next_address() {
    address_ = (address_ + 1) % addresses_.size();
    receiver_.stop();
    socket_.reset();
    start_receiver();
    session_->address_changed(now_);
}

// To the same address from wherever this machine is now.
void TerminalProcess::reconnect() {
    if (!socket_) return;
    // Where it fails, the machine is between two networks: the session asks again.
    if (socket_->reconnect(addresses_[address_])) session_->address_changed(now_);
}

std::optional<Instant> TerminalProcess::next_deadline() const {
    // What the session wants to send can't go now; it is asked again whenever something happens.
    const bool mute = send_blocked_ || !socket_;
    std::optional<Instant> next = mute ? std::nullopt : session_->next_deadline();
    const auto consider = [&next](std::optional<Instant> at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    consider(receiver_.due());
    consider(keeper_.due());
    if (may_try_next_address()) consider(receiver_.started_at() + address_patience);
    return next;
}

void TerminalProcess::turn() {
    const bool classic = options_.protocol == Protocol::classic;
    poll_.clear();
    const auto signal = poll_.add(signals_.fd(), true);
    // The plain-text protocol knows no credit: what nobody reads has to wait in the channel.
    const bool shows = front_end_->accepts_events();
    if (!classic) session_->set_accepts_events(now_, shows);
    const auto receiver = poll_.add(receiver_.fd(), shows || !classic, receiver_.wants_write());
    const bool reads =
        shows && (watched_ || (inputs_.size() < inputs_max && session_->accepts_input()));
    const auto input = poll_.add(reads ? front_end_->input_fd() : -1, true);
    const auto output = poll_.add(front_end_->blocked_output_fd(), false, true);
    const auto socket = poll_.add(send_blocked_ && socket_ ? socket_->fd() : -1, false, true);
    if (!poll_.wait(next_deadline(), now_.at)) return;
    now_ = read_clocks();

    if (poll_.readable(signal)) take_signals();
    if (poll_.readable(receiver)) take_receiver_packets();
    if (poll_.writable(receiver)) receiver_.flush();
    if (poll_.readable(input)) front_end_->read_input(now_);
    if (poll_.writable(socket) || poll_.failed(socket)) send_blocked_ = false;
    if (poll_.failed(output)) front_end_->flush(now_);

    session_->on_deadline(now_);
    if (receiver_.due(now_.at)) start_receiver();
    if (keeper_.due(now_.at)) keeper_.start(now_.at);
    if (may_try_next_address() && now_.at >= receiver_.started_at() + address_patience) {
        try_next_address();
    }
    act_on_inputs();
    transmit();
    show_events();
    front_end_->set_waiting(session_->waiting() + inputs_.size());
    front_end_->flush(now_);
    if (front_end_->output_gone() && !leaving_) {
        leaving_ = true;
        session_->quit_at_once(now_);
        transmit();
    }
}

void TerminalProcess::take_signals() {
    while (const auto signal = signals_.take()) {
        switch (*signal) {
            case SIGINT:
            case SIGTERM:
            case SIGHUP:
                session_->quit_at_once(now_);
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
    if (const auto status = receiver_.reap(now_.at)) {
        while (take_receiver_packets())  // what it had handed over before
            continue;
        receiver_.stop();
        receiver_lost(status->sentence());
    }
    keeper_.reap(now_.at);
}

// True: there may be more. Strangers can keep a receiver busy, but not the user waiting.
bool TerminalProcess::take_receiver_packets() {
    std::span<const std::byte> packet;
    for (int taken = 0; taken < packets_per_turn_max; ++taken) {
        if (options_.protocol == Protocol::classic && !front_end_->accepts_events()) return false;
        if (receiver_.receive(packet) != sys::ReceiveStatus::frame) {
            if (receiver_.was_free() && !std::exchange(told_of_freedom_, true)) {
                remark(
                    "this system refuses the receiving process its sandbox (seccomp), so it "
                    "runs without it");
            }
            return false;
        }
        session_->on_receiver_frame(now_, packet);
        show_events();
    }
    return true;
}

bool TerminalProcess::accepts(const UserInput& input) const {
    return !std::holds_alternative<Say>(input) || session_->accepts_input();
}

// In order; but who wants to go, or to stop for a while, does not stand in line.
void TerminalProcess::act_on_inputs() {
    for (UserInput& given : front_end_->take_inputs()) {
        const bool urgent =
            std::holds_alternative<QuitAtOnce>(given) || std::holds_alternative<Suspend>(given);
        if (urgent || (inputs_.empty() && accepts(given))) {
            act(given);
        } else if (watched_ && std::holds_alternative<Say>(given) && inputs_.size() >= inputs_max) {
            front_end_->show(Error{ErrorCode::queue_full,
                                   "too many messages wait to be sent; this one was not taken, "
                                   "say it again later"},
                             now_);
        } else {
            inputs_.push_back(std::move(given));
        }
    }
    while (!inputs_.empty() && accepts(inputs_.front())) {
        act(inputs_.front());
        inputs_.pop_front();
    }
}

void TerminalProcess::act(const UserInput& input) {
    if (const auto* say = std::get_if<Say>(&input)) {
        session_->say(now_, say->text, say->id);
    } else if (const auto* given = std::get_if<NameGiven>(&input)) {
        name_wanted_ = false;
        session_->log_in(now_, given->name);
    } else if (const auto* decided = std::get_if<TrustDecided>(&input)) {
        session_->decide_trust(now_, decided->trusted);
    } else if (std::holds_alternative<Quit>(input)) {
        session_->quit(now_);
    } else if (std::holds_alternative<QuitAtOnce>(input)) {
        session_->quit_at_once(now_);
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
    if (name_wanted_) return;
    nobody_to_ask_ = true;
    if (last_error_.empty()) last_error_ = "nobody can be asked for a name; give one with --name";
}

void TerminalProcess::transmit() {
    // First: the answer to what is sent may need the key that the receiver is given here.
    receiver_.order(session_->take_receiver_orders());
    if (send_blocked_ || !socket_) return;
    SocketSink sink(*socket_);
    session_->poll_transmit(now_, sink);
    send_blocked_ = sink.blocked();
    // The error that belongs to both processes came up in this one.
    if (socket_->take_refused()) session_->on_refused(now_);
    if (session_->take_wants_reconnect()) reconnect();
}

void TerminalProcess::show_events() {
    for (auto events = session_->take_events(); !events.empty(); events = session_->take_events()) {
        for (Event& event : events)
            show_event(event);
    }
    if (const auto key = session_->take_trusted_key()) remember(*key);
    if (session_->wants_name()) want_name();
}

void TerminalProcess::show_event(Event& event) {
    if (auto* error = std::get_if<Error>(&event)) {
        if (auto text = explained(error->code)) error->text = std::move(*text);
        last_error_ = clean_line(error->text);
    }
    front_end_->show(event, now_);
    if (std::holds_alternative<TrustQuestion>(event) && front_end_->input_fd() < 0) {
        session_->decide_trust(now_, false);
    }
}

// What the session cannot say as well, since it knows neither the address nor the files.
std::optional<std::string> TerminalProcess::explained(ErrorCode code) const {
    switch (code) {
        case ErrorCode::unreachable:
            return fmt::format(
                "no server answers at {}; check the address, and that the server runs", server_);
        case ErrorCode::key_changed:
            return fmt::format(
                "the key of {} is not the one in line {} of {}, so it may be "
                "somebody else who answers. Only if the person who runs the server "
                "says that it has a new key, delete that line and come again",
                server_, credentials_->known_line, KnownServers(credentials_->folder).path());
        default:
            return std::nullopt;
    }
}

void TerminalProcess::remember(const PublicKey& server_key) {
    const KnownServers servers(credentials_->folder);
    const auto stored = servers.add(server_, server_key, now_.wall);
    if (stored) {
        remark(fmt::format("the key of {}, {}, is remembered in {}", server_,
                           fingerprint(server_key), servers.path()));
    } else {
        remark(fmt::format("the server's key can't be remembered, so next time it is new again: {}",
                           stored.error().sentence()));
    }
}

}  // namespace chat::client

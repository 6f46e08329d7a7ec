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
#include "proto/wire/text.h"
#include "sys/clock.h"
#include "sys/sandbox.h"
#include "sys/socket_address.h"

namespace chat::client {
namespace {

// So long an acknowledgement waits for a reader of our output who does not read.
constexpr Duration reader_patience = seconds(1);
// Older entries for a person who comes into a room.
constexpr std::uint32_t history_on_joining = 50;
constexpr int packets_per_turn_max = 64;

Now read_clocks() {
    return {sys::monotonic_now(), sys::wall_now()};
}

}  // namespace

TerminalProcess::TerminalProcess(const Options& options, std::vector<Endpoint> addresses,
                                 bool on_terminal, sys::SignalQueue signals)
    : options_(options),
      server_(server_address(options.host, options.port)),
      on_terminal_(on_terminal),
      signals_(std::move(signals)),
      connection_(options.protocol, std::move(addresses)) {}

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
    inputs_.emplace(*session_, *front_end_, watched, [this] { suspend(); });
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
    }
    pass_on();
    while (!session_->end() && !nobody_to_ask_)
        turn();
    drain_output();

    const int status = front_end_->output_gone() ? EX_IOERR : exit_status();
    inputs_.reset();
    front_end_.reset();
    connection_.stop();
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
    config.history_on_joining = on_terminal_ ? history_on_joining : 0;
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

// False: there is no socket, or no process; it is tried again.
bool TerminalProcess::start_receiver() {
    switch (connection_.start(now_.at)) {
        case ServerConnection::Start::no_socket:
            if (!front_end_) {
                fmt::print(stderr, "chat-client: {}. Is this machine on the network?\n",
                           connection_.error());
            }
            return false;
        case ServerConnection::Start::no_process:
            receiver_lost(connection_.error());
            return false;
        case ServerConnection::Start::running:
            break;
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
std::optional<Instant> TerminalProcess::next_address_due() const {
    return session_->never_reached() ? connection_.next_address_due() : std::nullopt;
}

void TerminalProcess::try_next_address() {
    connection_.take_next_address();
    start_receiver();
    session_->address_changed(now_);
}

std::optional<Instant> TerminalProcess::next_deadline() const {
    // What the session wants to send can't go now; it is asked again whenever something happens.
    const auto held = held_until();
    const bool mute = connection_.mute() || held;
    std::optional<Instant> next = mute ? std::nullopt : session_->next_deadline();
    const auto consider = [&next](std::optional<Instant> at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    consider(held);
    consider(connection_.receiver().due());
    consider(keeper_.due());
    consider(next_address_due());
    return next;
}

void TerminalProcess::turn() {
    const bool classic = options_.protocol == Protocol::classic;
    auto& child = connection_.receiver();
    poll_.clear();
    const auto signal = poll_.add(signals_.fd(), true);
    // The plain-text protocol knows no credit: what nobody reads has to wait in the channel.
    const bool shows = front_end_->accepts_events();
    if (!classic) session_->set_accepts_events(now_, shows);
    const auto receiver = poll_.add(child.fd(), shows || !classic, child.wants_write());
    const bool reads = shows && (watched_ || (!inputs_->full() && session_->accepts_input()));
    const auto input = poll_.add(reads ? front_end_->input_fd() : -1, true);
    const auto output = poll_.add(front_end_->blocked_output_fd(), false, true);
    const auto socket = poll_.add(connection_.blocked_fd(), false, true);
    if (!poll_.wait(next_deadline(), now_.at)) return;
    now_ = read_clocks();

    if (poll_.readable(signal)) take_signals();
    if (poll_.readable(receiver)) take_receiver_packets();
    if (poll_.writable(receiver)) child.flush();
    if (poll_.readable(input)) front_end_->read_input(now_);
    if (poll_.writable(socket) || poll_.failed(socket)) connection_.unblock();
    if (poll_.failed(output)) front_end_->flush(now_);

    session_->on_deadline(now_);
    if (child.due(now_.at)) start_receiver();
    if (keeper_.due(now_.at)) keeper_.start(now_.at);
    if (const auto due = next_address_due(); due && now_.at >= *due) try_next_address();
    inputs_->act(now_);
    if (inputs_->take_name_given()) name_wanted_ = false;
    pass_on();
    if (front_end_->output_gone() && !leaving_) {
        leaving_ = true;
        session_->quit_at_once(now_);
        pass_on();
    }
}

// What came in is shown and written before anything goes out that acknowledges it: whoever kills
// this process in between loses nothing that the server takes for read.
void TerminalProcess::pass_on() {
    show_events();
    front_end_->set_waiting(session_->waiting() + inputs_->waiting());
    front_end_->flush(now_);
    if (!front_end_->unwritten()) {
        unwritten_since_.reset();
    } else if (!unwritten_since_) {
        unwritten_since_ = now_.at;
    }
    if (!held_until()) connection_.transmit(*session_, now_);
    show_events();
    front_end_->flush(now_);
}

// A reader who only is slow is waited for; one who has stopped must not cost us the session.
std::optional<Instant> TerminalProcess::held_until() const {
    if (!unwritten_since_ || *unwritten_since_ + reader_patience <= now_.at) return std::nullopt;
    return *unwritten_since_ + reader_patience;
}

// The end: a reader who still reads gets all of it.
void TerminalProcess::drain_output() {
    while (front_end_->unwritten() && !front_end_->output_gone()) {
        poll_.clear();
        const auto output = poll_.add(front_end_->blocked_output_fd(), false, true);
        if (!poll_.wait(now_.at + reader_patience, now_.at)) return;
        now_ = read_clocks();
        if (!poll_.writable(output) && !poll_.failed(output)) return;
        front_end_->flush(now_);
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
    if (const auto status = connection_.receiver().reap(now_.at)) {
        while (take_receiver_packets())  // what it had handed over before
            continue;
        connection_.stop();
        receiver_lost(status->sentence());
    }
    keeper_.reap(now_.at);
}

// True: there may be more. Strangers can keep a receiver busy, but not the user waiting.
bool TerminalProcess::take_receiver_packets() {
    std::span<const std::byte> packet;
    for (int taken = 0; taken < packets_per_turn_max; ++taken) {
        if (options_.protocol == Protocol::classic && !front_end_->accepts_events()) return false;
        if (connection_.receiver().receive(packet) != sys::ReceiveStatus::frame) {
            if (connection_.receiver().was_free() && !std::exchange(told_of_freedom_, true)) {
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
    inputs_->on_event(event);
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

// SPDX-License-Identifier: MIT
#include "chat-server/process/admin_process.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <signal.h>
#include <string>
#include <unistd.h>

#include "chat-server/core/control_frame.h"
#include "chat-server/process/journal.h"
#include "sys/clock.h"
#include "sys/poll_set.h"
#include "sys/signals.h"

namespace chat::server {
namespace {

// Each is one `chat-server ctl` waiting for its answer; more than this is not a person.
constexpr std::size_t callers_max = 16;
// A console in the background may not read its terminal; look again after this long.
constexpr Duration console_retry = seconds(1);
constexpr std::uint32_t console_id = 0;

// Standard input as lines.
class Console {
  public:
    bool open() const { return open_; }
    bool due(Instant now) const { return open_ && now >= retry_at_; }
    std::optional<Instant> retry_at(Instant now) const {
        return open_ && now < retry_at_ ? std::optional(retry_at_) : std::nullopt;
    }

    template <class OnLine>
    void read(Instant now, OnLine on_line) {
        char buffer[4096];
        const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (count < 0 && (errno == EIO || errno == EAGAIN || errno == EINTR)) {
            if (errno != EINTR) retry_at_ = now + console_retry;
            return;
        }
        if (count > 0) {
            for (ssize_t i = 0; i < count; ++i) {
                if (buffer[i] == '\n') {
                    flush(on_line);
                } else if (line_.size() <= control_text_bytes_max) {
                    line_ += buffer[i];
                }
            }
            return;
        }
        flush(on_line);
        open_ = false;
    }

  private:
    template <class OnLine>
    void flush(OnLine on_line) {
        if (!line_.empty()) on_line(line_);
        line_.clear();
    }

    bool open_ = ::fcntl(STDIN_FILENO, F_GETFD) >= 0;
    Instant retry_at_{INT64_MIN};
    std::string line_;
};

class Admin {
  public:
    Admin(sys::Channel parent, sys::ControlListener& listener)
        : parent_(std::move(parent)), listener_(listener) {}

    int run() {
        while (parent_.fd() >= 0) {
            turn();
        }
        return 0;
    }

  private:
    void turn() {
        const Instant now = sys::monotonic_now();
        poll_.clear();
        const auto from_parent = poll_.add(parent_.fd(), true, parent_.wants_write());
        const auto at_door = poll_.add(callers_.size() < callers_max ? listener_.fd() : -1, true);
        const auto at_console = poll_.add(console_.due(now) ? STDIN_FILENO : -1, true);
        std::map<std::uint32_t, std::size_t> at_caller;
        for (auto& [id, caller] : callers_) {
            at_caller[id] = poll_.add(caller.fd(), true, caller.wants_write());
        }
        if (!poll_.wait(console_.retry_at(now), now)) return;

        if (poll_.writable(from_parent)) parent_.flush();
        if (poll_.readable(from_parent)) take_replies();
        if (poll_.readable(at_console)) {
            console_.read(now, [&](const std::string& line) { take_console_line(line); });
        }
        for (const auto& [id, index] : at_caller) {
            const auto found = callers_.find(id);
            if (found == callers_.end()) continue;
            if (poll_.writable(index)) found->second.flush();
            if (poll_.readable(index)) take_request(id, found->second);
        }
        if (poll_.readable(at_door)) {
            if (auto caller = listener_.accept()) callers_.emplace(++last_id_, std::move(*caller));
        }
    }

    void take_console_line(const std::string& line) {
        ControlRequest request{ControlRequest::Kind::announce, console_id, line};
        if (line.starts_with('/')) {
            request.kind = ControlRequest::Kind::command;
            request.text = line.substr(1);
        }
        if (!parent_.send(encode(request))) say("the server is busy; nothing was done");
    }

    void take_request(std::uint32_t id, sys::Channel& caller) {
        std::span<const std::byte> frame;
        switch (caller.receive(frame)) {
            case sys::ReceiveStatus::empty:
                return;
            case sys::ReceiveStatus::closed:
                callers_.erase(id);
                return;
            case sys::ReceiveStatus::frame:
                break;
        }
        auto request = decode_control_request(frame);
        if (!request) {
            callers_.erase(id);
            return;
        }
        request->id = id;
        if (!parent_.send(encode(*request))) callers_.erase(id);
    }

    void take_replies() {
        for (;;) {
            std::span<const std::byte> frame;
            const auto status = parent_.receive(frame);
            if (status == sys::ReceiveStatus::closed) parent_.close();
            if (status != sys::ReceiveStatus::frame) return;
            const auto reply = decode_control_reply(frame);
            if (!reply) continue;
            if (reply->id == console_id) {
                if (!reply->text.empty()) say(reply->text);
            } else if (const auto found = callers_.find(reply->id); found != callers_.end()) {
                found->second.send(frame);
            }
        }
    }

    // Standard output may be closed or full; the operator's answers are not worth dying for.
    static void say(const std::string& text) {
        fmt::print("{}\n", text);
        std::fflush(stdout);
        std::clearerr(stdout);
    }

    sys::Channel parent_;
    sys::ControlListener& listener_;
    sys::PollSet poll_;
    Console console_;
    std::map<std::uint32_t, sys::Channel> callers_;
    std::uint32_t last_id_ = console_id;
};

}  // namespace

int run_admin_process(sys::Channel parent, sys::ControlListener& listener) {
    journal::set_process("admin");
    // Ctrl-C and Ctrl-\ reach the whole process group; the network process decides, and its end of
    // the channel closing ends this one. SIGTTIN would stop a server in the background.
    for (const int signal : {SIGINT, SIGHUP, SIGPIPE, SIGTTIN, SIGTTOU})
        sys::ignore(signal);
    return Admin(std::move(parent), listener).run();
}

}  // namespace chat::server

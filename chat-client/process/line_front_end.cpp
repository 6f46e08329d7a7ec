// SPDX-License-Identifier: MIT
#include "chat-client/process/line_front_end.h"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "chat-client/core/json_input.h"
#include "chat-client/core/json_lines.h"
#include "chat-client/core/plain_lines.h"
#include "chat-client/process/local_time.h"

namespace chat::client {
namespace {

// A line of input; far above a message, and an end to what a broken program can make us hold.
constexpr std::size_t line_bytes_max = 64 * 1024;
constexpr std::size_t output_bytes_max = 1024 * 1024;
// A pipe that polls as writable takes this much without blocking (pipe(7), PIPE_BUF).
constexpr std::size_t write_bytes = 4096;

bool is_writable(int fd) {
    pollfd entry{fd, POLLOUT, 0};
    return ::poll(&entry, 1, 0) == 1;
}

}  // namespace

LineFrontEnd::LineFrontEnd(bool json, std::string room, bool name_given)
    : json_(json),
      rooms_(std::move(room)),
      can_ask_(!json && (!name_given || ::isatty(STDIN_FILENO) == 1)),
      output_is_terminal_(::isatty(STDOUT_FILENO) == 1),
      input_ended_(::fcntl(STDIN_FILENO, F_GETFD) < 0) {
    if (input_ended_) inputs_.emplace_back(Quit{});
}

void LineFrontEnd::read_input(const Now&) {
    char buffer[write_bytes];
    const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) {
        if (!line_.empty()) take_line(line_);
        line_.clear();
        input_ended_ = true;
        // Who goes without an answer has not said yes.
        if (std::exchange(asking_trust_, false)) inputs_.emplace_back(TrustDecided{false});
        inputs_.emplace_back(Quit{});
        return;
    }
    for (ssize_t i = 0; i < count; ++i) {
        if (buffer[i] == '\n') {
            if (line_.size() > line_bytes_max) {
                inputs_.emplace_back(Refused{{ErrorCode::bad_input, "that line is too long"}});
            } else {
                take_line(line_);
            }
            line_.clear();
        } else if (line_.size() <= line_bytes_max) {
            line_ += buffer[i];
        }
    }
}

void LineFrontEnd::take_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (json_ && line.empty()) return;
    UserInput input = json_ ? parse_json_line(line) : parse_line(line);
    if (asking_trust_ && std::holds_alternative<Say>(input)) {
        const auto answer = parse_yes_no(line);
        asking_trust_ = !answer.has_value();
        input = answer ? UserInput(TrustDecided{*answer})
                       : Refused{{ErrorCode::bad_input, "please answer yes or no"}};
    } else if (asking_name_ && std::holds_alternative<Say>(input)) {
        asking_name_ = false;
        input = NameGiven{std::string(line)};
    } else {
        rooms_.address(input);
    }
    inputs_.push_back(std::move(input));
}

void LineFrontEnd::show(const Event& event, const Now& now) {
    if (std::holds_alternative<TrustQuestion>(event)) asking_trust_ = !input_ended_;
    const auto shown = rooms_.show(event);
    if (json_) {
        output_ += to_json_line(event, rooms_.landing());
        output_ += '\n';
        return;
    }
    // An entry has a time of its own; it may be old.
    const WallTime at = time_of(event).value_or(now.wall);
    const std::string clock = output_is_terminal_ ? local_clock(at) + " " : "";
    if (!shown.news) return;
    output_ += to_plain_lines(event, {clock, rooms_.landing(), local_date, shown.whole,
                                      shown.marker && output_is_terminal_, !output_is_terminal_});
}

void LineFrontEnd::show_topic(const std::string& room, const Now& now) {
    show(Remark{rooms_.topic_sentence(room)}, now);
}

void LineFrontEnd::show_help(const Now& now) {
    show(Remark{help_text()}, now);
}

bool LineFrontEnd::ask_name(const Now& now) {
    if (!can_ask_ || input_ended_) return false;
    asking_name_ = true;
    show(Remark{"what is your name?"}, now);
    return true;
}

void LineFrontEnd::flush(const Now&) {
    std::size_t written = 0;
    while (written < output_.size() && is_writable(STDOUT_FILENO)) {
        const std::size_t size = std::min(write_bytes, output_.size() - written);
        const ssize_t count = ::write(STDOUT_FILENO, output_.data() + written, size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) {
            output_gone_ = true;
            output_.clear();
            return;
        }
        written += static_cast<std::size_t>(count);
    }
    output_.erase(0, written);
}

bool LineFrontEnd::accepts_events() const {
    return output_.size() < output_bytes_max;
}

}  // namespace chat::client

// SPDX-License-Identifier: MIT
// The front end of the full screen: keys in, a picture out. All it knows of the picture is made
// by the pure pieces in chat-client/terminal; this joins them to the process.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <termios.h>
#include <utility>

#include "chat-client/process/front_end.h"
#include "chat-client/terminal/editor.h"
#include "chat-client/terminal/room_book.h"
#include "chat-client/terminal/screen.h"
#include "chat-client/terminal/scrollback.h"
#include "chat-client/terminal/view.h"

namespace chat::client {

class FullScreen final : public FrontEnd {
  public:
    // Told when the terminal is taken (its modes now, and what leaves the screen) or given back.
    struct Watch {
        std::function<void(const termios&, const std::string&)> on;
        std::function<void()> off;
    };

    FullScreen(std::unique_ptr<terminal::Screen> screen, std::string server, std::string_view room,
               Watch watch);
    ~FullScreen() override;

    int input_fd() const override { return input_ended_ ? -1 : 0; }
    void read_input(const Now& now) override;
    std::vector<UserInput> take_inputs() override { return std::exchange(inputs_, {}); }
    void show(const Event& event, const Now& now) override;
    void show_help(const Now& now) override;
    bool ask_name(const Now& now) override;
    void set_waiting(std::size_t count) override;
    void flush(const Now& now) override;
    void resize(const Now& now) override;
    void suspend() override;
    void resume(const Now& now) override;

  private:
    void take_key(const terminal::Key& key, const Now& now);
    void leave(const terminal::Key& key);
    void obey(terminal::Command command, const terminal::Key& key, const Now& now);
    void scroll(terminal::Scroll action);
    void submit(const Now& now);
    UserInput answer(const std::string& text, UserInput as_message);
    void ask(terminal::Question question);
    void tell_watch();
    void add_line(terminal::LineKind kind, std::string text, const Now& now);
    terminal::Editor& editor() {
        return status_.question == terminal::Question::none ? rooms_.current().editor()
                                                            : answer_editor_;
    }

    std::unique_ptr<terminal::Screen> screen_;
    Watch watch_;
    terminal::Status status_;
    terminal::RoomBook rooms_;
    terminal::Editor answer_editor_;  // of its own, so that a draft survives the question
    bool input_ended_ = false;
    bool dirty_ = true;
    std::vector<UserInput> inputs_;
};

}  // namespace chat::client

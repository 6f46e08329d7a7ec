// SPDX-License-Identifier: MIT
// The front end of --plain and --json: lines in, lines out. Output that nobody takes waits in
// memory up to a limit, so that a stopped reader stops neither signals nor the session. Older
// entries are for people: on a pipe there are none but those that were asked for.
#pragma once

#include <string>
#include <utility>

#include "chat-client/core/line_rooms.h"
#include "chat-client/process/front_end.h"

namespace chat::client {

class LineFrontEnd final : public FrontEnd {
  public:
    // `name_given`: by an option, so that in a pipe no line is meant as a name.
    LineFrontEnd(bool json, std::string room, bool name_given);

    int input_fd() const override { return input_ended_ ? -1 : 0; }
    void read_input(const Now& now) override;
    std::vector<UserInput> take_inputs() override { return std::exchange(inputs_, {}); }
    void show(const Event& event, const Now& now) override;
    void show_help(const Now& now) override;
    void show_topic(const std::string& room, const Now& now) override;
    bool ask_name(const Now& now) override;
    void flush(const Now& now) override;
    int blocked_output_fd() const override { return output_.empty() ? -1 : 1; }
    bool accepts_events() const override;
    bool unwritten() const override { return !output_.empty(); }
    bool output_gone() const override { return output_gone_; }

  private:
    void take_line(std::string_view line);
    bool json_;
    LineRooms rooms_;
    bool can_ask_;
    bool output_is_terminal_;
    bool asking_name_ = false;
    bool asking_trust_ = false;
    bool input_ended_ = false;
    bool output_gone_ = false;
    std::string line_;
    std::string output_;
    std::vector<UserInput> inputs_;
};

}  // namespace chat::client

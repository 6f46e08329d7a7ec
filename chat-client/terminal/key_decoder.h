// SPDX-License-Identifier: MIT
// From what the terminal sends to keys: bytes become whole UTF-8 characters, an escape before a
// key becomes Alt, and all between the marks of a bracketed paste becomes one key. The sequences
// of function keys have been recognised before; malformed bytes are dropped.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "chat-client/terminal/keys.h"

namespace chat::terminal {

class KeyDecoder {
  public:
    // The rest of a longer paste is dropped.
    static constexpr std::size_t paste_bytes_max = 64U << 10U;

    void on_byte(unsigned char byte);
    void on_function_key(Key key);
    void on_paste_begin();
    void on_paste_end();
    // The input is drained: an escape still waiting was a key of its own. A character or paste
    // still incomplete goes on waiting.
    void on_pause();

    std::vector<Key> take() { return std::exchange(keys_, {}); }

  private:
    void on_pasted_byte(unsigned char byte);
    void on_control(unsigned char byte);
    void emit(Key key);

    std::vector<Key> keys_;
    std::string character_;  // its bytes so far
    bool escape_ = false;
    bool pasting_ = false;
    std::string paste_;
};

}  // namespace chat::terminal

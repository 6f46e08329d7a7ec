// SPDX-License-Identifier: MIT
#include "chat-client/terminal/key_decoder.h"

#include <string>
#include <string_view>

#include "tests/support/catch.h"

using namespace chat::terminal;

namespace {

void feed(KeyDecoder& decoder, std::string_view bytes) {
    for (const char byte : bytes)
        decoder.on_byte(static_cast<unsigned char>(byte));
}

// One word a key.
std::string written(const std::vector<Key>& keys) {
    std::string out;
    for (const auto& key : keys) {
        if (!out.empty()) out += ' ';
        if (key.alt) out += "M-";
        if (key.ctrl) out += "C-";
        switch (key.code) {
            case Key::Code::character:
                out += key.text;
                break;
            case Key::Code::enter:
                out += "enter";
                break;
            case Key::Code::tab:
                out += "tab";
                break;
            case Key::Code::backspace:
                out += "backspace";
                break;
            case Key::Code::escape:
                out += "escape";
                break;
            case Key::Code::left:
                out += "left";
                break;
            case Key::Code::paste:
                out += "paste(" + key.text + ")";
                break;
            default:
                out += "?";
                break;
        }
    }
    return out;
}

}  // namespace

TEST_CASE("bytes become keys") {
    struct Case {
        std::string_view bytes;
        std::string_view keys;
    };
    const Case cases[] = {
        {"ab", "a b"},
        {"é早👍", "é 早 👍"},
        {"\r", "enter"},
        {"\n", "C-j"},
        {"\t", "tab"},
        {"\177", "backspace"},
        {"\010", "C-h"},
        {"\001\032", "C-a C-z"},
        {"\037", "C-_"},
        {"\033", "escape"},
        {"\033\033", "escape escape"},
        {"\033b", "M-b"},
        {"\033\177", "M-backspace"},
        {"\033\r", "M-enter"},
        {"\033\002", "M-C-b"},
        {"\033早", "M-早"},
        {"\200a", "a"},
        {"\346\227a", "a"},
        {"\346\227\346\227\251", "早"},
        {"\300\200a", "a"},
        {"\355\240\200a", "a"},
        {"\377a", "a"},
    };
    for (const auto& c : cases) {
        KeyDecoder decoder;
        feed(decoder, c.bytes);
        decoder.on_pause();
        CHECK(written(decoder.take()) == c.keys);
    }
}

TEST_CASE("a character may come in pieces") {
    KeyDecoder decoder;
    feed(decoder, "\346\227");
    decoder.on_pause();
    CHECK(decoder.take().empty());
    feed(decoder, "\251");
    decoder.on_pause();
    CHECK(written(decoder.take()) == "早");
}

TEST_CASE("function keys") {
    KeyDecoder decoder;
    feed(decoder, "\033");
    decoder.on_function_key({Key::Code::left, false, false, {}});
    decoder.on_function_key({Key::Code::left, true, false, {}});
    CHECK(written(decoder.take()) == "M-left C-left");
}

TEST_CASE("a paste is one key") {
    KeyDecoder decoder;
    decoder.on_paste_begin();
    feed(decoder, "one\rtwo");
    decoder.on_pause();
    CHECK(decoder.take().empty());
    decoder.on_function_key({Key::Code::left, false, false, {}});
    feed(decoder, "\033[31m早");
    decoder.on_paste_end();
    feed(decoder, "x");
    CHECK(written(decoder.take()) == "paste(one\rtwo\033[31m早) x");

    SECTION("an end without a beginning is nothing") {
        decoder.on_paste_end();
        CHECK(decoder.take().empty());
    }
    SECTION("bounded, at a character") {
        decoder.on_paste_begin();
        for (std::size_t i = 0; i < KeyDecoder::paste_bytes_max; ++i)
            feed(decoder, "早");
        decoder.on_paste_end();
        const auto keys = decoder.take();
        REQUIRE(keys.size() == 1);
        CHECK(keys[0].text.size() == KeyDecoder::paste_bytes_max / 3 * 3);
    }
    SECTION("Ctrl-C ends a paste whose end got lost") {
        decoder.on_paste_begin();
        feed(decoder, "half\003");
        CHECK(written(decoder.take()) == "paste(half) C-c");
    }
}

// SPDX-License-Identifier: MIT
#include "chat-client/terminal/screen.h"

#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <curses.h>
#include <errno.h>
#include <fmt/format.h>
#include <langinfo.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <string_view>
#include <sys/ioctl.h>
#include <termcap.h>
#include <unistd.h>
#include <utility>

#include "chat-client/terminal/disputed.h"
#include "chat-client/terminal/key_decoder.h"
#include "chat-client/terminal/key_sequences.h"
#include "chat-client/terminal/text.h"
#include "chat-client/terminal/theme.h"
#include "proto/wire/text.h"

namespace chat::terminal {
namespace {

// An escape byte begins a function key only if the rest follows within this time.
constexpr int escape_delay_ms = 25;

// What every descendant of the VT100 understands, or at least passes over, and terminfo has no
// name for, or often forgets.
constexpr std::string_view paste_marks_on = "\033[?2004h";
constexpr std::string_view paste_marks_off = "\033[?2004l";
constexpr std::string_view wrap_off = "\033[?7l";
constexpr std::string_view wrap_on = "\033[?7h";

// --- styles ----------------------------------------------------------------------------------

constexpr auto style_count = static_cast<int>(Style::name_5) + 1;
short pair_of(Style style) {
    return static_cast<short>(static_cast<int>(style) + 1);
}

bool colours_wanted() {
    const char* no_color = std::getenv("NO_COLOR");
    return no_color == nullptr || *no_color == '\0';
}

short colour_of(const Look& look) {
    return COLORS >= 256 ? look.colour_of_256 : look.colour_of_8;
}

bool start_colours() {
    if (!colours_wanted() || !has_colors() || start_color() == ERR) return false;
    if (use_default_colors() == ERR || COLOR_PAIRS <= style_count) return false;
    for (int i = 0; i < style_count; ++i) {
        const auto style = static_cast<Style>(i);
        init_pair(pair_of(style), colour_of(look_of(style)), -1);
    }
    return true;
}

// --- terminfo --------------------------------------------------------------------------------

const char* capability(const char* name) {
    const char* text = tigetstr(name);
    // (char*)-1 is terminfo's way to say that there is no such name.
    return text == reinterpret_cast<const char*>(-1) ? nullptr : text;
}

std::string* expansion = nullptr;  // tputs() can hand its characters only to a plain function
int expand_character(int c) {
    *expansion += static_cast<char>(c);
    return c;
}

// With padding made, as old terminals need it. Empty if the terminal has no such capability.
template <class... Parameters>
std::string sequence(const char* name, Parameters... parameters) {
    std::string out;
    const char* text = capability(name);
    if (text == nullptr) return out;
    expansion = &out;
    tputs(sizeof...(parameters) == 0 ? text : tiparm(text, parameters...), 1, expand_character);
    expansion = nullptr;
    return out;
}

void write_all(std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written > 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd terminal{STDOUT_FILENO, POLLOUT, 0};
            if (::poll(&terminal, 1, -1) < 0 && errno != EINTR) return;
            if ((terminal.revents & (POLLERR | POLLHUP)) != 0) return;
        } else if (errno != EINTR) {
            return;  // hung up; poll() tells the caller
        }
    }
}

std::wstring wide(std::string_view text) {
    std::wstring out;
    while (!text.empty()) {
        const auto step = decode_character(text);
        out += static_cast<wchar_t>(step.code_point.value_or(0xfffd));
        text.remove_prefix(step.bytes);
    }
    return out;
}

// --- keys ------------------------------------------------------------------------------------

// Beyond curses' own codes.
constexpr int code_first = KEY_MAX + 1;
constexpr int code_paste_begin = code_first;
constexpr int code_paste_end = code_first + 1;
constexpr int code_sequences = code_first + 2;

void define_sequences() {
    define_key(paste_begin_sequence, code_paste_begin);
    define_key(paste_end_sequence, code_paste_end);
    int code = code_sequences;
    for (const auto& key : key_sequences)
        define_key(key.bytes, code++);
}

std::optional<Key> function_key(int code) {
    const auto key = [](Key::Code known) { return Key{known, false, false, {}}; };
    switch (code) {
        case KEY_ENTER:
            return key(Key::Code::enter);
        case KEY_BACKSPACE:
            return key(Key::Code::backspace);
        case KEY_DC:
            return key(Key::Code::del);
        case KEY_LEFT:
            return key(Key::Code::left);
        case KEY_RIGHT:
            return key(Key::Code::right);
        case KEY_UP:
            return key(Key::Code::up);
        case KEY_DOWN:
            return key(Key::Code::down);
        case KEY_HOME:
            return key(Key::Code::home);
        case KEY_END:
            return key(Key::Code::end);
        case KEY_PPAGE:
            return key(Key::Code::page_up);
        case KEY_NPAGE:
            return key(Key::Code::page_down);
        case KEY_RESIZE:
            return key(Key::Code::resize);
        default:
            break;
    }
    const int index = code - code_sequences;
    if (index < 0 || index >= static_cast<int>(key_sequences.size())) return std::nullopt;
    const auto& known = key_sequences[static_cast<std::size_t>(index)];
    return Key{known.code, known.ctrl, known.alt, {}};
}

// --- opening ---------------------------------------------------------------------------------

// newterm() installs handlers of its own, which would end the program behind its back.
class KeptSignalHandlers {
  public:
    KeptSignalHandlers() {
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            sigaction(numbers[i], nullptr, &kept_[i]);
        }
    }
    ~KeptSignalHandlers() {
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            sigaction(numbers[i], &kept_[i], nullptr);
        }
    }
    KeptSignalHandlers(const KeptSignalHandlers&) = delete;
    KeptSignalHandlers& operator=(const KeptSignalHandlers&) = delete;

  private:
    static constexpr std::array numbers{SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    std::array<struct sigaction, numbers.size()> kept_{};
};

// Why the full screen is impossible here, or nothing.
std::string obstacle() {
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
        return "the full screen needs a terminal; use --plain";
    }
    const char* type = std::getenv("TERM");
    if (type == nullptr || *type == '\0') {
        return "TERM is not set, so the terminal's type is unknown; set it, or use --plain";
    }
    if (tgetent(nullptr, type) != 1) {
        return fmt::format(
            "the terminal type \"{}\" is not known here; set TERM to one that is, "
            "or use --plain",
            printable_line(type));
    }
    if (capability("cup") == nullptr) {
        return fmt::format("a terminal of type \"{}\" cannot show a full screen; use --plain",
                           printable_line(type));
    }
    return {};
}

}  // namespace

bool locale_is_utf8() {
    return std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

Size size_of_terminal() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
    return {size.ws_col, size.ws_row};
}

struct Screen::State {
    SCREEN* screen = nullptr;
    WINDOW* input = nullptr;  // a pad: reading from a window would also repaint it
    bool colour = false;
    bool utf8 = false;
    bool vt100_kin = false;
    bool open = true;
    std::optional<Frame> shown;
    KeyDecoder decoder;

    attr_t attributes(Style style) const;
    std::string style_sequence(Style style) const;
    bool disputed(const FrameRow& row) const;
    void draw_row(int y, const FrameRow& row) const;
    void write_disputed(int y, const FrameRow& row, std::string& out) const;
};

attr_t Screen::State::attributes(Style style) const {
    const auto look = look_of(style);
    attr_t attributes = A_NORMAL;
    if (look.bold) attributes |= A_BOLD;
    if (look.dim) attributes |= A_DIM;
    if (look.reverse || (!colour && look.reverse_without_colour)) attributes |= A_REVERSE;
    return attributes;
}

// The same as attributes() and pair_of(), for what is written past curses.
std::string Screen::State::style_sequence(Style style) const {
    std::string out = sequence("sgr0");
    const auto wanted = attributes(style);
    if ((wanted & A_BOLD) != 0) out += sequence("bold");
    if ((wanted & A_DIM) != 0) out += sequence("dim");
    if ((wanted & A_REVERSE) != 0) out += sequence("rev");
    const int foreground = colour_of(look_of(style));
    if (colour && foreground >= 0) out += sequence("setaf", foreground);
    return out;
}

bool Screen::State::disputed(const FrameRow& row) const {
    return utf8 &&
           std::ranges::any_of(row, [](const Span& span) { return has_disputed(span.text); });
}

// Into curses' picture: each grapheme at its own column, disputed ones as blanks.
void Screen::State::draw_row(int y, const FrameRow& row) const {
    wmove(stdscr, y, 0);
    wclrtoeol(stdscr);
    int x = 0;
    for (const auto& span : row) {
        wattr_set(stdscr, attributes(span.style), colour ? pair_of(span.style) : short{0}, nullptr);
        for (const auto& cluster : Clusters(span.text)) {
            if (x + cluster.columns > COLS) break;
            if (cluster.bytes.size() == 1) {
                mvwaddnstr(stdscr, y, x, cluster.bytes.data(), 1);
            } else if (!utf8) {
                mvwaddnstr(stdscr, y, x, "??", cluster.columns);
            } else if (measure(cluster).disputed) {
                mvwaddnstr(stdscr, y, x, "  ", cluster.columns);
            } else {
                mvwaddwstr(stdscr, y, x, wide(cluster.bytes).c_str());
            }
            x += cluster.columns;
        }
    }
    wattr_set(stdscr, A_NORMAL, 0, nullptr);
}

// Past curses: the row from its first disputed grapheme on.
void Screen::State::write_disputed(int y, const FrameRow& row, std::string& out) const {
    // Where a terminal cannot be told not to wrap, nothing may come near the edge.
    const int edge = vt100_kin ? COLS : COLS - 1;
    bool begun = false;
    int x = 0;
    int spoiled_until = 0;  // columns that a terminal with other ideas may have written to
    for (const auto& span : row) {
        bool styled = false;
        for (const auto& cluster : Clusters(span.text)) {
            const auto measured = measure(cluster);
            begun = begun || measured.disputed;
            const int begin = std::exchange(x, x + cluster.columns);
            if (!begun || x > edge) continue;
            if (!std::exchange(styled, true)) out += style_sequence(span.style);
            if (!measured.disputed) {
                out += cluster.bytes;
                continue;
            }
            const auto here = sequence("cup", y, begin);
            out += here;
            out.append(static_cast<std::size_t>(cluster.columns), ' ');
            out += here;
            if (vt100_kin || begin + measured.columns_worst <= edge) {
                out += cluster.bytes;
                spoiled_until = begin + measured.columns_worst;
            } else {
                out += reduced(cluster);
            }
            out += sequence("cup", y, x);
        }
    }
    out += sequence("sgr0");
    spoiled_until = std::min(spoiled_until, edge);
    if (x < spoiled_until) out.append(static_cast<std::size_t>(spoiled_until - x), ' ');
}

Screen::Screen(std::unique_ptr<State> state) : state_(std::move(state)) {}
Screen::~Screen() {
    close();
}

std::expected<std::unique_ptr<Screen>, std::string> Screen::open() {
    if (auto reason = obstacle(); !reason.empty()) return std::unexpected(std::move(reason));
    std::fflush(stdout);
    auto state = std::make_unique<State>();
    {
        const KeptSignalHandlers kept;
        set_escdelay(escape_delay_ms);
        state->screen = newterm(nullptr, stdout, stdin);
    }
    if (state->screen == nullptr) {
        return std::unexpected("the terminal could not be set up for a full screen; use --plain");
    }
    raw();
    noecho();
    nonl();
    state->utf8 = locale_is_utf8();
    state->colour = start_colours();
    state->vt100_kin = std::string_view(capability("cup")).starts_with("\033[");
    state->input = newpad(1, 1);
    keypad(state->input, TRUE);
    nodelay(state->input, TRUE);
    define_sequences();

    std::unique_ptr<Screen> screen(new Screen(std::move(state)));
    const auto size = size_of_terminal();
    if (size.columns > 0 && size.rows > 0) screen->resize(size);
    if (screen->state_->vt100_kin) write_all(paste_marks_on);
    return screen;
}

void Screen::close() {
    if (!state_->open) return;
    state_->open = false;
    if (state_->vt100_kin) write_all(paste_marks_off);
    endwin();
    delwin(state_->input);
    delscreen(state_->screen);
}

Size Screen::size() const {
    return {COLS, LINES};
}

void Screen::draw(const Frame& frame) {
    auto& shown = state_->shown;
    const bool everything =
        !shown || shown->size != frame.size || shown->rows.size() != frame.rows.size();
    if (everything) {
        werase(stdscr);
        clearok(stdscr, TRUE);
    }
    const int rows = std::min(LINES, static_cast<int>(frame.rows.size()));
    std::vector<int> disputed;
    for (int y = 0; y < rows; ++y) {
        const auto& row = frame.rows[static_cast<std::size_t>(y)];
        const auto* before = everything ? nullptr : &shown->rows[static_cast<std::size_t>(y)];
        // Also where nothing has changed: to save bytes curses scrolls parts of the terminal, and
        // puts back only what it knows of.
        if (state_->disputed(row)) disputed.push_back(y);
        if (before != nullptr && *before == row) continue;
        state_->draw_row(y, row);
        // Curses knows nothing of what is there now, and would leave it.
        if (before != nullptr && state_->disputed(*before)) wredrawln(stdscr, y, 1);
    }
    wmove(stdscr, std::min(frame.cursor_row, LINES - 1), std::min(frame.cursor_column, COLS - 1));
    wnoutrefresh(stdscr);
    doupdate();

    // doupdate() ends with plain attributes and the cursor where the frame wants it. So does this.
    if (!disputed.empty()) {
        std::string out;
        if (state_->vt100_kin) out += wrap_off;
        for (const int y : disputed) {
            state_->write_disputed(y, frame.rows[static_cast<std::size_t>(y)], out);
        }
        if (state_->vt100_kin) out += wrap_on;
        out += sequence("cup", std::min(frame.cursor_row, LINES - 1),
                        std::min(frame.cursor_column, COLS - 1));
        write_all(out);
    }
    shown = frame;
}

void Screen::forget_picture() {
    state_->shown.reset();
}

std::vector<Key> Screen::read_keys() {
    auto& decoder = state_->decoder;
    for (int code; (code = wgetch(state_->input)) != ERR;) {
        if (code == code_paste_begin) {
            decoder.on_paste_begin();
        } else if (code == code_paste_end) {
            decoder.on_paste_end();
        } else if (code <= 0xff) {
            decoder.on_byte(static_cast<unsigned char>(code));
        } else if (auto key = function_key(code)) {
            decoder.on_function_key(std::move(*key));
        }
    }
    decoder.on_pause();
    return decoder.take();
}

void Screen::resize(Size size) {
    resize_term(std::max(size.rows, 1), std::max(size.columns, 1));
    forget_picture();
}

void Screen::suspend() {
    if (state_->vt100_kin) write_all(paste_marks_off);
    endwin();
}

void Screen::resume() {
    forget_picture();
    // Ends curses' own suspension, modes included.
    doupdate();
    if (state_->vt100_kin) write_all(paste_marks_on);
}

std::string Screen::leave_sequence() const {
    std::string out;
    if (state_->vt100_kin) out = std::string(paste_marks_off) + std::string(wrap_on);
    out += sequence("sgr0") + sequence("cnorm") + sequence("rmkx");
    out += sequence("cup", LINES - 1, 0);
    const auto normal_screen = sequence("rmcup");
    out += normal_screen.empty() ? "\r\n" : normal_screen;
    return out;
}

}  // namespace chat::terminal

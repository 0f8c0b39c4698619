#pragma once
// A program in a pseudo terminal: what it draws is gathered, keys are typed into it. Ended by its
// pid on destruction. Waits have a deadline. One thread.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace flyball::testing {

class PseudoTerminal {
public:
    PseudoTerminal(const std::vector<std::string>& arguments, std::uint16_t columns,
                   std::uint16_t rows);
    ~PseudoTerminal();
    PseudoTerminal(const PseudoTerminal&) = delete;
    PseudoTerminal& operator=(const PseudoTerminal&) = delete;

    // Until `text` has been drawn since the last type(), resize() or successful call; false when it
    // was not within 20 s or the program ended.
    bool shows(const std::string& text);
    void type(const std::string& keys);
    void resize(std::uint16_t columns, std::uint16_t rows);
    void signal(int number) const;
    int wait();           // the exit status, -1 when it does not end within 20 s
    bool echoes() const;  // the terminal is as it was: a shell's
    const std::string& drawn() const { return drawn_; }

private:
    bool read_more(int patience_ms);

    pid_t pid_ = -1;
    int fd_ = -1;
    int slave_ = -1;  // kept open: the terminal outlives the program
    std::string drawn_;
};

}  // namespace flyball::testing

#pragma once
// msgpack bytes onto a Tape, in one pass and in place. Our own rather than msgpack-c's visitor,
// which took a fifth of a decision: it steps through a state machine of four calls a value. What it
// made of a payload this makes too; the fuzzer compares the two. Internal to the decoder.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schemas/tape.h"

namespace flyball {

class MsgpackReader {
public:
    explicit MsgpackReader(Tape& tape) : tape_(tape) {}

    // False: the tape holds the fault. `stopped` is the byte at which reading ended.
    bool read(std::string_view payload, std::size_t& stopped);

private:
    // Each reads on from `at_`. They call one another as deep as the tape lets containers nest.
    bool read_value();
    bool read_rare(unsigned first);
    bool read_key();
    bool read_map(std::uint32_t pairs);
    bool read_array(std::uint32_t elements);
    bool read_text(std::size_t size);
    bool read_bytes(Kind kind, std::size_t size);

    bool take_number(std::size_t bytes, std::uint64_t& number);
    bool holds(std::size_t bytes) const { return static_cast<std::size_t>(end_ - at_) >= bytes; }
    bool fail_at_end();

    Tape& tape_;
    const char* at_ = nullptr;
    const char* end_ = nullptr;
};

}  // namespace flyball

#pragma once
// JSON text onto a Tape, by RapidJSON's SAX reader: iterative, so that depth costs no stack, and in
// place in a copy of the payload, so that unescaped texts need no memory of their own. Internal to
// the decoder.

#include <rapidjson/reader.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "schemas/tape.h"

namespace flyball {

class JsonReader {
public:
    // False: the tape holds the fault. `stopped` is the byte at which reading ended. The texts on
    // the tape live in this reader until its next call.
    bool read(std::string_view payload, std::span<const std::string_view> read_maps, Tape& tape,
              std::size_t& stopped);

    std::size_t memory_bytes() const { return text_.capacity(); }

private:
    std::vector<char> text_;
    rapidjson::Reader reader_;
};

}  // namespace flyball

#include "schemas/decode_json.h"

#include <rapidjson/error/en.h>

#include <cstdint>

namespace flyball {

namespace {

// The names are RapidJSON's.
class Handler {
public:
    explicit Handler(Tape& tape) : tape_(tape) {}

    bool Null() { return tape_.count_element() && tape_.add_null(); }
    bool Bool(bool flag) { return tape_.count_element() && tape_.add_boolean(flag); }
    bool Int(int number) { return Int64(number); }
    bool Uint(unsigned number) { return Int64(number); }
    bool Int64(std::int64_t number) { return tape_.count_element() && tape_.add_integer(number); }
    bool Uint64(std::uint64_t number) {
        return tape_.count_element() && tape_.add_unsigned(number);
    }
    bool Double(double number) { return tape_.count_element() && tape_.add_real(number); }
    bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
    bool String(const char* bytes, rapidjson::SizeType size, bool) {
        return tape_.count_element() && tape_.add_text(bytes, size);
    }
    bool StartObject() { return tape_.count_element() && tape_.open(true, 0); }
    bool Key(const char* bytes, rapidjson::SizeType size, bool) {
        tape_.expect_key();
        return tape_.count_key() && tape_.add_text(bytes, size);
    }
    bool EndObject(rapidjson::SizeType members) {
        tape_.close(members);
        return true;
    }
    bool StartArray() { return tape_.count_element() && tape_.open(false, 0); }
    bool EndArray(rapidjson::SizeType elements) {
        tape_.close(elements);
        return true;
    }

private:
    Tape& tape_;
};

constexpr unsigned parse_flags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                                 rapidjson::kParseFullPrecisionFlag |
                                 rapidjson::kParseValidateEncodingFlag;

}  // namespace

bool JsonReader::read(std::string_view payload, std::span<const std::string_view> read_maps,
                      Tape& tape, std::size_t& stopped) {
    text_.assign(payload.begin(), payload.end());
    text_.push_back('\0');  // RapidJSON's end of input
    tape.start({text_.data(), payload.size()}, read_maps);
    rapidjson::InsituStringStream stream(text_.data());
    Handler handler(tape);
    const rapidjson::ParseResult result = reader_.Parse<parse_flags>(stream, handler);
    if (result.IsError()) {
        stopped = result.Offset();
        return tape.fail(Reason::malformed, rapidjson::GetParseError_En(result.Code()));
    }
    stopped = stream.Tell();
    if (stopped != payload.size()) {
        // A zero byte, which the library takes for the end.
        return tape.fail(Reason::malformed, "there are bytes behind the end of the value");
    }
    return true;
}

}  // namespace flyball

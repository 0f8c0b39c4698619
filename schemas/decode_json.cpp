#include "schemas/decode_json.h"

#include <rapidjson/error/en.h>

#include <charconv>
#include <cstdint>
#include <system_error>

namespace flyball {

namespace {

// The names are RapidJSON's.
class Handler {
public:
    explicit Handler(Tape& tape) : tape_(tape) {}

    bool Null() { return tape_.count_element() && tape_.add_null(); }
    bool Bool(bool flag) { return tape_.count_element() && tape_.add_boolean(flag); }
    bool RawNumber(const char* bytes, rapidjson::SizeType size, bool) {
        return tape_.count_element() && add_number({bytes, size});
    }
    // Never called: numbers come raw. The reader wants them to be there.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }
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
    bool add_number(std::string_view text);
    bool add_real(std::string_view text);

    Tape& tape_;
};

template <typename Number>
std::errc parse(std::string_view text, Number& number) {
    return std::from_chars(text.data(), text.data() + text.size(), number).ec;
}

bool Handler::add_number(std::string_view text) {
    const bool whole = text.find_first_of(".eE") == std::string_view::npos;
    std::int64_t number = 0;
    if (whole && parse(text, number) == std::errc{}) {
        return tape_.add_integer(number);
    }
    std::uint64_t large = 0;
    if (whole && parse(text, large) == std::errc{}) {
        return tape_.add_unsigned(large);
    }
    return add_real(text);
}

bool Handler::add_real(std::string_view text) {
    double number = 0;
    if (parse(text, number) == std::errc{}) {
        return tape_.add_real(number);
    }
    const std::size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent == std::string_view::npos ? text.find('.') != std::string_view::npos
                                                         : text[exponent + 1] == '-';
    if (tiny) {
        return tape_.add_integer(0);
    }
    return tape_.fail(Reason::malformed, "a number is out of range", text.data());
}

// The reader's own conversion of numbers has undefined corners ("0e40"); std::from_chars has none.
constexpr unsigned parse_flags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                                 rapidjson::kParseNumbersAsStringsFlag |
                                 rapidjson::kParseValidateEncodingFlag;

// A zero is RapidJSON's end of input. It takes a character of UTF-8 whole, up to three bytes behind
// the first, and only then looks whether one of them was the end.
constexpr std::size_t end_bytes = 3;

}  // namespace

bool JsonReader::read(std::string_view payload, std::span<const std::string_view> read_maps,
                      Tape& tape, std::size_t& stopped) {
    text_.assign(payload.begin(), payload.end());
    text_.resize(payload.size() + end_bytes);
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

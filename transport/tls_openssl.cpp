#include "transport/tls_openssl.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace flyball::tls {

using namespace std::chrono;

Bio memory(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Instant instant_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return Instant{};
    }
    constexpr int first_year = 1900;
    const year_month_day date{year{parts.tm_year + first_year},
                              month{static_cast<unsigned>(parts.tm_mon + 1)},
                              day{static_cast<unsigned>(parts.tm_mday)}};
    return Instant(sys_days{date}.time_since_epoch() + hours{parts.tm_hour} +
                   minutes{parts.tm_min} + seconds{parts.tm_sec});
}

Time time_of(Instant at) {
    const auto midnight = floor<days>(at);
    const year_month_day date(midnight);
    const auto second = floor<seconds>(at - midnight).count();
    const std::string text =
        fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    second / 3600, second / 60 % 60, second % 60);
    Time made(ASN1_TIME_new());
    if (ASN1_TIME_set_string_X509(made.get(), text.c_str()) != 1) {
        made.reset();
    }
    return made;
}

std::string hex_of(const ASN1_INTEGER* number) {
    const BigNumber big(ASN1_INTEGER_to_BN(number, nullptr));
    std::string text;
    if (char* const hex = big ? BN_bn2hex(big.get()) : nullptr; hex != nullptr) {
        text = hex;
        OPENSSL_free(hex);
    }
    for (char& digit : text) {
        digit = digit >= 'A' && digit <= 'F' ? static_cast<char>(digit - 'A' + 'a') : digit;
    }
    return text;
}

Integer integer_of(const std::string& hex) {
    BIGNUM* number = nullptr;
    BN_hex2bn(&number, hex.c_str());
    const BigNumber owned(number);
    return Integer(owned ? BN_to_ASN1_INTEGER(number, nullptr) : nullptr);
}

std::string entry_text(const X509_NAME* name, int nid) {
    const int at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at < 0) {
        return {};
    }
    unsigned char* text = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0) {
        return {};
    }
    std::string entry(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    return entry;
}

}  // namespace flyball::tls

#include "tests/unit/governors/audit_oracle.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace flyball {

std::string sha256(std::string_view bytes) {
    std::array<unsigned char, 32> digest{};
    EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr),
              1);
    return {digest.begin(), digest.end()};
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        constexpr std::string_view digits = "0123456789abcdef";
        text += digits[static_cast<unsigned char>(byte) / 16];
        text += digits[static_cast<unsigned char>(byte) % 16];
    }
    return text;
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string msgpack_of(const Json& document) {
    const std::vector<std::uint8_t> bytes = Json::to_msgpack(document);
    return {bytes.begin(), bytes.end()};
}

Json binary_of(std::string_view bytes) {
    return Json::binary({bytes.begin(), bytes.end()});
}

Json expected_check(const KeptRecord& kept, std::string_view action, std::int64_t at,
                    std::uint64_t seq, const ComplianceAnswer& answer) {
    const std::string salt = text_of(kept.salt);
    return {{"action", action},
            {"at", at},
            {"attrs", binary_of(sha256(salt + msgpack_of(kept.attributes)))},
            {"decision", to_text(answer.verdict)},
            {"policy_rev", ComplianceDesk::policy_rev},
            {"reason", to_text(answer.reason)},
            {"seq", seq},
            {"tenant", binary_of(sha256(salt + kept.tenant))},
            {"violations", answer.keys.value("violations", Json::array())}};
}

}  // namespace flyball

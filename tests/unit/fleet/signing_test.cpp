// Certificates as texts: what was ordered is what stands in them, and what they are good for.

#include "fleet/pki/signing.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <map>
#include <set>

#include "fleet/pki/folder.h"
#include "schemas/duration.h"
#include "transport/tls_certificate.h"
#include "transport/tls_openssl.h"

namespace flyball {
namespace {

using std::chrono::days;

const Instant now = parse_rfc3339("2026-11-26T12:00:00Z").value();

CertificateOrder authority_order() {
    return {.common_name = "test CA",
            .unit = "ca",
            .usage = Usage::authority,
            .names = {},
            .not_before = now - days(30),
            .not_after = now + days(36'500)};
}

Signer make_authority() {
    const std::string key = make_key().value();
    return {sign_certificate(authority_order(), key, nullptr).value(), key};
}

CertificateOrder server_order(std::vector<std::string> names) {
    return {.common_name = "broker.local",
            .unit = "broker",
            .usage = Usage::server,
            .names = std::move(names),
            .not_before = now - days(1),
            .not_after = now + days(365)};
}

TEST(Signing, KnowsWhoseSignatureItIs) {
    const Signer authority = make_authority();
    const Signer other = make_authority();
    const std::string pem =
        sign_certificate(server_order({"broker.local"}), make_key().value(), &authority).value();
    EXPECT_TRUE(is_signed_by(pem, authority.certificate));
    EXPECT_FALSE(is_signed_by(pem, other.certificate)) << "of the same name";
    const Signer renewed{sign_certificate(authority_order(), authority.key, nullptr).value(),
                         authority.key};
    EXPECT_TRUE(is_signed_by(pem, renewed.certificate));
    EXPECT_FALSE(is_signed_by(pem, "nonsense"));
    EXPECT_FALSE(is_signed_by("nonsense", authority.certificate));
}

// What OpenSSL says of `pem` under the authority, at `at`, with `list` for a revocation list.
int verdict(const std::string& pem, const Signer& authority, Instant at, int purpose,
            const std::string& list = {}) {
    const auto read = [](const std::string& text) {
        return tls::X509Ptr(PEM_read_bio_X509(tls::memory(text).get(), nullptr, nullptr, nullptr));
    };
    const tls::X509Ptr leaf = read(pem);
    const tls::X509Ptr root = read(authority.certificate);
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, root.get());
    if (!list.empty()) {
        const tls::CrlPtr crl(
            PEM_read_bio_X509_CRL(tls::memory(list).get(), nullptr, nullptr, nullptr));
        X509_STORE_add_crl(store, crl.get());
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf.get(), nullptr);
    X509_STORE_CTX_set_purpose(context, purpose);
    X509_STORE_CTX_set_time(context, 0, to_ms(at) / 1000);
    X509_verify_cert(context);
    const int error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
}

TEST(Signing, PutsDownWhatWasOrdered) {
    const Signer authority = make_authority();
    const std::string key = make_key().value();
    const std::string pem =
        sign_certificate(server_order({"broker.local", "192.0.2.7", "2001:db8::7"}), key,
                         &authority)
            .value();
    const auto facts = parse_certificates(pem, "it").value();
    ASSERT_EQ(facts.size(), 1U);
    EXPECT_EQ(facts[0].common_name, "broker.local");
    EXPECT_EQ(facts[0].unit, "broker");
    EXPECT_EQ(facts[0].not_before, now - days(1));
    EXPECT_EQ(facts[0].not_after, now + days(365));
    EXPECT_EQ(facts[0].addresses, (std::vector<std::string>{"192.0.2.7", "2001:db8::7"}));
    // Paho holds an address against the DNS names.
    EXPECT_EQ(facts[0].dns_names,
              (std::vector<std::string>{"broker.local", "192.0.2.7", "2001:db8::7"}));
}

TEST(Signing, KeepsDatesBeyond2038And2050) {
    const auto facts = parse_certificates(make_authority().certificate, "it").value();
    EXPECT_EQ(facts[0].not_after, now + days(36'500));
}

TEST(Signing, GivesEachCertificateItsPurposeAndNoOther) {
    const Signer authority = make_authority();
    const std::string key = make_key().value();
    const std::string server = sign_certificate(server_order({"a"}), key, &authority).value();
    CertificateOrder order = server_order({});
    order.usage = Usage::client;
    const std::string client = sign_certificate(order, key, &authority).value();
    EXPECT_EQ(verdict(server, authority, now, X509_PURPOSE_SSL_SERVER), X509_V_OK);
    EXPECT_EQ(verdict(client, authority, now, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    EXPECT_NE(verdict(server, authority, now, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    EXPECT_NE(verdict(client, authority, now, X509_PURPOSE_SSL_SERVER), X509_V_OK);
}

TEST(Signing, ACertificateIsNoAuthority) {
    const Signer authority = make_authority();
    const std::string key = make_key().value();
    const Signer leaf{sign_certificate(server_order({"a"}), key, &authority).value(), key};
    const std::string forged = sign_certificate(server_order({"a"}), key, &leaf).value();
    EXPECT_NE(verdict(forged, leaf, now, X509_PURPOSE_SSL_SERVER), X509_V_OK);
}

TEST(Signing, TakesBackWhatIsListedAndNothingElse) {
    const Signer authority = make_authority();
    const std::string key = make_key().value();
    const std::string bad = sign_certificate(server_order({"a"}), key, &authority).value();
    const std::string good = sign_certificate(server_order({"a"}), key, &authority).value();
    const std::vector<Revoked> revoked{{parse_certificates(bad, "it").value()[0].serial, now}};
    const std::string list =
        sign_revocations(revoked, authority, now - days(1), now + days(3650)).value();
    EXPECT_EQ(read_revocations(list).value(), revoked);
    EXPECT_EQ(verdict(bad, authority, now, X509_PURPOSE_SSL_SERVER, list), X509_V_ERR_CERT_REVOKED);
    EXPECT_EQ(verdict(good, authority, now, X509_PURPOSE_SSL_SERVER, list), X509_V_OK);
    EXPECT_EQ(verdict(good, authority, now + days(300), X509_PURPOSE_SSL_SERVER, list), X509_V_OK)
        << "an old list must not stop a fleet";
}

TEST(Signing, RefusesANameThatIsTooLong) {
    CertificateOrder order = server_order({});
    order.common_name = std::string(65, 'x');
    const auto refused = sign_certificate(order, make_key().value(), nullptr);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::usage);
}

TEST(Signing, NeverGivesOneSerialTwice) {
    const std::string key = make_key().value();
    std::set<std::string> serials;
    for (int i = 0; i < 50; ++i) {
        const std::string pem = sign_certificate(server_order({"a"}), key, nullptr).value();
        serials.insert(parse_certificates(pem, "it").value()[0].serial);
    }
    EXPECT_EQ(serials.size(), 50U);
}

TEST(Spread, LaysTheEndsOfAFleetOverThirtyDays) {
    std::map<std::int64_t, int> nodes_by_day;
    constexpr int nodes = 1000;
    for (int i = 0; i < nodes; ++i) {
        const Span spread = spread_of("eu-west/pi-" + std::to_string(i), 365);
        ASSERT_GE(spread, Span(0));
        ASSERT_LT(spread, PkiFolder::spread_max);
        ++nodes_by_day[std::chrono::floor<days>(spread).count()];
    }
    EXPECT_EQ(nodes_by_day.size(), 30U) << "a day on which none ends";
    for (const auto& [day, count] : nodes_by_day) {
        EXPECT_LT(count, 3 * nodes / 30) << "day " << day;
    }
}

TEST(Spread, TakesLittleOfAShortLife) {
    for (int i = 0; i < 100; ++i) {
        EXPECT_LE(spread_of("eu/n" + std::to_string(i), 4), days(1));
    }
}

TEST(ParseCertificates, SaysWhatIsNotOne) {
    EXPECT_EQ(parse_certificates("nothing", "the file x").error().message,
              "the file x holds no certificate in PEM form");
    const std::string whole = make_authority().certificate;
    const std::string cut = whole + whole.substr(0, whole.size() / 2);
    EXPECT_FALSE(parse_certificates(cut, "it"));
}

}  // namespace
}  // namespace flyball

// Paho over TLS to a real Mosquitto: who is believed, and what is said when somebody is not.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/contract/recorder.h"
#include "tests/e2e/broker.h"
#include "transport/paho.h"

namespace flyball::testing {
namespace {

// A certificate authority and a server certificate for `host`, made by openssl in a new folder.
class Certificates {
public:
    explicit Certificates(const std::string& host) {
        std::string pattern = ::testing::TempDir() + "flyball-tls-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        std::ofstream(folder_ / "san") << "subjectAltName=DNS:" << host << "\n";
        run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
            "'/CN=test CA' -keyout ca.key -out ca.crt");
        run("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + host +
            " -keyout server.key -out server.csr");
        run("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile san -days "
            "2 -out server.crt");
    }
    ~Certificates() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;

    std::string path(const char* name) const { return folder_ / name; }
    BrokerSettings settings() const {
        return {.listener = "certfile " + path("server.crt") + "\nkeyfile " + path("server.key")};
    }

private:
    void run(const std::string& arguments) const {
        const std::string command =
            "cd " + folder_.string() + " && openssl " + arguments + " >openssl.log 2>&1";
        if (std::system(command.c_str()) != 0) {
            throw std::runtime_error("openssl failed: " + arguments);
        }
    }

    std::filesystem::path folder_;
};

PahoOptions tls_options(const Broker& broker, const std::string& ca_file) {
    PahoOptions options;
    options.broker = "mqtts://localhost:" + std::to_string(broker.port());
    options.client_id = "node";
    options.filters = {"t"};
    options.ca_file = ca_file;
    options.backoff = {Span{10}, Span{50}};
    return options;
}

// What the first refusal said; empty when it came up.
std::string refusal(const PahoOptions& options) {
    Recorder recorder;
    const auto transport = std::move(make_paho(options)).value();
    transport->start(recorder);
    EXPECT_TRUE(eventually([&] { return recorder.links().size() >= 2; }));
    const auto links = recorder.links();
    return links.size() < 2 || links[1].first == LinkState::up ? std::string{} : links[1].second;
}

TEST(PahoTls, BelievesABrokerWithTheRightNameFromTheRightAuthority) {
    const Certificates certificates("localhost");
    const Broker broker(certificates.settings());
    EXPECT_EQ(refusal(tls_options(broker, certificates.path("ca.crt"))), "");
}

TEST(PahoTls, RefusesAnotherNameAndSaysSo) {
    const Certificates certificates("elsewhere.example");
    const Broker broker(certificates.settings());
    const std::string why = refusal(tls_options(broker, certificates.path("ca.crt")));
    EXPECT_NE(why.find("not for localhost"), std::string::npos) << why;
}

TEST(PahoTls, RefusesAnUnknownAuthorityAndSaysSo) {
    const Certificates certificates("localhost");
    const Certificates others("localhost");
    const Broker broker(certificates.settings());
    const std::string why = refusal(tls_options(broker, others.path("ca.crt")));
    EXPECT_NE(why.find("signed by an authority (test CA) that is not among"), std::string::npos)
        << why;
}

TEST(PahoTls, NamesTheFileItCannotRead) {
    const Certificates certificates("localhost");
    const Broker broker(certificates.settings());
    const std::string why = refusal(tls_options(broker, "/nowhere/ca.crt"));
    EXPECT_NE(why.find("/nowhere/ca.crt"), std::string::npos) << why;
}

}  // namespace
}  // namespace flyball::testing

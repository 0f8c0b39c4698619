// flyball pki as a script sees it: files, modes, exit status, what is refused.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "fleet/clock.h"
#include "tests/e2e/identity/identities.h"

namespace flyball::testing {
namespace {

using nlohmann::json;
constexpr std::int64_t day_ms = 86'400'000;

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

unsigned mode_of(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777 : 0;
}

class Pki : public ::testing::Test {
protected:
    json list() const { return json::parse(identities_.pki("list", {"--json"})); }
    json row(const std::string& login) const {
        for (const json& one : list()) {
            if (one["login"] == login) {
                return one;
            }
        }
        return {};
    }
    Ran run(const std::string& verb, std::vector<std::string> words = {}) const {
        words.insert(words.begin(), {"pki", verb, identities_.folder()});
        return flyball(words);
    }
    // What openssl says, an implementation's word that is not ours.
    bool openssl_verifies(const std::string& certificate, const std::string& more = "") const {
        const std::string command = "openssl verify -CAfile " + identities_.path("ca.crt") + " " +
                                    more + " " + identities_.path(certificate) + " >/dev/null 2>&1";
        return std::system(command.c_str()) == 0;
    }

    Identities identities_;
};

TEST_F(Pki, MakesWhatOpensslBelieves) {
    identities_.pki("node", {"eu/n1"});
    identities_.pki("app", {"a/b"});
    identities_.pki("operator", {"ops"});
    for (const char* one : {"brokers/localhost", "nodes/eu/n1", "apps/a%2Fb", "operators/ops"}) {
        EXPECT_TRUE(openssl_verifies(std::string(one) + ".crt",
                                     "-crl_check -CRLfile " + identities_.path("crl.pem")))
            << one;
        EXPECT_EQ(mode_of(identities_.path(std::string(one) + ".key")), 0600U) << one;
        EXPECT_EQ(mode_of(identities_.path(std::string(one) + ".crt")), 0644U) << one;
    }
    EXPECT_EQ(mode_of(identities_.path("ca.key")), 0600U);
    EXPECT_EQ(mode_of(identities_.folder()), 0700U);
    EXPECT_TRUE(openssl_verifies("brokers/localhost.crt", "-verify_hostname localhost"));
    EXPECT_TRUE(openssl_verifies("brokers/localhost.crt", "-verify_ip 127.0.0.1"));
    EXPECT_FALSE(openssl_verifies("brokers/localhost.crt", "-verify_hostname elsewhere"));
}

TEST_F(Pki, NeverOverwritesUnlessItIsForced) {
    identities_.pki("node", {"eu/n1"});
    const std::string key = contents(identities_.path("nodes/eu/n1.key"));
    const std::string authority = contents(identities_.path("ca.key"));
    const Ran again = run("node", {"eu/n2", "eu/n1"});
    EXPECT_EQ(again.status, 64);
    EXPECT_NE(again.err.find("--force"), std::string::npos) << again.err;
    EXPECT_EQ(contents(identities_.path("nodes/eu/n1.key")), key);
    EXPECT_EQ(mode_of(identities_.path("nodes/eu/n2.key")), 0U) << "all of them or none";
    EXPECT_EQ(run("init").status, 64);
    EXPECT_EQ(contents(identities_.path("ca.key")), authority);
    EXPECT_EQ(run("node", {"eu/n1", "--force"}).status, 0);
    EXPECT_NE(contents(identities_.path("nodes/eu/n1.key")), key);
}

TEST_F(Pki, RefusesANameThatIsGivenTwice) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"node", "eu/n1", "eu/n2", "eu/n1", "--force"},
          {"app", "acme", "acme"}}) {
        const Ran ran = run(words[0], {words.begin() + 1, words.end()});
        EXPECT_EQ(ran.status, 64) << ::testing::PrintToString(words);
        EXPECT_NE(ran.err.find("given twice"), std::string::npos) << ran.err;
    }
    EXPECT_EQ(list().size(), 2U) << "the authority and the broker";
    identities_.pki("node", {"eu/n1"});
    const json renewed = json::parse(identities_.pki("renew", {"eu/n1", "eu/n1", "--json"}));
    EXPECT_EQ(renewed.size(), 1U) << "renewed once";
}

TEST_F(Pki, GivesALoginToOneRoleOnly) {
    identities_.pki("operator", {"ops"});
    const Ran taken = run("app", {"ops"});
    EXPECT_EQ(taken.status, 64);
    EXPECT_NE(taken.err.find("the login ops is taken"), std::string::npos) << taken.err;
    identities_.pki("node", {"eu/n1"});
    EXPECT_EQ(run("app", {"eu/n1"}).status, 0) << "spelt eu%2Fn1: another login";
    EXPECT_NE(row("eu/n1")["certificate_file"], row("eu%2Fn1")["certificate_file"]);
}

TEST_F(Pki, RefusesWhatIsNoName) {
    const std::vector<std::vector<std::string>> wrong{
        {"node"},
        {"node", "pi-7"},
        {"node", "eu/PI"},
        {"node", "reply/pi"},
        {"node", "policy/pi"},
        {"node", std::string(40, 'r') + "/" + std::string(40, 'n')},
        {"app", ""},
        {"app", "a\nb"},
        {"app", " acme"},
        {"operator", "a/b"},
        {"operator", "a+b"},
        {"broker", "no host"},
        {"broker", "-x"},
        {"list", "eu/n1"},
        {"list", "--force"},
        {"node", "eu/n1", "--days", "0"},
        {"node", "eu/n1", "--new-key"},
        {"revoke"},
        {"revoke", "eu/nobody"},
        {"renew", "--ca", "eu/n1"},
    };
    for (const auto& words : wrong) {
        const Ran ran = run(words[0], {words.begin() + 1, words.end()});
        EXPECT_EQ(ran.status, 64) << ::testing::PrintToString(words) << ran.err;
        EXPECT_EQ(ran.out, "");
    }
    EXPECT_EQ(flyball({"pki", "list", "/nowhere"}).status, 64);
}

TEST_F(Pki, SpreadsTheEndsOfAFleetAndNoOthers) {
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) {
        names.push_back("eu/n" + std::to_string(i));
    }
    const json issued = json::parse([&] {
        names.emplace_back("--json");
        return identities_.pki("node", names);
    }());
    std::int64_t first = issued[0]["not_after"];
    std::int64_t last = first;
    for (const json& one : issued) {
        first = std::min<std::int64_t>(first, one["not_after"]);
        last = std::max<std::int64_t>(last, one["not_after"]);
        EXPECT_EQ(one["status"], "valid");
        const std::int64_t life =
            one["not_after"].get<std::int64_t>() - one["not_before"].get<std::int64_t>();
        EXPECT_LE(life, (365 + 30) * day_ms) << "30 days of it lie in the past";
        EXPECT_GT(life, 365 * day_ms);
    }
    EXPECT_GT(last - first, 20 * day_ms);
    EXPECT_LT(last - first, 30 * day_ms);
}

TEST_F(Pki, RenewKeepsTheKeyAndMovesTheEnd) {
    identities_.pki("node", {"eu/n1", "--days", "20"});
    identities_.pki("node", {"eu/n2"});
    const std::string key = contents(identities_.path("nodes/eu/n1.key"));
    const json before = row("eu/n1");
    EXPECT_EQ(before["status"], "ends_soon");
    const json renewed = json::parse(identities_.pki("renew", {"--json"}));
    ASSERT_EQ(renewed.size(), 1U) << "only what ends within 30 days";
    EXPECT_EQ(renewed[0]["login"], "eu/n1");
    EXPECT_GT(renewed[0]["not_after"], before["not_after"]);
    EXPECT_NE(renewed[0]["serial"], before["serial"]);
    EXPECT_EQ(contents(identities_.path("nodes/eu/n1.key")), key);
    EXPECT_TRUE(openssl_verifies("nodes/eu/n1.crt"));
    identities_.pki("renew", {"eu/n1", "--new-key"});
    EXPECT_NE(contents(identities_.path("nodes/eu/n1.key")), key);
    identities_.pki("renew", {"localhost"});
    EXPECT_TRUE(openssl_verifies("brokers/localhost.crt", "-verify_ip 127.0.0.1"));
}

TEST_F(Pki, ARenewedAuthorityStillVouchesForWhatItGave) {
    identities_.pki("node", {"eu/n1", "eu/n2"});
    identities_.pki("revoke", {"eu/n2"});
    const json before = row("eu/n1");
    identities_.pki("renew", {"--ca", "--days", "7300"});
    const std::string check = "-crl_check -CRLfile " + identities_.path("crl.pem");
    EXPECT_TRUE(openssl_verifies("nodes/eu/n1.crt", check));
    EXPECT_FALSE(openssl_verifies("nodes/eu/n2.crt", check));
    EXPECT_EQ(row("eu/n1"), before);
}

TEST_F(Pki, RevokesAllThatALoginWasEverGiven) {
    identities_.pki("node", {"eu/n1", "eu/n2"});
    const std::string first = contents(identities_.path("nodes/eu/n1.crt"));
    identities_.pki("renew", {"eu/n1"});
    identities_.pki("revoke", {"eu/n1"});
    identities_.write("first.crt", first);
    const std::string check = "-crl_check -CRLfile " + identities_.path("crl.pem");
    EXPECT_FALSE(openssl_verifies("nodes/eu/n1.crt", check));
    EXPECT_FALSE(openssl_verifies("first.crt", check)) << "what came before the renewal, too";
    EXPECT_TRUE(openssl_verifies("nodes/eu/n2.crt", check));
    EXPECT_EQ(row("eu/n1")["status"], "revoked");
    EXPECT_EQ(run("renew", {"eu/n1"}).status, 64) << "its key may be in other hands";
    identities_.pki("renew", {"eu/n1", "--new-key"});
    EXPECT_TRUE(openssl_verifies("nodes/eu/n1.crt", check));
    EXPECT_FALSE(openssl_verifies("first.crt", check));
}

TEST_F(Pki, RevokesALoginWhoseFilesAreGone) {
    identities_.pki("node", {"eu/n1", "eu/n2"});
    identities_.write("first.crt", contents(identities_.path("nodes/eu/n1.crt")));
    identities_.pki("renew", {"eu/n1"});
    identities_.write("second.crt", contents(identities_.path("nodes/eu/n1.crt")));
    for (const char* const ending : {"crt", "key"}) {
        std::filesystem::remove(identities_.path(std::string("nodes/eu/n1.") + ending));
    }
    const json revoked = json::parse(identities_.pki("revoke", {"eu/n1", "--json"}));
    ASSERT_EQ(revoked.size(), 1U);
    EXPECT_EQ(revoked[0]["login"], "eu/n1");
    EXPECT_EQ(revoked[0]["status"], "revoked");
    const std::string check = "-crl_check -CRLfile " + identities_.path("crl.pem");
    EXPECT_FALSE(openssl_verifies("first.crt", check));
    EXPECT_FALSE(openssl_verifies("second.crt", check));
    EXPECT_TRUE(openssl_verifies("nodes/eu/n2.crt", check));
    EXPECT_EQ(run("revoke", {"eu/n3"}).status, 64);
    identities_.pki("node", {"eu/n1"});
    EXPECT_TRUE(openssl_verifies("nodes/eu/n1.crt", check)) << "what is given from now on is good";
}

TEST_F(Pki, RefusesANameThatTwoHaveAndSaysWhatToType) {
    identities_.pki("node", {"eu/x"});
    identities_.pki("app", {"eu/x", "eu%2Fx"});
    const Ran both = run("revoke", {"eu/x"});
    EXPECT_EQ(both.status, 64) << "a node and a tenant";
    EXPECT_NE(both.err.find("eu/x --role node, or eu/x --role app"), std::string::npos) << both.err;
    const Ran spelt = run("revoke", {"eu%2Fx"});
    EXPECT_EQ(spelt.status, 64) << "the login of one tenant is the name of another";
    EXPECT_NE(spelt.err.find("eu%2Fx --role app, or eu/x --role app"), std::string::npos)
        << spelt.err;
    for (const char* login : {"eu/x", "eu%2Fx", "eu%252Fx"}) {
        EXPECT_EQ(row(login)["status"], "valid") << login;
    }
    identities_.pki("revoke", {"eu/x", "--role", "app"});
    EXPECT_EQ(row("eu%2Fx")["status"], "revoked");
    EXPECT_EQ(row("eu/x")["status"], "valid");
    identities_.pki("revoke", {"eu/x", "--role", "node"});
    EXPECT_EQ(row("eu/x")["status"], "revoked");
    EXPECT_EQ(row("eu%252Fx")["status"], "valid");
    identities_.pki("revoke", {"eu%252Fx"});
    EXPECT_EQ(row("eu%252Fx")["status"], "revoked") << "by its login, as the list shows it";
    EXPECT_EQ(run("revoke", {"localhost", "--role", "operator"}).status, 64);
    EXPECT_EQ(run("list", {"--role", "app"}).status, 64);
}

TEST_F(Pki, KnowsWhatAnotherAuthorityGave) {
    identities_.pki("node", {"eu/n1", "eu/n2"});
    identities_.pki("operator", {"ops"});
    identities_.pki("init", {"--force"});
    for (const char* login : {"localhost", "eu/n1", "eu/n2", "ops"}) {
        EXPECT_EQ(row(login)["status"], "other_ca") << login;
    }
    const auto acl = [&] { return flyball({"acl", "--pki", identities_.folder()}); };
    const Ran none = acl();
    EXPECT_EQ(none.status, 0) << none.err;
    EXPECT_EQ(none.out.find("user "), std::string::npos) << none.out;
    EXPECT_NE(none.err.find("3 logins are left out"), std::string::npos) << none.err;
    EXPECT_EQ(run("renew").out, "") << "not by the way";
    const Ran kept = run("renew", {"eu/n1"});
    EXPECT_EQ(kept.status, 64) << "its key may have been revoked before";
    EXPECT_NE(kept.err.find("was given by another authority"), std::string::npos) << kept.err;
    identities_.pki("renew", {"eu/n1", "--new-key"});
    EXPECT_EQ(row("eu/n1")["status"], "valid");
    EXPECT_TRUE(openssl_verifies("nodes/eu/n1.crt"));
    identities_.pki("node", {"eu/n2", "--force"});
    EXPECT_EQ(row("eu/n2")["status"], "valid");
    const std::string list = acl().out;
    EXPECT_NE(list.find("user eu/n1\n"), std::string::npos) << list;
    EXPECT_EQ(list.find("user ops\n"), std::string::npos) << list;
    // An authority that is renewed keeps its key.
    identities_.pki("renew", {"--ca"});
    EXPECT_EQ(row("eu/n1")["status"], "valid");
}

TEST_F(Pki, LeavesNothingHalfWritten) {
    // A folder stands where the certificate is to be written.
    identities_.pki("node", {"eu/n1"});
    std::filesystem::create_directories(identities_.path("nodes/eu/n3.crt.new/x"));
    const Ran ran = run("node", {"eu/n3"});
    EXPECT_EQ(ran.status, 69);
    EXPECT_NE(ran.err.find("n3.crt"), std::string::npos) << ran.err;
    EXPECT_EQ(list().size(), 3U) << "the authority, the broker, eu/n1";
    EXPECT_EQ(mode_of(identities_.path("nodes/eu/n3.key")), 0U) << "no key without a certificate";
    std::filesystem::remove_all(identities_.path("nodes/eu/n3.crt.new"));
    EXPECT_EQ(run("node", {"eu/n3"}).status, 0);
}

TEST_F(Pki, LeavesTheOldPairWhenThereIsNoRoomForTheNewOne) {
    identities_.pki("node", {"eu/n1"});
    const std::string key = contents(identities_.path("nodes/eu/n1.key"));
    const std::string certificate = contents(identities_.path("nodes/eu/n1.crt"));
    const auto try_with = [&](const std::string& in_the_way, const std::string& verb,
                              const std::string& flag) {
        const std::string folder = identities_.path("nodes/eu/" + in_the_way);
        std::filesystem::create_directories(folder + "/x");
        const Ran ran = run(verb, {"eu/n1", flag});
        EXPECT_EQ(ran.status, 69) << in_the_way << ran.err;
        EXPECT_EQ(contents(identities_.path("nodes/eu/n1.key")), key) << in_the_way;
        EXPECT_EQ(contents(identities_.path("nodes/eu/n1.crt")), certificate) << in_the_way;
        std::filesystem::remove_all(folder);
    };
    try_with("n1.key.new", "node", "--force");
    try_with("n1.crt.new", "renew", "--new-key");
    try_with("n1.crt.old", "node", "--force");
    try_with("n1.key.old", "node", "--force");
    EXPECT_EQ(run("node", {"eu/n1", "--force"}).status, 0);
    EXPECT_NE(contents(identities_.path("nodes/eu/n1.key")), key);
    for (const auto& file : std::filesystem::directory_iterator(identities_.path("nodes/eu"))) {
        EXPECT_TRUE(file.path().extension() == ".crt" || file.path().extension() == ".key")
            << file.path() << " is left behind";
    }
}

TEST_F(Pki, LeavesTheOldPairWhenTheAuthorityHasEnded) {
    identities_.pki("node", {"eu/n1"});
    const std::string key = contents(identities_.path("nodes/eu/n1.key"));
    const std::string certificate = contents(identities_.path("nodes/eu/n1.crt"));
    const Instant now = wall_now();
    identities_.make("ca",
                     {.common_name = "flyball CA of yore",
                      .unit = "ca",
                      .usage = Usage::authority,
                      .names = {},
                      .not_before = now - std::chrono::days(2),
                      .not_after = now - std::chrono::days(1)},
                     "", contents(identities_.path("ca.key")));
    const Ran ran = run("node", {"eu/n1", "--force"});
    EXPECT_EQ(ran.status, 64);
    EXPECT_NE(ran.err.find("--ca"), std::string::npos) << ran.err;
    EXPECT_EQ(contents(identities_.path("nodes/eu/n1.key")), key);
    EXPECT_EQ(contents(identities_.path("nodes/eu/n1.crt")), certificate);
    EXPECT_EQ(run("node", {"eu/n2"}).status, 64);
    EXPECT_EQ(mode_of(identities_.path("nodes/eu/n2.key")), 0U);
    identities_.pki("renew", {"--ca"});
    EXPECT_EQ(run("node", {"eu/n1", "--force"}).status, 0);
    EXPECT_EQ(run("node", {"eu/n2"}).status, 0) << "it was no dead end";
}

TEST_F(Pki, SaysTheWayOutWhereAKeyHasNoCertificate) {
    identities_.pki("node", {"eu/n1"});
    std::filesystem::remove(identities_.path("nodes/eu/n1.crt"));
    const Ran ran = run("node", {"eu/n1"});
    EXPECT_EQ(ran.status, 64);
    EXPECT_NE(ran.err.find("without a certificate: --force"), std::string::npos) << ran.err;
    EXPECT_EQ(run("node", {"eu/n1", "--force"}).status, 0);
}

}  // namespace
}  // namespace flyball::testing

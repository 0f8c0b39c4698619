#include "tests/hostile/starved_device.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <new>
#include <utility>

namespace flyball::testing {
namespace {

constexpr const char* config_path = "/etc/flyball/node.toml";
const Json remembered = {{"tenant", "a"}, {"id", "once"}, {"hits", 3}};

StarvedDevice* at_work = nullptr;
std::function<void(StarvedDevice&)> look_at_the_next{};  // once its process has ended

// A function that must not throw may end the process before what was thrown counts as caught.
bool for_want_of_memory(bool struck) {
    const std::exception_ptr thrown = std::current_exception();
    if (thrown == nullptr) {
        return struck;
    }
    try {
        std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
        return true;
    } catch (...) {
        return false;
    }
}

[[noreturn]] void at_the_end() {
    End end = End::wrong;
    if (for_want_of_memory(stop_failing())) {
        StarvedDevice again(at_work->disk.image());
        EXPECT_TRUE(again.start());
        expect_what_was_known(again);
        look_at_the_next(again);
        end = ::testing::Test::HasFailure() ? End::wrong : End::process_ended;
    } else {
        fmt::print("ended, and not for want of memory\n");
    }
    std::fflush(stdout);
    ::_exit(static_cast<int>(end));
}

}  // namespace

StarvedDevice::StarvedDevice(const DiskImage& image) : disk(image) {
    use(starved_config);
    said_.topic.reserve(1024);
    said_.payload.reserve(std::size_t{64} * 1024);
}

void StarvedDevice::use(const char* text) {
    machine_.file(config_path, text);
}

bool StarvedDevice::start() {
    Config config = machine_.read();
    check_governors(config, sample_clock().wall);
    if (!config.faults.empty()) {
        return false;
    }
    auto made = Node::make(
        {.settings = config.settings,
         .transport = std::make_unique<Wire>(receiver_, said_),
         .waker = waker_,
         .log = log_,
         .disk = std::make_unique<Lent>(disk),
         .fresh = {.instance = 11, .seed = 7},
         .started = sample_clock(),
         .reread = [this] { return machine_.read(); },
         .pace = [](Keeper& keeper, Keeper::Owner&) { return std::make_unique<NoPace>(keeper); }});
    if (!made) {
        return false;
    }
    node_ = std::move(*made);
    node_->start();
    return true;
}

void StarvedDevice::finish() {
    node_->finish();
    node_.reset();
}

void StarvedDevice::hand_over(const Message& message) {
    forget_what_was_said();
    receiver_->on_message(message);
}

Json StarvedDevice::ask(std::string_view below, const Json& request) {
    const std::string topic = "flyball/v1/local/pi-7/" + std::string(below);
    const std::string payload = request.dump();
    hand_over({.topic = topic, .payload = payload});
    return reply();
}

DiskImage image_with_a_state() {
    StarvedDevice device({});
    EXPECT_TRUE(device.start());
    EXPECT_EQ(device.ask("quota/main/request", remembered).at("decision"), "allow");
    EXPECT_EQ(device.ask("control", {{"op", "add_governor"}, {"type", "quota"}, {"name", "more"}})
                  .at("decision"),
              "ok");
    const Json topup = {{"op", "topup"}, {"tenant", "b"}, {"amount", opening_balance}, {"id", 1}};
    EXPECT_EQ(device.ask("billing/main/admin", topup).at("decision"), "ok");
    device.finish();
    return device.disk.image();
}

void expect_what_was_known(StarvedDevice& device) {
    const Json again = device.ask("quota/main/request", remembered);
    EXPECT_TRUE(again.value("replayed", false)) << again;
    EXPECT_EQ(again.at("used"), 3) << again;
    EXPECT_EQ(device.ask("quota/more/request", {{"tenant", "a"}, {"hits", 0}}).at("decision"),
              "allow");
}

void set_at_work(StarvedDevice& device, std::function<void(StarvedDevice&)> look) {
    at_work = &device;
    look_at_the_next = std::move(look);
}

End in_a_child(const std::function<End()>& story) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        std::set_terminate(at_the_end);
        End end = End::wrong;
        try {
            end = ::testing::Test::HasFailure() ? End::wrong : story();
        } catch (const std::exception& wrong) {
            fmt::print("{}\n", wrong.what());
        }
        std::fflush(stdout);
        ::_exit(static_cast<int>(end));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const int end = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    const bool is_known =
        end >= static_cast<int>(End::done) && end <= static_cast<int>(End::process_ended);
    return is_known ? static_cast<End>(end) : End::wrong;  // a signal, a sanitizer
}

}  // namespace flyball::testing

#include "tests/bench/peers/run.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "tests/bench/cpu_time.h"
#include "tests/bench/echo/load.h"
#include "tests/bench/peers/check.h"
#include "tests/bench/peers/process.h"
#include "tests/e2e/broker.h"

namespace flyball::bench {
namespace {

using namespace std::chrono_literals;
using Clock = Load::Clock;
constexpr auto patience = 30s;  // for a first answer: a virtual machine, an interpreter

class Folder {
public:
    explicit Folder(const QuotaRule& rule) {
        std::string pattern = std::filesystem::temp_directory_path() / "bench-peers-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("no temporary folder: " + pattern);
        }
        path_ = pattern;
        std::ofstream(path_ / "node.toml") << node_config(rule, path_);
    }
    ~Folder() {
        std::error_code ignored;  // a leftover in the temporary directory changes no figure
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::string last_words() const {
        std::ifstream log(path_ / "log");
        std::string last;
        for (std::string line; std::getline(log, line);) {
            last = line.empty() ? last : line;
        }
        return last.empty() ? "it said nothing" : last;
    }

private:
    std::filesystem::path path_;
};

std::vector<std::string> filled_in(std::vector<std::string> words, const std::string& hole,
                                   const std::string& value) {
    for (std::string& word : words) {
        if (const auto at = word.find(hole); at != std::string::npos) {
            word.replace(at, hole.size(), value);
        }
    }
    return words;
}

double ms_since(Clock::time_point start, Clock::time_point end) {
    return std::chrono::duration<double, std::milli>(end - start).count();
}

double own_cpu_us() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// A peer that answers over a broker, and the load on it.
class OverBroker {
public:
    OverBroker(const Peer& peer, const RunSettings& settings)
        : peer_(peer),
          settings_(settings),
          folder_(settings.rule),
          started_(Clock::now()),
          broker_({.extra = broker_lines(), .listener = ""}),
          load_(broker_.port(), target()) {
        if (peer.place == Peer::Place::beside_broker) {
            started_ = Clock::now();
        }
        for (const auto& command : peer.commands) {
            const auto words = filled_in(filled_in(command, "{folder}", folder_.path()), "{port}",
                                         std::to_string(broker_.port()));
            processes_.push_back(std::make_unique<Process>(words, folder_.path() / "log"));
        }
    }

    Figures measure() {
        figures_.startup_ms = ms_since(started_, first_answer());
        figures_.unanswered = 0;
        if (peer_.decides) {
            check_rule(broker_.port(), settings_.rule, peer_.is_node);
        }
        load_.closed(64, 0, settings_.length);  // warm: compilers at run time, caches
        one_in_flight();
        saturated();
        half();
        if (wrong_ > 0) {
            throw std::runtime_error(fmt::format("{} answers did not allow", wrong_));
        }
        return figures_;
    }

private:
    std::string broker_lines() const {
        // Else a slow reader would lose messages, and answers would be missing.
        std::string lines = "max_queued_messages 0\n";
        if (peer_.place == Peer::Place::in_broker) {
            lines += fmt::format("plugin {}\nplugin_opt_config {}\n", plugin_file(),
                                 (folder_.path() / "node.toml").string());
        }
        return lines;
    }

    Load::Target target() {
        Load::Target target;
        target.topic = request_topic;
        target.renew = [this](std::string& payload) { questions_.next(payload); };
        target.granted = peer_.decides ? "allow" : "";
        return target;
    }

    Clock::time_point first_answer() {
        const auto runs = [](const auto& process) { return process->running(); };
        const auto deadline = Clock::now() + patience;
        while (Clock::now() < deadline && std::ranges::all_of(processes_, runs)) {
            if (const auto answered = load_.first_answer(1s)) {
                return *answered;
            }
        }
        throw std::runtime_error("no answer: " + folder_.last_words());
    }

    void note(const LoadResult& result) {
        figures_.unanswered += static_cast<double>(result.unanswered());
        wrong_ += result.wrong;
    }

    void one_in_flight() {
        const LoadResult result = load_.closed(1, 0, settings_.length);
        note(result);
        figures_.one_p50_us = result.percentile(0.5);
        figures_.one_p99_us = result.percentile(0.99);
        figures_.one_p999_us = result.percentile(0.999);
    }

    double responder_cpu_us() const {
        double sum = 0;
        for (const auto& process : processes_) {
            sum += cpu_us(process->pid());
        }
        return sum;
    }

    void saturated() {
        const double before = responder_cpu_us();
        const double broker_before = cpu_us(broker_.pid());
        const double own_before = own_cpu_us();
        const LoadResult result = load_.closed(settings_.in_flight, 0, settings_.length);
        note(result);
        const auto decisions = static_cast<double>(result.latencies_us.size() + result.late);
        figures_.per_second = result.per_second();
        figures_.broker_cpu_us = (cpu_us(broker_.pid()) - broker_before) / decisions;
        figures_.load_cpu_us = (own_cpu_us() - own_before) / decisions;
        figures_.both_cpu_us = figures_.broker_cpu_us;
        figures_.broker_rss_mb = memory_of(broker_.pid()).rss_mb;
        if (peer_.place == Peer::Place::in_broker) {
            return;  // what it takes is the broker's
        }
        figures_.cpu_us = (responder_cpu_us() - before) / decisions;
        figures_.both_cpu_us += figures_.cpu_us;
        figures_.rss_mb = figures_.pss_mb = 0;
        for (const auto& process : processes_) {
            const Memory memory = memory_of(process->pid());
            figures_.rss_mb += memory.rss_mb;
            figures_.pss_mb += memory.pss_mb;
        }
    }

    void half() {
        figures_.half_per_second = figures_.per_second / 2;
        const LoadResult result = load_.open(figures_.half_per_second, settings_.length);
        note(result);
        figures_.half_p50_us = result.percentile(0.5);
        figures_.half_p99_us = result.percentile(0.99);
        figures_.half_p999_us = result.percentile(0.999);
    }

    const Peer& peer_;
    const RunSettings& settings_;
    const Folder folder_;
    Clock::time_point started_;
    testing::Broker broker_;
    Questions questions_;
    Load load_;
    std::vector<std::unique_ptr<Process>> processes_;
    Figures figures_;
    std::size_t wrong_ = 0;
};

// Takes what a peer says of itself until it is done.
void listen(Process& process, Figures& figures, std::chrono::milliseconds length,
            const Folder& folder) {
    const auto longest = patience + 10 * length;
    for (auto line = process.line(longest); line; line = process.line(longest)) {
        if (*line == "done") {
            return;
        }
        for (const FigureName& name : figure_names) {
            const std::string start = fmt::format("figure {} ", name.key);
            if (line->starts_with(start)) {
                figures.*name.value = std::stod(line->substr(start.size()));
            }
        }
    }
    throw std::runtime_error("it ended early: " + folder.last_words());
}

Figures measure_in_process(const Peer& peer, const RunSettings& settings) {
    const Folder folder(settings.rule);
    const std::string ms = std::to_string(settings.length.count());
    Figures figures;
    const auto started = Clock::now();
    {
        Process process(filled_in(peer.commands.at(0), "{ms}", ms), folder.path() / "log", true);
        if (process.line(patience) != "ready") {
            throw std::runtime_error("no answer: " + folder.last_words());
        }
        figures.startup_ms = ms_since(started, Clock::now());
        listen(process, figures, settings.length, folder);
    }
    Process process(peer.commands.at(1), folder.path() / "log", true);
    listen(process, figures, settings.length, folder);
    return figures;
}

}  // namespace

Figures run_once(const Peer& peer, const RunSettings& settings) {
    return peer.place == Peer::Place::in_process ? measure_in_process(peer, settings)
                                                 : OverBroker(peer, settings).measure();
}

}  // namespace flyball::bench

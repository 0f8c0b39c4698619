#pragma once
// A service manager as a node sees it: the socket of $NOTIFY_SOCKET, in a folder of its own. One
// thread.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "schemas/time.h"

namespace flyball::testing {

class ServiceSocket {
public:
    ServiceSocket();
    ~ServiceSocket();
    ServiceSocket(const ServiceSocket&) = delete;
    ServiceSocket& operator=(const ServiceSocket&) = delete;

    std::string variable() const;  // NOTIFY_SOCKET=...
    // The next message for which `wanted` holds; those before it are dropped. Throws when none
    // comes within 20 s.
    std::string await(const std::function<bool(const std::string&)>& wanted);
    std::string await_text(const std::string& part);
    // How many messages say `text` within so long a time.
    std::size_t count(const std::string& text, Span span);

private:
    std::string next(Span span) const;  // empty: none

    std::filesystem::path folder_;
    int fd_;
};

}  // namespace flyball::testing

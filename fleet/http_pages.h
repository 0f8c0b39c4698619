#pragma once
// A few pages over HTTP, for the dashboard and for Prometheus: GET and HEAD of fixed paths, nothing
// else. Eight threads of its own call the pages' makers; whoever has the object starts and stops
// it. Bounded: requests have no body worth the name.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace flyball {

struct ListenAddress {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: a free one
};

// HOST:PORT, [::1]:PORT; fails (usage) with what would be right.
Result<ListenAddress> parse_listen(std::string_view text);

struct HttpPage {
    std::string path;
    std::string type;  // of its content
    std::function<std::string()> make;
};

class HttpPages {
public:
    // Answers when it returns; unavailable when the address cannot be listened on.
    static Result<std::unique_ptr<HttpPages>> start(const ListenAddress& address,
                                                    std::vector<HttpPage> pages);
    ~HttpPages();
    HttpPages(const HttpPages&) = delete;
    HttpPages& operator=(const HttpPages&) = delete;

    std::uint16_t port() const;
    std::string url() const;  // http://127.0.0.1:PORT/
    void stop();              // no request is answered any more; again does nothing

private:
    struct Parts;
    explicit HttpPages(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace flyball

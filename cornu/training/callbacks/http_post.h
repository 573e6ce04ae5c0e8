// One HTTP/1.1 POST over a plain socket: all of HTTP that a callback needs.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cornu::callbacks {

struct HttpUrl {
    std::string host, port = "80", path = "/";
};
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// "http://host[:port][/path]", the host possibly an IPv6 address in brackets. Throws ValueError.
HttpUrl parse_url(const std::string& url);
// Throws ValueError for what would end a header early or begin another.
void check_headers(const HttpHeaders& headers);
// What went wrong; empty when the server answered, whatever it said, as with Python's requests.
std::string http_post(const HttpUrl& url, const HttpHeaders& headers, const std::string& body, int timeout_seconds);

}  // namespace cornu::callbacks

#include "cornu/training/callbacks/http_post.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "cornu/base/error.h"

namespace cornu::callbacks {

namespace {

using Clock = std::chrono::steady_clock;

class Socket {
public:
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket() {
        if (fd_ >= 0) ::close(fd_);
    }
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    int fd() const { return fd_; }

    // Whether it can be read or written before the deadline.
    bool wait(short what, Clock::time_point deadline) const {
        for (;;) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
            if (left <= 0) return errno = ETIMEDOUT, false;
            pollfd entry{fd_, what, 0};
            const int ready = ::poll(&entry, 1, static_cast<int>(left));
            if (ready > 0) return true;
            if (ready < 0 && errno != EINTR) return false;
        }
    }

private:
    int fd_;
};

bool connected(const Socket& socket, const addrinfo& address, Clock::time_point deadline) {
    if (::connect(socket.fd(), address.ai_addr, address.ai_addrlen) == 0) return true;
    if (errno != EINPROGRESS || !socket.wait(POLLOUT, deadline)) return false;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return false;
    errno = error;
    return error == 0;
}

bool sent(const Socket& socket, const std::string& text, Clock::time_point deadline) {
    for (size_t at = 0; at < text.size();) {
        if (!socket.wait(POLLOUT, deadline)) return false;
        const ssize_t count = ::send(socket.fd(), text.data() + at, text.size() - at, MSG_NOSIGNAL);
        if (count > 0) at += static_cast<size_t>(count);
        else if (errno != EAGAIN && errno != EINTR) return false;
    }
    return true;
}

// The status line is enough: nobody looks at the rest.
bool answered(const Socket& socket, Clock::time_point deadline) {
    std::string got;
    while (got.size() < 12) {
        char buffer[256];
        if (!socket.wait(POLLIN, deadline)) return false;
        const ssize_t count = ::recv(socket.fd(), buffer, sizeof buffer, 0);
        if (count > 0) got.append(buffer, static_cast<size_t>(count));
        else if (count == 0) return errno = ECONNRESET, false;
        else if (errno != EAGAIN && errno != EINTR) return false;
    }
    return got.starts_with("HTTP/1.") || (errno = EPROTO, false);
}

}  // namespace

HttpUrl parse_url(const std::string& url) {
    constexpr std::string_view scheme = "http://";
    const auto refuse = [&] { throw ValueError(str("the address must be http://host[:port]/path. Received: \"", url, "\"")); };
    for (const char c : url)
        if (static_cast<unsigned char>(c) <= ' ' || c == 127) refuse();
    if (!url.starts_with(scheme)) refuse();
    const size_t slash = url.find('/', scheme.size());
    std::string host = url.substr(scheme.size(), slash == url.npos ? url.npos : slash - scheme.size());
    HttpUrl out;
    if (slash != url.npos) out.path = url.substr(slash);
    const size_t bracket = host.rfind(']'), colon = host.rfind(':');
    if (colon != host.npos && (bracket == host.npos || colon > bracket)) {
        out.port = host.substr(colon + 1);
        host.resize(colon);
    }
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    out.host = bracketed ? host.substr(1, host.size() - 2) : host;
    if (out.host.empty() || out.host.find('@') != out.host.npos || out.port.empty() || out.port.size() > 5 || out.port.find_first_not_of("0123456789") != out.port.npos) refuse();
    return out;
}

void check_headers(const HttpHeaders& headers) {
    for (const auto& [name, value] : headers) {
        bool fine = !name.empty() && name.find_first_of("()<>@,;:\\\"/[]?={}") == name.npos;
        for (const char c : name) fine = fine && c > ' ' && c < 127;
        for (const char c : value) fine = fine && (static_cast<unsigned char>(c) >= ' ' || c == '\t') && c != 127;
        if (!fine) throw ValueError(str("a header must have a name without spaces and a value on one line. Received: \"", name, ": ", value, "\""));
    }
}

std::string http_post(const HttpUrl& url, const HttpHeaders& headers, const std::string& body, int timeout_seconds) {
    const Clock::time_point deadline = Clock::now() + std::chrono::seconds(timeout_seconds);
    const std::string host = url.host.find(':') == url.host.npos ? url.host : str("[", url.host, "]");
    std::string request = str("POST ", url.path, " HTTP/1.1\r\nHost: ", host, url.port == "80" ? std::string() : str(":", url.port),
                              "\r\nContent-Length: ", body.size(), "\r\nConnection: close\r\n");
    for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
    request += "\r\n" + body;

    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found)) return ::gai_strerror(error);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
    std::string problem = "no address";
    for (const addrinfo* address = found; address; address = address->ai_next) {
        const Socket socket(::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol));
        if (socket.fd() >= 0 && connected(socket, *address, deadline))
            return sent(socket, request, deadline) && answered(socket, deadline) ? "" : std::strerror(errno);
        problem = std::strerror(errno);
    }
    return problem;
}

}  // namespace cornu::callbacks

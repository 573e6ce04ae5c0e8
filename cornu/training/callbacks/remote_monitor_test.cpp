// RemoteMonitor against a server of this test's own.
#include "cornu/training/callbacks/remote_monitor.h"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "cornu/base/json.h"
#include "cornu/base/log.h"
#include "cornu/layers/layers.h"
#include "cornu/models/model.h"
#include "cornu/optimizers/sgd.h"
#include "cornu/training/callbacks/http_post.h"

using namespace cornu;

namespace {

// Takes requests one by one, and answers each with the same words.
class Server {
public:
    explicit Server(std::string answer, int requests) : answer_(std::move(answer)) {
        fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        REQUIRE(::listen(fd_, 4) == 0);
        thread_ = std::thread([this, requests] {
            for (int i = 0; i < requests; ++i) serve();
        });
    }
    ~Server() {
        if (thread_.joinable()) thread_.join();
        ::close(fd_);
    }
    std::string root() const { return str("http://127.0.0.1:", port_); }
    std::vector<std::string> requests() {
        thread_.join();
        return requests_;
    }

private:
    void serve() {
        const int peer = ::accept(fd_, nullptr, nullptr);
        std::string got;
        char buffer[4096];
        for (size_t body = got.npos;;) {
            const ssize_t count = ::recv(peer, buffer, sizeof buffer, 0);
            if (count <= 0) break;
            got.append(buffer, static_cast<size_t>(count));
            if (body == got.npos && got.find("\r\n\r\n") != got.npos) body = got.find("\r\n\r\n") + 4;
            const size_t length = got.find("Content-Length: ");
            if (body != got.npos && length != got.npos && got.size() - body >= std::stoul(got.substr(length + 16))) break;
        }
        requests_.push_back(got);
        (void)!::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
        ::close(peer);
    }
    std::string answer_;
    int fd_ = -1;
    uint16_t port_ = 0;
    std::vector<std::string> requests_;
    std::thread thread_;
};

void train(const callbacks::RemoteMonitorConfig& config, int64_t epochs = 1) {
    const Model model = Sequential({layers::Input({.shape = {1}}), layers::Dense({.units = 1, .use_bias = false, .kernel_initializer = "ones"})});
    model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.0}), .loss = "mse"});
    const Tensor x = Tensor::from(std::vector<float>{1, 2}, {2, 1}), y = Tensor::from(std::vector<float>{2, 4}, {2, 1});
    model.fit(x, y, {.epochs = epochs, .verbose = Verbose::silent, .callbacks = {callbacks::RemoteMonitor(config)}});
}

// What was said in the log meanwhile.
std::string logged(const std::function<void()>& f) {
    std::string out;
    const LogSink before = set_log_sink([&](LogLevel, std::string_view message) { out += message; });
    f();
    set_log_sink(before);
    return out;
}
std::string message_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const ValueError& error) {
        return error.what();
    }
    return {};
}
bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("RemoteMonitor posts each epoch as a form or as JSON") {
    Server form("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2);
    CHECK(logged([&] { train({.root = form.root()}, 2); }) == "");
    const std::vector<std::string> requests = form.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].starts_with("POST /publish/epoch/end/ HTTP/1.1\r\nHost: 127.0.0.1:"));
    CHECK(says(requests[0], "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    CHECK(requests[0].ends_with("\r\n\r\ndata=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+2.5%7D"));
    CHECK(says(requests[1], "%22epoch%22%3A+1"));

    Server json("HTTP/1.1 500 Oh\r\n\r\n", 1);
    CHECK(logged([&] { train({.root = json.root(), .path = "/x?y=1", .headers = {{"Authorization", "Bearer t"}}, .send_as_json = true}); }) == "");
    const std::string request = json.requests().at(0);
    CHECK(request.starts_with("POST /x?y=1 HTTP/1.1\r\n"));
    CHECK(says(request, "\r\nAuthorization: Bearer t\r\n"));
    CHECK(says(request, "\r\nContent-Type: application/json\r\n"));
    CHECK(Json::parse(request.substr(request.find("\r\n\r\n") + 4)) == Json::object({{"epoch", 0}, {"loss", 2.5}}));
}

TEST_CASE("RemoteMonitor goes on without its server") {
    CHECK(says(logged([] { train({.root = "http://127.0.0.1:1"}); }), "Could not reach RemoteMonitor root server at http://127.0.0.1:1"));
    CHECK(says(logged([] { train({.root = "http://no.such.host.invalid"}); }), "Could not reach"));
    Server strange("220 mail\r\n\r\n", 1);
    CHECK(says(logged([&] { train({.root = strange.root()}); }), "Could not reach"));
    Server silent("", 1);
    CHECK(says(logged([&] { train({.root = silent.root()}); }), "Could not reach"));
}

TEST_CASE("a server that never answers is given up") {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    REQUIRE(::listen(fd, 1) == 0);
    const auto start = std::chrono::steady_clock::now();
    CHECK(!callbacks::http_post(callbacks::parse_url(str("http://127.0.0.1:", ntohs(address.sin_port))), {}, "x", 1).empty());
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
    ::close(fd);
}

TEST_CASE("addresses and headers that are none are refused") {
    for (const char* root : {"https://a", "a", "http://", "http://a:b", "http://a:123456", "http://u@a", "http://a b", "http://a\r\nX: y", "ftp://a"})
        CHECK(says(message_of([&] { callbacks::RemoteMonitor({.root = root}); }), "[callbacks.RemoteMonitor] the address must be"));
    CHECK(says(message_of([] { callbacks::RemoteMonitor({.headers = {{"A", "b\r\nC: d"}}}); }), "a header must"));
    CHECK(says(message_of([] { callbacks::RemoteMonitor({.headers = {{"A B", "c"}}}); }), "a header must"));
    const callbacks::HttpUrl url = callbacks::parse_url("http://[::1]:8080/a/b");
    CHECK(url.host == "::1");
    CHECK(url.port == "8080");
    CHECK(url.path == "/a/b");
    CHECK(callbacks::parse_url("http://h").path == "/");
}

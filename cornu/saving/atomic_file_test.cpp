#include "cornu/saving/atomic_file.h"

#include <doctest/doctest.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cornu/saving/files_for_tests.h"

using namespace cornu;
using namespace cornu::saving;
using namespace cornu::saving::test;

namespace {

std::string content(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

size_t files_in(const std::filesystem::path& folder) {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("a file appears at commit, whole, and nothing stays beside it") {
    TemporaryFolder folder;
    const auto path = folder.path / "m.keras";
    {
        AtomicFile file(path);
        file.write("hello ");
        file.write(std::string(1 << 20, 'x'));
        file.write("end");
        file.overwrite(0, std::as_bytes(std::span("J", 1)));
        file.overwrite(6 + (1 << 20), std::as_bytes(std::span("E", 1)));
        CHECK(file.size() == 9 + (1 << 20));
        CHECK_FALSE(std::filesystem::exists(path));
        file.commit();
    }
    CHECK(content(path) == "Jello " + std::string(1 << 20, 'x') + "End");
    CHECK(files_in(folder.path) == 1);
}

TEST_CASE("without commit the old file stays and nothing is left over") {
    TemporaryFolder folder;
    const auto path = folder.path / "m.keras";
    std::ofstream(path) << "old";
    {
        AtomicFile file(path);
        file.write("new");
    }
    CHECK(content(path) == "old");
    CHECK(files_in(folder.path) == 1);
}

TEST_CASE("permissions and links of the old file are kept") {
    TemporaryFolder folder;
    const auto path = folder.path / "real";
    std::ofstream(path) << "old";
    ::chmod(path.c_str(), 0640);
    std::filesystem::create_symlink(path, folder.path / "link");
    AtomicFile file(folder.path / "link");
    file.write("new");
    file.commit();
    CHECK(content(path) == "new");
    CHECK(std::filesystem::is_symlink(folder.path / "link"));
    struct stat status;
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("places that cannot be written are clear errors") {
    TemporaryFolder folder;
    CHECK_THROWS_WITH_AS(AtomicFile(folder.path / "no" / "m.keras"),
                         doctest::Contains("No such file"), FileError);
    CHECK_THROWS_WITH_AS(AtomicFile(folder.path), doctest::Contains("it is a folder"), FileError);
    CHECK_THROWS_WITH_AS(AtomicFile("/dev/null"), doctest::Contains("not a regular file"),
                         FileError);
    CHECK_THROWS_WITH_AS(ByteSource::open(folder.path), doctest::Contains("must be a regular file"),
                         FileError);
    CHECK_THROWS_WITH_AS(ByteSource::open(folder.path / "no"), doctest::Contains("No such file"),
                         FileError);
}

TEST_CASE("a full disk at any byte leaves the old file whole") {
    // A limit on file sizes fails writes as a full disk does; in a child, as it is the process's.
    TemporaryFolder folder;
    const auto path = folder.path / "m.keras";
    std::ofstream(path) << "old";
    for (const rlim_t limit : {rlim_t(0), rlim_t(1), rlim_t(300'000), rlim_t(999'999)}) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::signal(SIGXFSZ, SIG_IGN);
            const rlimit sizes{limit, limit};
            ::setrlimit(RLIMIT_FSIZE, &sizes);
            int code = 1;
            try {
                AtomicFile file(path);
                for (int i = 0; i < 10; ++i) file.write(std::string(100'000, 'x'));
                file.commit();
            } catch (const FileError& error) {
                code = std::string(error.what()).find("The file is as it was before.") !=
                               std::string::npos
                           ? 0
                           : 2;
            }
            ::_exit(code);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
        CHECK(content(path) == "old");
        CHECK(files_in(folder.path) == 1);
    }
}

TEST_CASE("a kill at any byte leaves the old file whole") {
    TemporaryFolder folder;
    const auto path = folder.path / "m.keras";
    std::ofstream(path) << "old";
    const std::string piece(50'000, 'x');
    const int pieces = 12;
    for (int killed_before = 0; killed_before <= pieces + 1; ++killed_before) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            AtomicFile file(path);
            for (int i = 0; i < pieces; ++i) {
                if (i == killed_before) ::kill(::getpid(), SIGKILL);
                file.write(piece);
            }
            if (killed_before == pieces) ::kill(::getpid(), SIGKILL);
            file.commit();
            ::kill(::getpid(), SIGKILL);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        CAPTURE(killed_before);
        if (killed_before <= pieces) CHECK(content(path) == "old");
        else CHECK(content(path) == std::string(50'000 * pieces, 'x'));
    }
}

#include "cornu/tensor/safe_mode.h"

#include <doctest/doctest.h>

#include <thread>

#include "cornu/tensor/context.h"

using namespace cornu;

TEST_CASE("safe mode is on unless said otherwise, for a while or for a context") {
    CHECK(SafeMode::on());
    {
        const SafeMode off(false);
        CHECK_FALSE(SafeMode::on());
        bool elsewhere = false;
        std::thread([&] { elsewhere = SafeMode::on(); }).join();
        CHECK(elsewhere);
        const SafeMode on_again(true);
        CHECK(SafeMode::on());
    }
    CHECK(SafeMode::on());
    {
        Context context;
        const Context::Use use(context);
        config::enable_unsafe_deserialization();
        const SafeMode on(true);
        CHECK_FALSE(SafeMode::on());
    }
    CHECK(SafeMode::on());
}

// What holds while LibTorch runs on this thread for us: Cornu's threads, determinism and log.
#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include "cornu/backend/determinism.h"
#include "cornu/base/log.h"
#include "cornu/base/parallel.h"

namespace cornu::torch {

class Settings {
public:
    Settings() {
        if (at::get_num_threads() != threads()) at::set_num_threads(threads());
        at::Context& context = at::globalContext();
        // Where there is no deterministic kernel it warns: an answer is more than none.
        if (context.deterministicAlgorithms() != config::determinism_enabled())
            context.setDeterministicAlgorithms(config::determinism_enabled(), true);
    }

private:
    // That an operator may change in a later version is no news to a user; the rest goes to the
    // log.
    class Warnings final : public c10::WarningHandler {
    public:
        void process(const c10::Warning& warning) override {
            if (warning.msg().find("in beta") == std::string::npos)
                log_once("torch:" + warning.msg(), LogLevel::warning, "torch: " + warning.msg());
        }
    };
    Warnings warnings_;
    c10::WarningUtils::WarningHandlerGuard heard_{&warnings_};
};

}  // namespace cornu::torch

// What callbacks that save share: how often they do, and what a killed run left behind.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cornu/base/error.h"

namespace cornu::callbacks {

class SaveFrequency {
public:
    // `batches`: none for each epoch. Throws ValueError unless positive; `what` names the callback.
    SaveFrequency(std::optional<int64_t> batches, const char* what) : batches_(batches) {
        if (batches_ && *batches_ < 1)
            throw ValueError(str("[callbacks.", what, "] save_freq must be a positive number of batches. Received: save_freq=", *batches_));
    }
    bool by_epoch() const { return !batches_; }
    // With several steps an execution batches come several at a time.
    bool due(int64_t batch) {
        since_ += batch > last_ ? batch - last_ : batch + 1;
        last_ = batch;
        if (!batches_) return false;
        if (since_ < *batches_) return false;
        since_ = 0;
        return true;
    }
    void new_epoch() { last_ = -1; }
    int64_t since() const { return since_; }
    void go_on(int64_t since, int64_t last) {
        since_ = since;
        last_ = last;
    }
    int64_t last() const { return last_; }

private:
    std::optional<int64_t> batches_;
    int64_t last_ = -1, since_ = 0;
};

// Half-written files and folders, which lie beside what they were to become.
inline void remove_leftovers(const std::string& folder) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
        if (entry.path().extension() == ".tmp") std::filesystem::remove_all(entry.path(), ignored);
}

}  // namespace cornu::callbacks

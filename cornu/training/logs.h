// Logs: named figures of a batch or an epoch, in order. Inside a compiled step they are traced
// tensors; outside, numbers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cornu/tensor/tensor.h"

namespace cornu {

class CORNU_API Logs {
public:
    Logs() = default;
    Logs(std::initializer_list<std::pair<std::string, Tensor>> items) : items_(items.begin(), items.end()) {}
    void set(const std::string& name, Tensor value);
    bool contains(const std::string& name) const;
    double operator[](const std::string& name) const;     // throws ValueError that lists what there is
    const Tensor& tensor(const std::string& name) const;
    Logs sorted() const;                                  // by name, as Keras hands them to callbacks
    bool empty() const { return items_.empty(); }
    size_t size() const { return items_.size(); }
    auto begin() const { return items_.begin(); }
    auto end() const { return items_.end(); }

private:
    std::vector<std::pair<std::string, Tensor>> items_;
};

// What fit returns: for each name a value an epoch, in Keras's names and order.
struct CORNU_API History {
    std::vector<int64_t> epoch;
    std::vector<std::pair<std::string, std::vector<double>>> history;
    const std::vector<double>& operator[](const std::string& name) const;   // throws ValueError that lists what there is
    bool contains(const std::string& name) const;
    void append(int64_t at, const Logs& logs);
};

}  // namespace cornu

// StepPrograms: a step (train, test or predict) compiled once per batch shape, and run without
// allocating once warm.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cornu/backend/jit.h"
#include "cornu/data/dataset.h"
#include "cornu/training/logs.h"

namespace cornu {

class StepPrograms {
public:
    // What a step gives: named figures, or nested outputs.
    struct Result {
        std::vector<std::string> names;
        Structure values;
    };
    using Step = std::function<Result(const Batch&)>;

    // One batch shape's program with the memory of its results, which each run reuses unless
    // somebody still holds it.
    class Entry {
    public:
        void run(const Batch& batch);
        void run(const Tensor& x, Tensor& result) { program_->run(std::array{&x}, std::array{&result}); }
        bool fits(const Batch& batch) const;
        Logs logs() const;                           // of the last run
        Structure outputs() const { return result_.values.pack(results_); }
        Structure take_outputs();                    // the next run makes new ones
        const Tensors& results() const { return results_; }
        bool one_to_one() const { return specs_.size() == 1 && results_.size() == 1 && result_.values.is_leaf(); }

    private:
        friend class StepPrograms;
        Batch nesting_;                              // without values
        Specs specs_;                                // of the leaves there are
        Backend* backend_ = nullptr;
        std::unique_ptr<Program> program_;
        Result result_;
        Tensors results_;
        std::vector<const Tensor*> in_;
        std::vector<Tensor*> out_;
    };

    // The program for batches like this one; traced and compiled when it is the first.
    Entry& find(const Batch& batch, const Step& step);
    void clear() { entries_.clear(); }

private:
    std::vector<std::unique_ptr<Entry>> entries_;    // the one used last comes first
};

}  // namespace cornu

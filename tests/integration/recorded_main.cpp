// Recorded cases of Keras on the engine that CORNU_BACKEND names: the rooms' own tests, with the
// shared library in place of its objects. Which cases fail is held against the engine's list of
// exceptions (cornu/backends/NAME/recorded.txt), both ways; at most 2 % of all may stand there.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "cornu/backend/backend.h"

namespace {

// Cases by the test that runs them: "training follows Keras's: mlp_adam".
std::set<std::string> seen, failed;
std::set<std::string> ran, aborted;  // tests; those that ended before their last case

// The case that a test is at, which it names in its outermost context: by CAPTURE(name),
// CAPTURE(row["name"].as_string()) or INFO(name). Empty when it is at none.
std::string current_case() {
    if (doctest::IReporter::get_num_active_contexts() == 0) return {};
    std::ostringstream out;
    doctest::IReporter::get_active_contexts()[0]->stringify(&out);
    const std::string context = out.str();
    const size_t at = context.find(" := ");
    if (at == context.npos) return context;
    const std::string expression = context.substr(0, at);
    return expression == "name" || expression.ends_with("[\"name\"].as_string()")
               ? context.substr(at + 4)
               : "";
}

struct Reporter : doctest::IReporter {
    explicit Reporter(const doctest::ContextOptions&) {}

    void test_case_start(const doctest::TestCaseData& test) override { test_ = test.m_name; }
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void log_assert(const doctest::AssertData& data) override {
        std::string what = std::string(data.m_expr) + " with " + data.m_decomp.c_str();
        if (data.m_threw) what += std::string(": ") + data.m_exception.c_str();
        record(data.m_failed, std::move(what));
    }
    void log_message(const doctest::MessageData& data) override {
        record(data.m_severity != doctest::assertType::is_warn, data.m_string.c_str());
    }
    void test_case_exception(const doctest::TestCaseException& error) override {
        aborted.insert(test_);
        std::cout << "ends early: " << test_;
        if (get_num_stringified_contexts() > 0)
            std::cout << ": " << get_stringified_contexts()[get_num_stringified_contexts() - 1];
        std::cout << "\n    " << error.error_string << std::endl;
    }
    void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
        ran.insert(test_);
        std::cout << test_ << ": " << static_cast<int>(stats.seconds) << " s, " << seen.size()
                  << " cases until now" << std::endl;
    }
    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_run_end(const doctest::TestRunStats&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}

private:
    void record(bool fails, std::string what) {
        const std::string name = current_case();
        if (name.empty()) return;
        seen.insert(test_ + ": " + name);
        if (!fails || !failed.insert(test_ + ": " + name).second) return;
        for (int i = 1; i < get_num_active_contexts(); ++i) {
            std::ostringstream context;
            get_active_contexts()[i]->stringify(&context);
            what += "; " + context.str();
        }
        std::cout << "fails: " << test_ << ": " << name << "\n    " << what << std::endl;
    }
    std::string test_;
};
REGISTER_REPORTER("recorded", 1, Reporter);

// Lines "test: case"; "#" begins a comment.
std::set<std::string> read_exceptions(const std::string& engine) {
    std::set<std::string> lines;
    std::ifstream file(std::string(CORNU_SOURCE_DIR) + "/cornu/backends/" + engine +
                       "/recorded.txt");
    for (std::string line; std::getline(file, line);)
        if (!line.empty() && line[0] != '#') lines.insert(line);
    return lines;
}

}  // namespace

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    context.setOption("success", true);  // a case that passes is seen too
    context.setOption("reporters", "recorded");
    context.setOption("no-exitcode", true);
    std::string engine;
    try {
        engine = cornu::config::backend();
    } catch (const cornu::Error& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
    context.run();
    if (context.shouldExit()) return 0;

    bool fine = true;
    const auto wrong = [&](const std::string& what) {
        fine = false;
        std::cout << what << "\n";
    };
    const std::set<std::string> listed = read_exceptions(engine);
    for (const std::string& test : aborted) wrong("ended before its last case: " + test);
    size_t known = 0;
    for (const std::string& name : failed)
        if (listed.count(name))
            ++known;
        else
            wrong("fails, but is not listed: " + name);
    for (const std::string& name : listed) {
        const std::string test = name.substr(0, name.rfind(": "));
        if (ran.count(test) && !seen.count(name))
            wrong("listed, but there is no such case: " + name);
        if (seen.count(name) && !failed.count(name)) wrong("listed, but passes: " + name);
    }
    if (seen.empty()) wrong("no case was seen");
    if (known * 50 > seen.size()) wrong("more than 2 % of the cases are listed");
    std::cout << engine << ": " << seen.size() - failed.size() << " of " << seen.size()
              << " recorded cases pass, " << known << " are listed\n";
    return fine ? 0 : 1;
}

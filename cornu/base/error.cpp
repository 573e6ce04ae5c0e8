#include "cornu/base/error.h"

#include "cornu/base/scope.h"

namespace cornu {

namespace {
thread_local Scope* innermost = nullptr;

std::string with_scope(const std::string& message) {
    const std::string label = Scope::label();
    return label.empty() || message.starts_with("[") ? message : "[" + label + "] " + message;
}
}  // namespace

Error::Error(const std::string& message) : std::runtime_error(with_scope(message)) {}

void check_failed(const char* condition, const char* file, int line, const std::string& detail) {
    throw InternalError(str("internal error, please report: ", condition, " is false at ", file, ":",
                            line, detail.empty() ? "" : ". ", detail));
}

Scope::Scope(std::string_view kind, std::string_view name)
    : kind_(kind), name_(name), outer_(innermost) {
    innermost = this;
}

Scope::~Scope() { innermost = outer_; }

// Walks outwards by recursion so that the outermost name comes first; depth is that of the model.
struct ScopeStack {
    static void path(const Scope* scope, std::string& out) {
        if (!scope) return;
        path(scope->outer_, out);
        if (scope->name_.empty()) return;
        if (!out.empty()) out += '/';
        out += scope->name_;
    }
    static void label(const Scope* scope, std::string& out) {
        if (!scope) return;
        label(scope->outer_, out);
        if (scope->kind_.empty()) return;
        if (!out.empty()) out += " > ";
        out += scope->kind_;
        if (!scope->name_.empty()) out += str(" \"", scope->name_, "\"");
    }
};

std::string Scope::path() {
    std::string out;
    ScopeStack::path(innermost, out);
    return out;
}

std::string Scope::label() {
    std::string out;
    ScopeStack::label(innermost, out);
    return out;
}

}  // namespace cornu

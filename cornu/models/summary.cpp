// The table that Keras's summary prints, laid out as the library `rich` does it for Keras.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "cornu/models/functional.h"
#include "cornu/models/sequential.h"

namespace cornu {

namespace {

using Lines = std::vector<std::string>;

// ---- text: as many characters as cells; names may hold any UTF-8 ----

size_t length(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}
std::string first_characters(std::string_view text, size_t count) {
    size_t end = 0;
    for (; end < text.size(); ++end)
        if ((text[end] & 0xc0) != 0x80 && count-- == 0) break;
    return std::string(text.substr(0, end));
}
std::string repeat(std::string_view text, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += text;
    return out;
}
std::string without_end(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

// Breaks between words; a word longer than a line is cut, an ellipsis at its end.
Lines wrap(const std::string& text, size_t width) {
    Lines lines = {""};
    size_t used = 0;
    for (size_t start = 0; start < text.size();) {
        size_t end = text.find_first_not_of(' ', start);
        end = end == text.npos ? text.size() : std::min(text.find(' ', end), text.size());
        end = std::min(text.find_first_not_of(' ', end), text.size());
        const std::string word = text.substr(start, end - start);
        const size_t size = length(without_end(word));
        if (start > 0 && used + size > width && (used > 0 || size > width)) {
            lines.emplace_back();
            used = 0;
        }
        lines.back() += word;
        used += length(word);
        start = end;
    }
    for (std::string& line : lines) {
        while (length(line) > width && line.ends_with(' ')) line.pop_back();
        if (length(line) > width) line = first_characters(line, width - 1) + "…";
    }
    return lines;
}

enum class Align : uint8_t { left, right, center };
std::string align(std::string text, size_t width, Align how) {
    if (how != Align::left) text = without_end(std::move(text));
    const size_t free = width - std::min(width, length(text));
    const size_t before = how == Align::left ? 0 : how == Align::right ? free : free / 2;
    return repeat(" ", before) + text + repeat(" ", free - before);
}

struct Column {
    std::string header;
    Align align = Align::left;
    double position = 0;   // of its right edge, as a part of the line
    size_t width = 0;      // of the text
};

// Each column asks for its share and two cells of padding; what is too much is taken from all alike.
void set_widths(std::vector<Column>& columns, int64_t line_length) {
    std::vector<int64_t> widths;
    int64_t edge = 0, total = 0;
    for (const Column& column : columns) {
        const int64_t width = static_cast<int64_t>(column.position * static_cast<double>(line_length)) - edge;
        if (width < 4) throw ValueError("Insufficient console width to print summary.");
        edge += width;
        widths.push_back(width + 2);
        total += width + 2;
    }
    int64_t excess = total - (line_length - static_cast<int64_t>(columns.size()) - 1);
    auto left = static_cast<int64_t>(columns.size());
    for (size_t i = 0; i < columns.size(); ++i, --left) {
        if (excess > 0) {
            const int64_t share = std::min(widths[i], static_cast<int64_t>(std::nearbyint(static_cast<double>(excess) / static_cast<double>(left))));
            widths[i] -= share;
            excess -= share;
        }
        columns[i].width = static_cast<size_t>(std::max<int64_t>(widths[i] - 2, 1));
    }
}

class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {
        rule("┏", "━", "┳", "┓");
        Lines header;
        for (const Column& column : columns_) header.push_back(column.header);
        cells(header, "┃");
        rule("┡", "━", "╇", "┩");
    }
    void row(const Lines& fields) {
        if (rows_++ > 0) rule("├", "─", "┼", "┤");
        cells(fields, "│");
    }
    std::string finish() {
        rule("└", "─", "┴", "┘");
        return std::move(text_);
    }

private:
    void rule(const char* left, const char* line, const char* cross, const char* right) {
        for (size_t i = 0; i < columns_.size(); ++i) text_ += (i ? cross : left) + repeat(line, columns_[i].width + 2);
        text_ += str(right, '\n');
    }
    void cells(const Lines& fields, const char* border) {
        std::vector<Lines> wrapped;
        size_t height = 1;
        for (size_t i = 0; i < fields.size(); ++i) {
            wrapped.push_back(wrap(fields[i], columns_[i].width));
            height = std::max(height, wrapped.back().size());
        }
        for (size_t y = 0; y < height; ++y) {
            for (size_t i = 0; i < fields.size(); ++i)
                text_ += str(border, ' ', align(y < wrapped[i].size() ? wrapped[i][y] : "", columns_[i].width, columns_[i].align), ' ');
            text_ += str(border, '\n');
        }
    }
    std::vector<Column> columns_;
    std::string text_;
    size_t rows_ = 0;
};

std::string with_commas(int64_t number) {
    std::string digits = std::to_string(number);
    for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
    return digits;
}

// "968.00 B", "4.22 KB"
std::string readable(double bytes) {
    constexpr std::array units = {"B", "KB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    while (bytes / 1024 >= 1 && unit + 1 < units.size()) {
        bytes /= 1024;
        ++unit;
    }
    char text[48];
    std::snprintf(text, sizeof text, "%.2f %s", bytes, units[unit]);
    return text;
}

std::string count_line(const char* what, const Variables& variables) {
    int64_t count = 0;
    double size_in_bits = 0;
    for (const Variable& v : variables) {
        count += v.shape().size();
        size_in_bits += static_cast<double>(v.shape().size()) * bits(v.dtype());
    }
    return str(" ", what, " params: ", with_commas(count), " (", readable(size_in_bits / 8), ")\n");
}

int64_t terminal_columns() {
    if (const char* columns = std::getenv("COLUMNS"))
        if (const int64_t wide = std::atoll(columns); wide > 0) return wide;
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string join_shapes(const SpecTree& outputs) {
    const Specs flat = outputs.flatten();
    if (flat.size() == 1) return flat[0].shape.to_string();
    std::string text;
    for (const Spec& spec : flat) text += (text.empty() ? "" : ", ") + spec.shape.to_string();
    return "[" + text + "]";
}

std::string class_of(Operation& operation) {
    if (const auto* call = dynamic_cast<const OpCall*>(&operation)) {
        const std::string full = call->op().keras;
        return full.substr(full.rfind('.') + 1);
    }
    return dynamic_cast<CustomLayer&>(operation).class_name();
}

// A chain without branches and shared layers is printed without the column of connections.
bool is_chain(const FunctionGraph& graph) {
    for (const auto& nodes : graph.by_depth)
        if (nodes.size() > 1 || nodes[0]->input_tensors().size() > 1) return false;
    return std::all_of(graph.calls.begin(), graph.calls.end(), [](const auto& item) { return item.second.size() == 1; });
}

class Summary {
public:
    Summary(const Model& model, const SummaryOptions& options) : model_(model), options_(options) {
        functional_ = dynamic_cast<const FunctionalModel*>(&model.impl());
        chain_ = !functional_ || is_chain(functional_->graph());
    }

    std::string text() {
        std::vector<Column> columns = {{"Layer (type)", Align::left, chain_ ? 0.45 : 0.3}, {"Output Shape", Align::left, chain_ ? 0.8 : 0.56},
                                       {"Param #", Align::right, chain_ ? 1.0 : 0.74}};
        if (!chain_) columns.push_back({"Connected to", Align::left, 1.0});
        int64_t usual = chain_ ? 88 : 108;
        if (options_.show_trainable) {
            usual += 12;
            for (Column& column : columns) column.position *= 0.90;
            columns.push_back({"Trainable", Align::center, 1.0});
        }
        set_widths(columns, options_.line_length > 0 ? options_.line_length : std::min(usual, terminal_columns() - 4));
        Table table(std::move(columns));
        if (functional_)
            for (const auto& operation : functional_->graph().operations) add(table, *operation, model_, 0);
        else
            for (const Layer& layer : model_.layers()) add(table, layer.impl(), model_, 0);
        return str("Model: \"", model_.name(), "\"\n", table.finish(), counts());
    }

private:
    static std::string output_shape(Operation& operation, const Model& around) {
        if (const FunctionalModel* graph = around.model_impl().functional()) {
            const auto calls = graph->graph().calls.find(&operation);
            if (calls != graph->graph().calls.end()) return join_shapes(calls->second.back()->outputs);
        }
        auto* layer = dynamic_cast<CustomLayer*>(&operation);
        if (!layer || !layer->build_shapes()) return "?";
        try {
            const DType dtype = layer->compute_dtype();
            return join_shapes(layer->compute_output_spec(layer->build_shapes()->map([&](const Shape& shape) { return Spec{shape, dtype}; }), {}));
        } catch (const Error&) {
            return "?";   // its call wants to know more than shapes
        }
    }

    std::string connections(Operation& operation) const {
        std::string text;
        const auto calls = functional_->graph().calls.find(&operation);
        if (calls != functional_->graph().calls.end())
            for (const FunctionGraph::Node& node : calls->second)
                for (const Tensor& x : node->input_tensors()) {
                    const SymbolicOrigin& origin = symbolic_origin(x);
                    text += str(text.empty() ? "" : ", ", origin.node()->operation->operation_name(), "[", origin.node()->index, "][", origin.index(), "]");
                }
        return text.empty() ? "-" : text;
    }

    void add(Table& table, Operation& operation, const Model& around, size_t level) {
        const Layer layer(std::dynamic_pointer_cast<CustomLayer>(dynamic_cast<CustomLayer*>(&operation)
                                                                     ? dynamic_cast<CustomLayer&>(operation).shared_from_this() : nullptr));
        const std::string prefix = level ? repeat("   ", level) + "└ " : "";
        Lines fields = {str(prefix, operation.operation_name(), " (", class_of(operation), ")"), output_shape(operation, around)};
        fields.push_back(!layer.defined() ? "0" : layer.built() ? with_commas(layer.count_params()) : "0 (unbuilt)");
        if (!chain_) fields.push_back(level == 0 ? connections(operation) : "-");
        if (options_.show_trainable) fields.push_back(!layer.defined() || layer.weights().empty() ? "-" : layer.trainable() ? "Y" : "N");
        table.row(fields);
        if (!options_.expand_nested || !layer.defined() || !dynamic_cast<CustomModel*>(&layer.impl())) return;
        const Model inner{layer};
        for (const Layer& nested : inner.layers()) add(table, nested.impl(), inner, level + 1);
    }

    std::string counts() const {
        const Variables trained = model_.trainable_weights(), frozen = model_.non_trainable_weights();
        Variables slots;
        if (model_.model_impl().compiled() && model_.optimizer().impl().built()) slots = model_.optimizer().impl().variables();
        Variables all = trained;
        all.insert(all.end(), frozen.begin(), frozen.end());
        all.insert(all.end(), slots.begin(), slots.end());
        std::string text = count_line("Total", all) + count_line("Trainable", trained) + count_line("Non-trainable", frozen);
        return slots.empty() ? text : text + count_line("Optimizer", slots);
    }

    Model model_;
    SummaryOptions options_;
    const FunctionalModel* functional_;
    bool chain_;
};

}  // namespace

std::string Model::summary(const SummaryOptions& options) const { return Summary(*this, options).text(); }

}  // namespace cornu

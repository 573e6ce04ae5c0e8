#include "cornu/visualization/plot_model.h"

#include <cstdio>
#include <map>

#include "cornu/models/functional.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/visualization/layered_layout.h"

namespace cornu::visualization {

namespace {

struct Box {
    std::vector<std::string> lines;          // the first in bold
    std::vector<size_t> inputs = {};         // boxes before it
};

std::string shapes(const Specs& specs, bool dtypes) {
    std::string out;
    for (const Spec& spec : specs) {
        if (!out.empty()) out += ", ";
        out += dtypes ? str(spec.shape, " ", spec.dtype) : str(spec.shape);
    }
    return out;
}
std::vector<std::string> head(const Operation& operation, const PlotOptions& options) {
    const auto* layer = dynamic_cast<const CustomLayer*>(&operation);
    const auto* op = dynamic_cast<const OpCall*>(&operation);
    std::string title = layer ? layer->class_name() : op ? str(op->op().name) : operation.operation_name();
    if (options.show_layer_names) title = operation.operation_name() + " (" + title + ")";
    std::vector<std::string> lines = {title};
    if (options.show_trainable && layer) lines.push_back(layer->trainable() ? "trainable" : "not trainable");
    return lines;
}

// Each box after those that it needs. A layer that is called again on what came of it would need an
// arrow upwards, which is left out.
std::vector<Box> sorted(const std::vector<Box>& boxes) {
    enum State : uint8_t { unseen, open, done };
    std::vector<State> state(boxes.size(), unseen);
    std::vector<size_t> place(boxes.size()), stack;
    std::vector<Box> out;
    for (size_t start = 0; start < boxes.size(); ++start) {
        if (state[start] == unseen) stack.push_back(start);
        while (!stack.empty()) {
            const size_t box = stack.back();
            if (state[box] == unseen) {
                state[box] = open;
                for (const size_t input : boxes[box].inputs)
                    if (state[input] == unseen) stack.push_back(input);
                continue;
            }
            stack.pop_back();
            if (state[box] == done) continue;
            state[box] = done;
            Box moved{.lines = boxes[box].lines};
            for (const size_t input : boxes[box].inputs)
                if (state[input] == done && input != box) moved.inputs.push_back(place[input]);
            place[box] = out.size();
            out.push_back(std::move(moved));
        }
    }
    return out;
}

std::vector<Box> boxes_of_graph(const FunctionGraph& graph, const PlotOptions& options) {
    std::vector<Box> boxes;
    std::map<const Operation*, size_t> box_of;
    for (const auto& node : graph.nodes) {
        const auto [at, fresh] = box_of.emplace(node->operation.get(), boxes.size());
        if (fresh) {
            Box box{.lines = head(*node->operation, options)};
            if (options.show_shapes || options.show_dtype) {
                const Specs in = specs_of(node->input_tensors());
                Specs out;
                node->outputs.for_each([&](const Spec& spec) { out.push_back(spec); });
                if (!in.empty()) box.lines.push_back("in: " + shapes(in, options.show_dtype));
                box.lines.push_back("out: " + shapes(out, options.show_dtype));
            }
            boxes.push_back(std::move(box));
        }
        std::vector<size_t>& inputs = boxes[at->second].inputs;
        for (const Tensor& input : node->input_tensors()) {
            const size_t from = box_of.at(symbolic_origin(input).node()->operation.get());
            if (std::find(inputs.begin(), inputs.end(), from) == inputs.end()) inputs.push_back(from);
        }
    }
    return sorted(boxes);
}

std::vector<Box> boxes_of(const Model& model, const PlotOptions& options) {
    const CustomModel& impl = model.model_impl();
    if (const FunctionalModel* functional = impl.functional()) return boxes_of_graph(functional->graph(), options);
    if (impl.class_name() != "Sequential") return {{.lines = head(impl, options)}};
    std::vector<Box> boxes;
    for (const Layer& layer : model.layers()) {
        Box box{.lines = head(layer.impl(), options)};
        if (!boxes.empty()) box.inputs.push_back(boxes.size() - 1);
        boxes.push_back(std::move(box));
    }
    return boxes;
}

std::string escaped_xml(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '<') out += "&lt;";
        else if (c == '>') out += "&gt;";
        else if (c == '&') out += "&amp;";
        else if (c == '"') out += "&quot;";
        else if (static_cast<unsigned char>(c) < ' ') out += ' ';  // XML has no such characters
        else out += c;
    }
    return out;
}
std::string escaped_dot(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\' || c == '{' || c == '}' || c == '|' || c == '<' || c == '>') out += '\\';
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out;
}

template <class... Args>
std::string format(const char* pattern, Args... args) {
    char text[256];
    std::snprintf(text, sizeof text, pattern, args...);
    return text;
}

// ---- measures of the drawing, in pixels ----
constexpr double gap = 20, padding = 10, line_height = 17, character = 7.3, bold_character = 7.9;

double width_of(const Box& box) {
    double width = 60;
    for (size_t i = 0; i < box.lines.size(); ++i) {
        const auto characters = std::count_if(box.lines[i].begin(), box.lines[i].end(), [](char c) { return (c & 0xC0) != 0x80; });
        width = std::max(width, static_cast<double>(characters) * (i == 0 ? bold_character : character));
    }
    return width + 2 * padding;
}

std::string curve(const std::vector<Point>& points) {
    std::string path = format("M%.1f,%.1f", points[0].x, points[0].y);
    for (size_t i = 1; i < points.size(); ++i) {
        const double middle = (points[i - 1].y + points[i].y) / 2;
        path += points[i - 1].x == points[i].x ? format(" L%.1f,%.1f", points[i].x, points[i].y)
                                               : format(" C%.1f,%.1f %.1f,%.1f %.1f,%.1f", points[i - 1].x, middle, points[i].x, middle, points[i].x, points[i].y);
    }
    return path;
}

}  // namespace

std::string to_dot(const Model& model, const PlotOptions& options) {
    if (options.rankdir != "TB" && options.rankdir != "LR") throw ValueError(str("plot_model: rankdir must be \"TB\" or \"LR\". Received: rankdir=\"", options.rankdir, "\""));
    const std::vector<Box> boxes = boxes_of(model, options);
    std::string out = "digraph G {\n  rankdir=" + options.rankdir + ";\n  node [shape=record, fontname=\"Helvetica\"];\n";
    for (size_t i = 0; i < boxes.size(); ++i) {
        std::string label;
        for (const std::string& line : boxes[i].lines) label += str(label.empty() ? "" : "|", escaped_dot(line));
        out += str("  n", i, " [label=\"{", label, "}\"];\n");
        for (const size_t from : boxes[i].inputs) out += str("  n", from, " -> n", i, ";\n");
    }
    return out + "}\n";
}

std::string to_svg(const Model& model, const PlotOptions& options) {
    const std::vector<Box> boxes = boxes_of(model, options);
    std::vector<LayoutNode> nodes;
    for (const Box& box : boxes) nodes.push_back({.width = width_of(box), .height = static_cast<double>(box.lines.size()) * line_height + 2 * padding, .inputs = box.inputs});
    const Layout layout = lay_out(nodes, gap);
    std::string out = format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.1f %.1f\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n",
                             layout.width, layout.height, layout.width, layout.height);
    out += str("<title>", escaped_xml(model.name()), "</title>\n"
               "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\"/></marker></defs>\n"
               "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    for (const LayoutEdge& edge : layout.edges) out += "<path d=\"" + curve(edge.points) + "\" fill=\"none\" stroke=\"black\" marker-end=\"url(#arrow)\"/>\n";
    for (size_t i = 0; i < boxes.size(); ++i) {
        const LayoutNode& node = nodes[i];
        const double left = node.center.x - node.width / 2, top = node.center.y - node.height / 2;
        out += format("<g><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"4\" fill=\"#f4f6f8\" stroke=\"black\"/>\n", left, top, node.width, node.height);
        for (size_t line = 0; line < boxes[i].lines.size(); ++line)
            out += format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\"%s>", node.center.x, top + padding + line_height * (static_cast<double>(line) + 0.75), line == 0 ? " font-weight=\"bold\"" : "") +
                   escaped_xml(boxes[i].lines[line]) + "</text>\n";
        out += "</g>\n";
    }
    return out + "</svg>\n";
}

void plot_model(const Model& model, const std::string& to_file, const PlotOptions& options) {
    const bool svg = to_file.ends_with(".svg");
    if (!svg && !to_file.ends_with(".dot"))
        throw ValueError(str("plot_model: a picture is written to a .svg or .dot file (Graphviz makes others of the latter: dot -Tpng). Received: to_file=\"", to_file, "\""));
    const std::string text = svg ? to_svg(model, options) : to_dot(model, options);
    saving::AtomicFile file(to_file);
    file.write(text);
    file.commit();
}

}  // namespace cornu::visualization

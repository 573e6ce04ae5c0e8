#include "cornu/losses/catalogue.h"

#include "cornu/losses/registry.h"

namespace cornu::losses {

const std::vector<LossClass>& all_losses() {
    static const std::vector<LossClass> all = [] {
        std::vector<LossClass> out;
        for (auto* family : {regression_losses, probabilistic_losses, hinge_losses, segmentation_losses, sequence_losses, metric_learning_losses})
            for (LossClass& item : family()) out.push_back(std::move(item));
        return out;
    }();
    return all;
}

std::shared_ptr<CustomLoss> make_loss(const std::string& name) {
    if (LossFunction function = find_function(name)) return Loss(std::move(function)).shared();
    std::shared_ptr<CustomLoss> loss = make_loss(SerializedObject{.class_name = name});
    const bool class_name = std::any_of(all_losses().begin(), all_losses().end(), [&](const LossClass& item) { return item.class_name == name; });
    // Of a function's name it is the loss's too.
    if (!class_name && name.find('>') == std::string::npos) loss->set_name(name);
    return loss;
}

std::shared_ptr<CustomLoss> make_loss(const SerializedObject& object) {
    return make_object(all_losses(), object, "loss", "losses::register_loss");
}

}  // namespace cornu::losses

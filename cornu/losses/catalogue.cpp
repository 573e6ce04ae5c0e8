#include "cornu/losses/catalogue.h"

namespace cornu::losses {

const std::vector<LossClass>& all_losses() {
    static const std::vector<LossClass> all = [] {
        std::vector<LossClass> out;
        for (auto* family : {regression_losses, probabilistic_losses, hinge_losses, segmentation_losses})
            for (LossClass& item : family()) out.push_back(std::move(item));
        return out;
    }();
    return all;
}

std::shared_ptr<CustomLoss> make_loss(const std::string& name) {
    const LossClass& found = find_object_class(all_losses(), name, "loss");
    std::shared_ptr<CustomLoss> loss = found.make(Json::object());
    if (name != found.class_name) loss->set_name(name);
    return loss;
}

std::shared_ptr<CustomLoss> make_loss(const SerializedObject& object) {
    return find_object_class(all_losses(), object.class_name, "loss").make(object.config);
}

}  // namespace cornu::losses

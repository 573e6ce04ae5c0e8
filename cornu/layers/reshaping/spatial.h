// Cropping, zero padding and up-sampling of one to three spatial axes.
#pragma once

#include "cornu/layers/configured_layer.h"
#include "cornu/layers/reshaping/margins.h"

namespace cornu::layers {

// (batch, time, features): steps cut from both ends.
struct CORNU_API Cropping1DConfig {
    Margins cropping = {1, 1};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<Cropping1DConfig>& s);
};
class CORNU_API Cropping1D : public Layer { public: using Config = Cropping1DConfig; explicit Cropping1D(Cropping1DConfig config = {}); };

struct CORNU_API CroppingConfig {
    Margins cropping = 0;
    std::string data_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<CroppingConfig>& s);
};
class CORNU_API Cropping2D : public Layer { public: using Config = CroppingConfig; explicit Cropping2D(CroppingConfig config = {}); };
class CORNU_API Cropping3D : public Layer { public: using Config = CroppingConfig; explicit Cropping3D(CroppingConfig config = {.cropping = 1}); };

struct CORNU_API ZeroPaddingConfig {
    Margins padding = 1;
    std::string data_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<ZeroPaddingConfig>& s);
};
class CORNU_API ZeroPadding1D : public Layer { public: using Config = ZeroPaddingConfig; explicit ZeroPadding1D(ZeroPaddingConfig config = {}); };
class CORNU_API ZeroPadding2D : public Layer { public: using Config = ZeroPaddingConfig; explicit ZeroPadding2D(ZeroPaddingConfig config = {}); };
class CORNU_API ZeroPadding3D : public Layer { public: using Config = ZeroPaddingConfig; explicit ZeroPadding3D(ZeroPaddingConfig config = {}); };

// Each step `size` times.
struct CORNU_API UpSampling1DConfig {
    int64_t size = 2;
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<UpSampling1DConfig>& s);
};
class CORNU_API UpSampling1D : public Layer { public: using Config = UpSampling1DConfig; explicit UpSampling1D(UpSampling1DConfig config = {}); };

struct CORNU_API UpSampling2DConfig {
    PerAxis size = {2, 2};
    std::string data_format = {};
    std::string interpolation = "nearest";       // or bilinear, bicubic, lanczos3, lanczos5
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<UpSampling2DConfig>& s);
};
class CORNU_API UpSampling2D : public Layer { public: using Config = UpSampling2DConfig; explicit UpSampling2D(UpSampling2DConfig config = {}); };

struct CORNU_API UpSampling3DConfig {
    PerAxis size = {2, 2, 2};
    std::string data_format = {};
    std::string name = {};
    DTypePolicy dtype = {};
    bool trainable = true;
    static void describe(Schema<UpSampling3DConfig>& s);
};
class CORNU_API UpSampling3D : public Layer { public: using Config = UpSampling3DConfig; explicit UpSampling3D(UpSampling3DConfig config = {}); };

}  // namespace cornu::layers

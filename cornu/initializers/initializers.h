// Keras's initializers. Values are drawn on the host, the same on every backend and, for the same
// seed, as in Keras on JAX. Two calls of one initializer give the same values, as in Keras.
#pragma once

#include <optional>

#include "cornu/initializers/initializer.h"

namespace cornu::initializers {

class CORNU_API Zeros : public Initializer { public: Zeros(); };
class CORNU_API Ones : public Initializer { public: Ones(); };

struct CORNU_API ConstantConfig {
    double value = 0.0;
    static void describe(Schema<ConstantConfig>& s);
};
class CORNU_API Constant : public Initializer { public: explicit Constant(ConstantConfig config = {}); };

// The identity matrix times gain; rank 2 only. Keras's files do not hold the gain; ours do.
struct CORNU_API IdentityConfig {
    std::optional<double> gain = {};   // 1 by default
    static void describe(Schema<IdentityConfig>& s);
};
class CORNU_API Identity : public Initializer { public: explicit Identity(IdentityConfig config = {}); };

struct CORNU_API RandomNormalConfig {
    double mean = 0.0;
    double stddev = 0.05;
    std::optional<int64_t> seed = {};
    static void describe(Schema<RandomNormalConfig>& s);
};
class CORNU_API RandomNormal : public Initializer { public: explicit RandomNormal(RandomNormalConfig config = {}); };
// Drawn again where more than two standard deviations from the mean.
class CORNU_API TruncatedNormal : public Initializer { public: explicit TruncatedNormal(RandomNormalConfig config = {}); };

struct CORNU_API RandomUniformConfig {
    double minval = -0.05;
    double maxval = 0.05;
    std::optional<int64_t> seed = {};
    static void describe(Schema<RandomUniformConfig>& s);
};
class CORNU_API RandomUniform : public Initializer { public: explicit RandomUniform(RandomUniformConfig config = {}); };

// Variance scale / n, where n is the number of inputs ("fan_in"), outputs ("fan_out") or their mean.
struct CORNU_API VarianceScalingConfig {
    double scale = 1.0;
    std::string mode = "fan_in";
    std::string distribution = "truncated_normal";   // or "untruncated_normal", "uniform"
    std::optional<int64_t> seed = {};
    std::optional<std::vector<int64_t>> input_axes = {};   // which axes count, for unusual kernels
    std::optional<std::vector<int64_t>> output_axes = {};
    static void describe(Schema<VarianceScalingConfig>& s);
};
class CORNU_API VarianceScaling : public Initializer { public: explicit VarianceScaling(VarianceScalingConfig config = {}); };

struct CORNU_API FanConfig {
    std::optional<int64_t> seed = {};
    std::optional<std::vector<int64_t>> input_axes = {};
    std::optional<std::vector<int64_t>> output_axes = {};
    static void describe(Schema<FanConfig>& s);
};
class CORNU_API GlorotUniform : public Initializer { public: explicit GlorotUniform(FanConfig config = {}); };
class CORNU_API GlorotNormal : public Initializer { public: explicit GlorotNormal(FanConfig config = {}); };
class CORNU_API HeUniform : public Initializer { public: explicit HeUniform(FanConfig config = {}); };
class CORNU_API HeNormal : public Initializer { public: explicit HeNormal(FanConfig config = {}); };
class CORNU_API LecunUniform : public Initializer { public: explicit LecunUniform(FanConfig config = {}); };
class CORNU_API LecunNormal : public Initializer { public: explicit LecunNormal(FanConfig config = {}); };

// An orthogonal matrix (rows or columns, whichever are fewer) times gain; leading axes count as rows.
struct CORNU_API OrthogonalConfig {
    double gain = 1.0;
    std::optional<int64_t> seed = {};
    static void describe(Schema<OrthogonalConfig>& s);
};
class CORNU_API Orthogonal : public Initializer { public: explicit Orthogonal(OrthogonalConfig config = {}); };

// Kernels (frame_length, 1, bins) of a short-time Fourier transform.
struct CORNU_API STFTConfig {
    std::string side = "real";                               // or "imag"
    std::optional<std::string> window = "hann";              // "bartlett", "blackman", "boxcar", "hamming", "hann"
    std::optional<std::string> scaling = "density";          // of the window, to its L2 norm; "spectrum": L1
    bool periodic = false;
    static void describe(Schema<STFTConfig>& s);
};
class CORNU_API STFT : public Initializer { public: explicit STFT(STFTConfig config = {}); };

}  // namespace cornu::initializers
